"""Our end of the reaper: when this process is gone, even by SIGKILL, the reaper ends its children.

A child makes itself known to the reaper before its program runs: it is started as a shell that writes
its process group into the reaper's pipe, and then becomes the program. So there is no moment in which
a child runs that the reaper does not know, whenever this process is killed.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

# The pipe is the shell's standard input, which a shell can name in every case: file descriptors above
# nine cannot be used by number in dash. The copy of the pipe ends with the shell.
_REGISTER = 'echo "add $$" >&0 && exec "$@" </dev/null'


class ProcessReaper:
    """A small process of its own. Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._groups: set[int] = set()
        self._child = self._start()

    def spawn(
        self,
        command: Sequence[str],
        *,
        cwd: Path | None,
        env: Mapping[str, str],
        output: IO[bytes] | None,
    ) -> subprocess.Popen[bytes]:
        """Start ``command`` in a session of its own, known to the reaper before it runs.

        Args:
            command: program and arguments.
            cwd: its working folder; None is ours.
            env: its whole environment.
            output: where standard output and error go; None is where ours go.

        Raises:
            OSError: there is no shell. A program that cannot be run ends with status 126 or 127.
        """
        with self._lock:
            self._assure()
            child = subprocess.Popen(
                ["/bin/sh", "-c", _REGISTER, "sh", *command],
                stdin=self._child.stdin, stdout=output, stderr=output, cwd=cwd, env=env,
                start_new_session=True,
            )  # fmt: skip
            self._groups.add(child.pid)
            return child

    def forget(self, group: int) -> None:
        """Nothing of ``group`` is left, and its number may be given to others."""
        with self._lock:
            self._groups.discard(group)
            self._assure()
            self._send([f"drop {group}"])

    def close(self) -> None:
        """End the reaper, and with it every group that was not forgotten."""
        with self._lock:
            self._close_pipe()
        self._child.wait(timeout=30)

    def _close_pipe(self) -> None:
        with suppress(OSError):  # a line that a dead reaper did not read
            if self._child.stdin is not None:
                self._child.stdin.close()

    def _assure(self) -> None:
        """A reaper that was killed is replaced by one that knows all groups."""
        if self._child.poll() is not None:
            self._close_pipe()
            self._child = self._start()
            self._send([f"add {group}" for group in self._groups])

    def _send(self, lines: Sequence[str]) -> None:
        if self._child.stdin is not None and lines:
            self._child.stdin.write("".join(f"{line}\n" for line in lines).encode())
            self._child.stdin.flush()

    def _start(self) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-I", "-S", str(Path(__file__).with_name("reaper_program.py"))],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            start_new_session=True, cwd="/",
        )  # fmt: skip
