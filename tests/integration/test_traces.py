"""Spans reach a collector by OTLP, join across a message, and hold no words of an error."""

from __future__ import annotations

import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from services.telemetry import logs, traces


class Collector(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        assert isinstance(self.server, Collector)
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.bodies.append(body)
        self.send_response(200)
        self.send_header("Content-Type", "application/x-protobuf")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


def test_no_endpoint_means_no_tracing() -> None:
    assert traces.setup("test", endpoint="") is None
    with traces.span("x", job_id="j"):
        assert not trace.get_current_span().get_span_context().is_valid


def test_spans_travel_with_a_message() -> None:
    collector = Collector()
    threading.Thread(target=collector.serve_forever, daemon=True).start()
    provider = traces.setup("test", endpoint=f"http://127.0.0.1:{collector.server_port}")
    assert provider is not None
    with logs.bind(request_id="r-1"), traces.span("send", job_id="j1", patient_name="CANARY"):
        carried = traces.headers()
    assert set(carried) == {"traceparent"}
    with (
        traces.continued(carried | {"other": "x"}),
        pytest.raises(ValueError, match="CANARY"),
        traces.span("work"),
    ):
        raise ValueError("CANARY^DOE")
    provider.force_flush()
    collector.shutdown()
    collector.server_close()
    spans = {}
    for body in collector.bodies:
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            for scope in resource.scope_spans:
                spans |= {span.name: span for span in scope.spans}
    assert spans["work"].trace_id == spans["send"].trace_id
    assert spans["work"].parent_span_id == spans["send"].span_id
    attributes = {item.key: item.value.string_value for item in spans["send"].attributes}
    assert attributes == {"fada.job_id": "j1", "fada.request_id": "r-1"}
    assert not any(b"CANARY" in body for body in collector.bodies)
