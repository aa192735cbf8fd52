"""OpenTelemetry traces, only when ``FADA_OTEL_ENDPOINT`` is set; else every call costs nothing.

traces.setup("worker")
with traces.span("pipeline.infer", job_id=job.id): ...
payload |= traces.headers()                             # whoever asks, into the outbox row
app.send_task(..., headers=traces.carried_in(payload))  # the sender
with traces.continued(task.request.headers): ...         # the receiver
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from opentelemetry import context, trace
from opentelemetry.trace import Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from services.settings import settings
from services.telemetry import logs

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider

_PROPAGATOR = TraceContextTextMapPropagator()
_CARRIED = ("traceparent", "tracestate")


def setup(service: str, endpoint: str | None = None) -> TracerProvider | None:
    """Send spans to ``endpoint`` (OTLP over HTTP; default: the setting). None: tracing is off."""
    target = settings().otel_endpoint if endpoint is None else endpoint
    if not target:
        return None
    # Only here: the exporter is slow to import, and most processes never trace.
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({"service.name": f"fada-{service}"}))
    exporter = OTLPSpanExporter(endpoint=target.rstrip("/") + "/v1/traces", timeout=5)
    provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)
    return provider


@contextmanager
def span(name: str, **values: object) -> Iterator[None]:
    """A span with allowed attributes; an error leaves its type and code, never its words."""
    if isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):  # tracing is off
        yield
        return
    kept, _dropped = logs.clean(values)
    attributes = {f"fada.{key}": value for key, value in kept.items() if value is not None}
    if logs.request_id.get():
        attributes["fada.request_id"] = logs.accept_request_id(logs.request_id.get())
    tracer = trace.get_tracer("fada")
    with tracer.start_as_current_span(
        name, attributes=attributes, record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield
        except BaseException as error:
            description = logs.describe(error)
            current.set_attribute("error.type", str(description.get("code", description["type"])))
            current.set_status(Status(StatusCode.ERROR))
            raise


def headers() -> dict[str, str]:
    """The present span as W3C headers, for a message or a request."""
    carrier: dict[str, str] = {}
    _PROPAGATOR.inject(carrier)
    return carrier


def carried_in(values: Mapping[str, Any]) -> dict[str, str]:
    """The W3C headers among them."""
    return {key: str(value) for key, value in values.items() if key in _CARRIED}


@contextmanager
def continued(carrier: Mapping[str, Any] | None) -> Iterator[None]:
    """Spans within belong to the trace that ``headers`` described; without one, to none."""
    token = context.attach(_PROPAGATOR.extract(carried_in(carrier or {})))
    try:
        yield
    finally:
        context.detach(token)
