"""The metrics of gateway, workers and sweeper. Every label has a bounded set of values.

A label's values are a fixed list, or plain short tokens of which at most ``_MOST`` are kept; what does
not fit is counted as ``other``. So neither a UID nor anything of a patient can become a label.
Use them as prometheus_client's: ``received.labels(door="stow", outcome="new").inc()``.
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
ROUTE = re.compile(r"(/([a-z][a-z_.-]{0,30}[0-9]?|v[0-9]|\{[a-z_:]{1,40}\})?){1,12}")
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")
DOORS = ("stow", "web", "tus", "dimse", "phone")
PHASES = ("wait", "load", "infer", "judge", "store", "publish", "total")
PARTS = ("index", "store", "broker", "inference")
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0)


class Bounded(Generic[_Metric]):
    """A metric whose label values are checked before prometheus_client remembers them."""

    def __init__(self, metric: _Metric, allowed: dict[str, Values]) -> None:
        self.metric: _Metric = metric
        self._allowed = allowed
        self._seen: dict[str, set[str]] = {label: set() for label in allowed}
        self._lock = threading.Lock()

    def labels(self, **labels: object) -> _Metric:
        """The child for these labels. Raises ValueError when a label's name is wrong or missing."""
        checked = {name: self._bounded(name, str(value)) for name, value in labels.items()}
        child: _Metric = self.metric.labels(**checked)
        return child

    def _bounded(self, label: str, value: str) -> str:
        allowed = self._allowed.get(label)
        if allowed is None:
            raise ValueError(f"{label} is not a label of this metric")
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


def _counter(name: str, says: str, **allowed: Values) -> Bounded[Counter]:
    return Bounded(Counter(name, says, list(allowed)), allowed)


def _gauge(name: str, says: str, mode: str = "livemostrecent", **allowed: Values) -> Bounded[Gauge]:
    gauge = Gauge(name, says, list(allowed), multiprocess_mode=mode)  # type: ignore[arg-type]
    return Bounded(gauge, allowed)


def _histogram(name: str, says: str, **allowed: Values) -> Bounded[Histogram]:
    return Bounded(Histogram(name, says, list(allowed), buckets=SECONDS), allowed)


# --- gateway -----------------------------------------------------------------------------------
http_requests = _counter(
    "fada_http_requests_total", "Requests answered", method=METHODS, route=ROUTE, status=STATUS
)
http_seconds = _histogram(
    "fada_http_request_seconds", "Time to answer", method=METHODS, route=ROUTE
)
received = _counter(
    "fada_received_instances_total",
    "DICOM instances by door",
    door=DOORS,
    outcome=("new", "known", "refused"),
)
received_bytes = _counter("fada_received_bytes_total", "Bytes stored by door", door=DOORS)
refused = _counter("fada_refusals_total", "Refusals by error code", door=DOORS, code=CODE)
sse_clients = Gauge("fada_sse_clients", "Pages that listen to events", multiprocess_mode="livesum")
dimse_associations = Gauge(
    "fada_dimse_associations", "Open DIMSE associations", multiprocess_mode="livesum"
)
dependency_up = _gauge(
    "fada_dependency_up", "1 when the last check of a part succeeded", part=PARTS
)

# --- workers -----------------------------------------------------------------------------------
jobs = _counter(
    "fada_jobs_total",
    "Jobs ended by outcome",
    outcome=("done", "retried", "dead", "released", "lease_lost", "skipped"),
)
job_failures = _counter("fada_job_failures_total", "Failed attempts by error code", code=CODE)
phase_seconds = _histogram("fada_job_phase_seconds", "Time of each phase of a job", phase=PHASES)
frames = _counter("fada_frames_total", "Frames read by plane", plane=CODE)
abstentions = _counter("fada_abstentions_total", "What was not said, and why", reason=CODE)
inference = _counter(
    "fada_inference_requests_total",
    "Calls of the model server",
    outcome=("ok", "busy", "unavailable", "invalid", "deadline"),
)
breaker_open = Gauge(
    "fada_inference_breaker_open", "1 while the breaker is open", multiprocess_mode="livemax"
)
published = _counter(
    "fada_published_total",
    "Deliveries by channel",
    channel=("webhook", "stow", "dimse", "fhir"),
    outcome=("done", "retried", "dropped", "refused"),
)

# --- sweeper -----------------------------------------------------------------------------------
jobs_by_state = _gauge(
    "fada_job_states", "Jobs in the index by state", state=("queued", "leased", "done", "dead")
)
queue_messages = _gauge(
    "fada_queue_messages", "Messages in the broker", queue=("urgent", "routine", "publish")
)
outbox_rows = _gauge(
    "fada_outbox_rows", "What waits to be sent", topic=("analyse", "webhook", "push")
)
swept = _counter(
    "fada_swept_total",
    "What the sweeper repaired",
    kind=("sent", "requeued", "resent", "orphans", "uploads", "answers"),
)
sweep_at = Gauge(
    "fada_sweep_timestamp_seconds", "When the last sweep ended", multiprocess_mode="livemostrecent"
)

# --- all ---------------------------------------------------------------------------------------
release_info = _gauge(
    "fada_release_info",
    "1 for the model release in use",
    model=re.compile(r"[a-z][a-z0-9-]{0,30}"),
    version=re.compile(r"[0-9]{1,4}(\.[0-9]{1,4}){1,3}([a-z.+-][a-z0-9.+-]{0,20})?"),
)


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
