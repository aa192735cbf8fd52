"""The metrics of gateway, workers and sweeper. Every label has a bounded set of values.

A label's values are a fixed list, or plain short tokens of which at most ``_MOST`` are kept; what does
not fit is counted as ``other``. So neither a UID nor anything of a patient can become a label.
Use them as prometheus_client's: ``RECEIVED.labels("stow", "new").inc()``.
"""

from __future__ import annotations

import re
import threading
from typing import Generic, TypeVar

from prometheus_client import (
    CONTENT_TYPE_LATEST,
    REGISTRY,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
    multiprocess,
    start_http_server,
    values,
)

_MOST = 120
OTHER = "other"
_Metric = TypeVar("_Metric", Counter, Gauge, Histogram)
Values = tuple[str, ...] | re.Pattern[str]

CODE = re.compile(r"[a-z][a-z_]{1,40}")
STATUS = re.compile(r"[1-5][0-9]{2}")
ROUTE = re.compile(r"(/([a-z][a-z_.-]{0,30}[0-9]?|v[0-9]|\{[a-z_0-9:]{1,40}\})?){1,12}|unmatched")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
SOURCES = ("stow", "web", "tus", "dimse", "phone")
PARTS = ("index", "store", "broker", "inference")


class Bounded(Generic[_Metric]):
    """A metric whose label values are checked before prometheus_client remembers them."""

    def __init__(self, metric: _Metric, allowed: dict[str, Values]) -> None:
        self.metric: _Metric = metric
        self._allowed = allowed
        self._seen: dict[str, set[str]] = {label: set() for label in allowed}
        self._known: dict[tuple[object, ...], _Metric] = {}  # by labels in order
        self._lock = threading.Lock()

    def labels(self, *in_order: object, **by_name: object) -> _Metric:
        """The child for these labels. Raises ValueError when one is missing, wrong or too many."""
        if not by_name and (known := self._known.get(in_order)) is not None:
            return known
        given = dict(zip(self._allowed, in_order, strict=False)) | by_name
        if len(given) != len(in_order) + len(by_name) or given.keys() != self._allowed.keys():
            raise ValueError(f"the labels of this metric are {list(self._allowed)}")
        checked = {name: self._bounded(name, str(value)) for name, value in given.items()}
        child: _Metric = self.metric.labels(**checked)
        if not by_name and tuple(checked.values()) == tuple(map(str, in_order)):
            self._known[in_order] = child  # as bounded as the labels are
        return child

    def _bounded(self, label: str, value: str) -> str:
        allowed = self._allowed[label]
        if isinstance(allowed, tuple):
            return value if value in allowed else OTHER
        with self._lock:
            seen = self._seen[label]
            if value in seen:
                return value
            if len(seen) >= _MOST or not allowed.fullmatch(value):
                return OTHER
            seen.add(value)
            return value


def _counter(name: str, says: str, /, **allowed: Values) -> Bounded[Counter]:
    return Bounded(Counter(name, says, list(allowed)), allowed)


def _gauge(name: str, says: str, /, **allowed: Values) -> Bounded[Gauge]:
    gauge = Gauge(name, says, list(allowed), multiprocess_mode="mostrecent")
    return Bounded(gauge, allowed)


def _histogram(
    name: str, says: str, buckets: tuple[float, ...], /, **allowed: Values
) -> Bounded[Histogram]:
    return Bounded(Histogram(name, says, list(allowed), buckets=buckets), allowed)


# --- gateway -----------------------------------------------------------------------------------
REQUESTS = _counter(
    "fada_gateway_requests_total", "Requests answered", method=METHODS, route=ROUTE, status=STATUS
)
SECONDS = _histogram(
    "fada_gateway_request_seconds",
    "Time to the last byte of the answer",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
    method=METHODS,
    route=ROUTE,
)
RECEIVED = _counter(
    "fada_received_instances_total",
    "Instances by source",
    source=SOURCES,
    outcome=("new", "known", "refused"),
)
REFUSED = _counter("fada_refusals_total", "Requests refused by error code", code=CODE)
DEPENDENCY_UP = _gauge("fada_dependency_up", "1 when a part's last check succeeded", part=PARTS)
DISK_USED = _gauge(
    "fada_disk_used_share", "Share of a disk that is used", place=("spool", "originals")
)

# --- gateway and workers: what opens bytes from outside ------------------------------------------
SANDBOX = _gauge(
    "fada_sandbox",
    "Means of the kernel that parsers shut themselves in by: Landlock's version, 1 for filters; 0: none",
    means=("landlock", "seccomp"),
)

# --- workers -----------------------------------------------------------------------------------
JOBS = _counter("fada_worker_jobs_total", "Attempts at jobs", outcome=CODE)
JOB_SECONDS = Histogram(
    "fada_worker_job_seconds",
    "Time of one attempt",
    buckets=(0.1, 0.25, 0.5, 1, 2, 4, 8, 15, 30, 60, 120, 300, 600),
)
PHASE_SECONDS = _histogram(
    "fada_worker_phase_seconds",
    "Time of each phase of a finished job",
    (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120),
    phase=CODE,
)
FRAMES = _counter(
    "fada_worker_frames_total",
    "Frames by what was done with them",
    how=("read", "reused", "skipped"),
)
DELIVERIES = _counter(
    "fada_publish_total", "Deliveries to the outside", kind=("webhook", "push"), outcome=CODE
)
RESTARTS = Counter("fada_worker_restarts_total", "Workers that stopped and were started again")

# --- sweeper -----------------------------------------------------------------------------------
WAITING = _gauge("fada_jobs", "Jobs by state", state=("queued", "leased", "done", "dead"))
OUTBOX = Gauge("fada_outbox_rows", "Rows that wait to be sent", multiprocess_mode="mostrecent")
DEVICES = _gauge(
    "fada_devices",
    "Phones by whether they were heard of in three days",
    contact=("heard", "silent"),
)
DEVICE_FAULTS = ("clock_off", "storage_full", "other_release")
DEVICES_AT_FAULT = _gauge(
    "fada_devices_at_fault",
    "Phones by their own word: clock two minutes off, storage nine tenths full, not the release of most",
    fault=DEVICE_FAULTS,
)
DEVICE_CASES = Gauge(
    "fada_device_cases_waiting", "Cases that wait on phones", multiprocess_mode="mostrecent"
)
DELIVERIES_OPEN = _gauge(
    "fada_deliveries", "Deliveries to the outside by state", state=("waiting", "dead")
)
QUEUE = _gauge(
    "fada_queue_messages", "Messages in the broker", queue=("urgent", "routine", "publish")
)
SITES = _gauge(
    "fada_sites", "Sites with a quota by how near they are to it", quota=("room", "warning", "full")
)
SWEPT = _counter("fada_sweeper_total", "What the sweeper mended", what=CODE)


def _several_processes() -> bool:
    return values.ValueClass is not values.MutexValue


def exposition() -> tuple[bytes, str]:
    """All metrics of this process and its brothers, and their media type."""
    return generate_latest(_registry()), CONTENT_TYPE_LATEST


def _registry() -> CollectorRegistry:
    if not _several_processes():
        return REGISTRY
    registry = CollectorRegistry()
    multiprocess.MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
    return registry


def serve(port: int, host: str = "127.0.0.1") -> None:
    """Answer Prometheus from a thread of this process. ``port`` 0: not at all."""
    if port:
        start_http_server(port, addr=host, registry=_registry())


def process_ended(pid: int) -> None:
    """Forget the gauges of a brother that is gone. Celery's worker_process_shutdown calls it."""
    if _several_processes():
        multiprocess.mark_process_dead(pid)  # type: ignore[no-untyped-call]
