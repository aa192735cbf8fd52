"""``fada serve sweeper``: mends what was interrupted. Two at once are harmless.

A loop of its own rather than Celery's beat: it works while the broker is away, and it needs no place
to remember a schedule in.
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import FrameType

from services.composition import Adapters
from services.domain.errors import FadaError, IndexUnavailable
from services.domain.work import Work
from services.index.port import DeliveryState, Device, Index, JobState
from services.outbox import dispatch
from services.queue.port import Queue
from services.settings import Settings
from services.storage.port import ObjectStore
from services.telemetry import logs, metrics, traces
from services.telemetry.device_metrics import DeviceFigures, DeviceMetrics
from services.workitems import ReadingPerformer
from workers.background import Background, Step
from workers.erasure import delete_erased, erase_over
from workers.expired_leases import ExpiredLeases
from workers.orphans import OrphanSweep
from workers.usage import EVERY_SECONDS, UsageCount
from workers.watchdog import Watchdog

_log = logging.getLogger("workers.sweeper")
_LOST_SECONDS = 10.0  # the broker is empty: a job queued longer than this has lost its message
_FEWER_SECONDS = 120.0  # the broker holds fewer messages than there are queued jobs
_RESENT = 500  # messages of one turn
_LATE_SECONDS = 180.0  # a delivery that is due for so long has lost its message
_SILENT_SECONDS = 3 * 86_400.0  # a phone that was not heard of for so long
_KEEP_DELIVERED_SECONDS = 7 * 24 * 3600.0
_WORDS_BATCH, _WORDS_TURNS = 200, 20  # studies of one transaction, transactions of one turn
HANGING_SECONDS = 900.0  # of one turn, or of one step of the orphan sweep
_STOP_SECONDS = 10.0  # for the step of the orphan sweep that is under way
_SHOWN_STATES = tuple(JobState)


@dataclass(slots=True)
class Duty:
    """Something done every so many seconds; one that fails waits for its next turn."""

    name: str
    every: float
    work: Callable[[], int]
    due: float = 0.0


@dataclass(slots=True)
class Sweeper:
    """``turn`` does what is due. Errors of one duty do not keep the others from theirs."""

    settings: Settings
    index: Index
    store: ObjectStore
    queue: Queue
    devices: DeviceMetrics = field(default_factory=DeviceMetrics)
    leases: ExpiredLeases = field(init=False)
    orphans: Background = field(init=False)
    duties: list[Duty] = field(init=False)

    def __post_init__(self) -> None:
        often = self.settings.sweep_seconds
        self.leases = ExpiredLeases(
            self.index, self.settings.lease_seconds, self.settings.job_attempts
        )
        self.orphans = Background("orphans", self.sweep_orphans)
        self.duties = [
            Duty("sent", often, lambda: dispatch(self.index, self.queue)),
            Duty("bounded", 10.0, self.bound),
            Duty("requeued", often, self.requeue),
            Duty("resent", max(often, 5.0), self.resend),
            Duty("redelivered", 10.0, self.redeliver),
            Duty("searchable", often, self.fill_words),
            Duty("measured", max(often, 5.0), self.measure),
            Duty("workitems", max(often, 2.0), self.perform),
            Duty("purged", 60.0, self.purge),
            Duty("erased", max(often, 5.0), lambda: delete_erased(self.index, self.store)),
            Duty("retained", 60.0, lambda: erase_over(self.index)),
            Duty("counted", EVERY_SECONDS, UsageCount(self.index).run),
            Duty("orphans", 3600.0, self.orphans.start, due=time.monotonic() + 300.0),
        ]

    def turn(self) -> None:
        """Do what is due."""
        for duty in self.duties:
            now = time.monotonic()
            if now < duty.due:
                continue
            duty.due = now + duty.every
            try:
                count = duty.work()
            except FadaError as error:
                if isinstance(error, IndexUnavailable):
                    self.leases.away()
                _log.warning("duty failed", extra={"action": duty.name, "code": error.code})
                continue
            if count:
                metrics.SWEPT.labels(duty.name).inc(count)

    # --- duties ------------------------------------------------------------------------------
    def requeue(self) -> int:
        """Leases that ran out (see ``workers.expired_leases``)."""
        return self.leases.requeue()

    def bound(self) -> int:
        """What a clock that was ahead for a while has left in the future."""
        with self.index.begin() as tx:
            return tx.jobs.bound_moments(self.settings.lease_seconds, self.settings.longest_quiet)

    def resend(self) -> int:
        """Rebuild the queue from the index when the broker has lost messages.

        Any message begins any job, so there are to be as many as there are jobs.
        """
        with self.index.read() as tx:
            queued = tx.jobs.depth().get(JobState.QUEUED.value, 0)
            unsent = tx.outbox.pending(Work.ANALYSE)
        if queued <= unsent:
            return 0
        depth = self.queue.depth()
        waiting = depth.get("urgent", 0) + depth.get("routine", 0)
        lost = queued - unsent - waiting
        if lost <= 0:
            return 0  # sending again would only double what waits in the broker
        older = _LOST_SECONDS if waiting == 0 else _FEWER_SECONDS
        with self.index.begin() as tx:
            return tx.jobs.resend_stale(older, min(lost, _RESENT))

    def fill_words(self) -> int:
        """What came since is found through the index of words from now on; until then it is found, too."""
        count = 0
        for _ in range(_WORDS_TURNS):  # short transactions: receipts wait for none for long
            with self.index.read() as tx:
                if not tx.studies.words_waiting():
                    break
            with self.index.begin() as tx:
                count += tx.studies.fill_words(_WORDS_BATCH)
        return count

    def redeliver(self) -> int:
        """Deliveries whose message, or whose worker, was lost."""
        with self.index.read() as tx:
            if tx.deliveries.depth()[DeliveryState.WAITING] == 0:
                return 0
        with self.index.begin() as tx:
            return tx.deliveries.resend_stale(_LATE_SECONDS)

    def measure(self) -> int:
        """Figures that only one process should ask for."""
        with self.index.read() as tx:
            depth, pending = tx.jobs.depth(), tx.outbox.pending()
            deliveries = tx.deliveries.depth()
            phones = tx.devices.contacts(_SILENT_SECONDS)
        metrics.DEVICES.labels("heard").set(phones.heard)
        metrics.DEVICES.labels("silent").set(phones.silent)
        metrics.DEVICE_CASES.set(phones.waiting)
        self.devices.show(map(_figures, phones.each))
        for what in metrics.DEVICE_FAULTS:
            metrics.DEVICES_AT_FAULT.labels(what).set(getattr(phones, what))
        for state in _SHOWN_STATES:
            metrics.WAITING.labels(state.value).set(depth.get(state.value, 0))
        metrics.OUTBOX.set(pending)
        for open_state in (DeliveryState.WAITING, DeliveryState.DEAD):
            metrics.DELIVERIES_OPEN.labels(open_state.value).set(deliveries[open_state.value])
        for name, count in self.queue.depth().items():
            metrics.QUEUE.labels(name).set(count)
        return 0

    def perform(self) -> int:
        """Work items that ask for a reading, as far as they go."""
        return ReadingPerformer(self.index, self.settings.dimse_aet).run()

    def purge(self) -> int:
        """Remembered answers whose time is over, and what was delivered a week ago."""
        with self.index.begin() as tx:
            return (
                tx.idempotency.purge()
                + tx.deliveries.purge(_KEEP_DELIVERED_SECONDS)
                + tx.workitems.purge_events(_KEEP_DELIVERED_SECONDS)
            )

    def sweep_orphans(self, step: Step) -> int:
        """Objects that nothing in the index references (see ``workers.orphans``)."""
        return OrphanSweep(self.index, self.store, self.settings.orphan_share, step).run()


def _figures(device: Device) -> DeviceFigures:
    status = device.status or {}
    quota = status.get("storage_quota", 0)
    return DeviceFigures(
        device.id,
        (device.last_seen_at or device.enrolled_at).timestamp(),
        device.release,
        status.get("waiting"),
        status.get("storage_used", 0) / quota if quota else None,
        status.get("clock_drift_s"),
    )


def main(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT."""
    logs.setup(settings.log_level)
    traces.setup("sweeper", settings.otel_endpoint)
    ending = threading.Event()

    def end(_number: int, _frame: FrameType | None) -> None:
        ending.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    try:
        metrics.serve(settings.sweeper_metrics_port, settings.metrics_host)
    except OSError:  # a taken port hides figures; it must not stop the work
        _log.error("metrics port is taken", extra={"port": settings.sweeper_metrics_port})
    adapters = Adapters(settings)
    sweeper = Sweeper(settings, adapters.index, adapters.store, adapters.queue)
    sweeper.devices.register()
    watchdog = Watchdog(HANGING_SECONDS)
    while not ending.is_set():
        sweeper.turn()
        if not sweeper.orphans.hangs(HANGING_SECONDS):
            watchdog.touch()
        ending.wait(settings.sweep_seconds)
    sweeper.orphans.stop(_STOP_SECONDS)


if __name__ == "__main__":
    from services.settings import settings

    main(settings())
