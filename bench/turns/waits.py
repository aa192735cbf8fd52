"""How long the jobs of two sites wait when one sends a backlog: index and outbox are real, time is not.

A worker takes a message, gets a job for it, and has read it after a second.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from services.domain.report import Origin, ReleaseId, Report
from services.domain.study import IngestSource, Principal, Role
from services.index import open_index
from services.index.port import Index, Job, NewInstance, Transaction
from services.outbox import dispatch
from services.queue.memory import MemoryQueue

BACKLOG, FEW = 300, 5
APART = 20.5  # s between the studies of the site that sends few
_FIRST = datetime(2026, 3, 1, 8, tzinfo=UTC)
_RELEASE = ReleaseId("bench", "0.0.0", "0" * 64)
Lease = Callable[[Transaction, str], Job | None]
LEASES: dict[str, Lease] = {
    "the job that the message names": lambda tx, named: tx.jobs.lease(named, "bench", 60),
    "the job whose turn it is": lambda tx, named: tx.jobs.lease_next(
        named, "bench", 60, patience=600.0
    ),
}


class Clock:
    """Time that the simulation moves."""

    def __init__(self) -> None:
        self.at = _FIRST

    def __call__(self) -> datetime:
        """The moment."""
        return self.at


def waits(folder: Path, lease: Lease) -> dict[str, list[float]]:
    """Seconds from a study's receipt to the begin of its job, by site; ``folder`` is empty."""
    clock = Clock()
    index = open_index(f"sqlite:///{folder}/index.db", clock=clock)
    index.migrate()
    queue, seconds = MemoryQueue(), dict[str, list[float]]()
    for number in range(BACKLOG):
        _receive(index, "importing", number)
    arrivals = [_FIRST + timedelta(seconds=APART * (number + 1)) for number in range(FEW)]
    while True:
        while dispatch(index, queue):
            pass
        message = queue.take()
        if message is None:
            break
        with index.begin() as tx:
            job = lease(tx, message.subject)
        if job is None:
            continue
        seconds.setdefault(job.site, []).append((clock() - job.created_at).total_seconds())
        read = clock() + timedelta(seconds=1)
        if arrivals and arrivals[0] < read:
            clock.at = arrivals.pop(0)
            _receive(index, "clinic", len(arrivals))
        clock.at = read
        report = Report(job.study_uid, Origin.HUB, _RELEASE, clock(), ())
        with index.begin() as tx:
            tx.jobs.finish(job.id, "bench", report, [], score=0.0, reasons=())
    index.close()
    return seconds


def _receive(index: Index, site: str, number: int) -> None:
    """A study of one image."""
    uid = f"1.2.{len(site)}.{number}"
    image = NewInstance(
        f"{uid}.1", f"{uid}.1.1", "1.2.840.10008.5.1.4.1.1.6.1", "1.2.840.10008.1.2.1", "US",
        f"{number:064d}", 66_000, 540, 800, 1, {},
    )  # fmt: skip
    who = Principal("bench", site, Role.ADMIN)
    with index.begin() as tx:
        tx.studies.receive(
            who, uid, {}, [image], source=IngestSource.STOW, urgent=False, request_id="bench"
        )
