"""Writes one study's result while the next study is read: the model server need not wait for us.

The message of a job is acknowledged when its reading is done. Nothing hangs on that: the job's lease
is kept until its result is written, and if this process dies before, the lease runs out and the
sweeper queues the job again.
"""

from __future__ import annotations

import contextvars
import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor

from services.domain.errors import FadaError

_log = logging.getLogger("workers.analysis.write_behind")


class WriteBehind:
    """One thread, and never more than one result that waits: memory and leases stay bounded."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="write-behind")
        self._last: Future[None] | None = None

    def submit(self, write: Callable[[], object]) -> None:
        """Wait until the result before is written, then begin with this one."""
        if self._last is not None:
            self._last.result()
        context = contextvars.copy_context()
        self._last = self._pool.submit(context.run, _logged, write)

    def close(self) -> None:
        """Wait until all is written."""
        self._pool.shutdown(wait=True)


def _logged(write: Callable[[], object]) -> None:
    try:
        write()
    except FadaError as error:  # the index is away: the lease runs out, and the job comes again
        _log.error("result not noted", extra={"code": error.code})
