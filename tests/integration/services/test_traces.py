"""Spans reach a collector by OTLP, join across a message, and hold no words of an error."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
import servers
from celery.contrib.testing.worker import start_worker
from index_cases import migrated, send
from opentelemetry import trace
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from pydantic import SecretStr
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from gateway.http.request_logging import RequestLogging
from services.domain.work import TASKS, Work
from services.inference.inprocess import InProcessInference
from services.outbox import dispatch
from services.queue.broker import CeleryQueue
from services.queue.transport import make_app
from services.reading.releases.registry import Manifests
from services.settings import Settings
from services.storage.memory import MemoryStore
from services.telemetry import logs, traces
from workers.analysis.job_runner import JobRunner
from workers.resources import Resources


class Collector(HTTPServer):
    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.bodies: list[bytes] = []
        self.flush: Callable[[], object] = lambda: None

    def spans(self) -> dict[str, Any]:
        """What has come, by name."""
        self.flush()
        return {
            span.name: span
            for body in self.bodies
            for resource in ExportTraceServiceRequest.FromString(body).resource_spans
            for scope in resource.scope_spans
            for span in scope.spans
        }


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


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    """OpenTelemetry lets the provider be set once in a process, so all tests share this one."""
    server = Collector()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    provider = traces.setup("test", endpoint=f"http://127.0.0.1:{server.server_port}")
    assert provider is not None
    server.flush = provider.force_flush
    yield server
    provider.shutdown()
    server.shutdown()
    server.server_close()


def test_no_endpoint_means_no_tracing() -> None:
    assert traces.setup("test", endpoint="") is None
    with traces.span("x", job_id="j"):
        assert not trace.get_current_span().get_span_context().is_valid


def test_spans_travel_with_a_message(collector: Collector) -> None:
    with logs.bind(request_id="r-1"), traces.span("send", job_id="j1", patient_name="CANARY"):
        carried = traces.headers()
    assert set(carried) == {"traceparent"}
    with (
        traces.continued(carried | {"other": "x"}),
        pytest.raises(ValueError, match="CANARY"),
        traces.span("work"),
    ):
        raise ValueError("CANARY^DOE")
    spans = collector.spans()
    assert spans["work"].trace_id == spans["send"].trace_id
    assert spans["work"].parent_span_id == spans["send"].span_id
    attributes = {item.key: item.value.string_value for item in spans["send"].attributes}
    assert attributes == {"fada.job_id": "j1", "fada.request_id": "r-1"}
    assert not any(b"CANARY" in body for body in collector.bodies)


def test_one_trace_from_the_door_through_outbox_and_broker(
    collector: Collector, tmp_path: Path, valkey: servers.Valkey
) -> None:
    """Received under a span, sent later by a dispatcher that knows nothing of it, run by a worker.

    The job has the trace, not its message, which may begin another.
    """
    index = migrated(f"sqlite:///{tmp_path}/index.db")
    with traces.span("source"), index.begin() as tx:
        send(tx)
    settings = Settings(broker_url=SecretStr(valkey.database(5)), home=tmp_path)
    reading = InProcessInference(tmp_path), Manifests(tmp_path)
    resources = Resources(settings, index, MemoryStore(), *reading)
    app, done = make_app(settings), threading.Event()

    @app.task(name=TASKS[Work.ANALYSE].name, shared=False)
    def analyse(job_id: str, request_id: str = "") -> None:
        JobRunner(resources, owner="w1").run("another")  # which fails, without a release to read by
        done.set()

    sender = threading.Thread(target=lambda: dispatch(index, CeleryQueue(app)))
    sender.start()
    sender.join()
    with start_worker(app, pool="solo", perform_ping_check=False, queues="urgent,routine"):
        assert done.wait(60)
    spans = collector.spans()
    task = spans["worker.analyse"]
    assert task.trace_id == spans["source"].trace_id
    assert task.parent_span_id == spans["source"].span_id


def test_a_request_leaves_neither_query_nor_path_nor_token(collector: Collector) -> None:
    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("fine")(scope, receive, send)

    async def ask() -> int:
        transport = httpx.ASGITransport(RequestLogging(answer))
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return (
                await client.get(
                    "/share/CANARY-token?PatientName=CANARY", headers={"Referer": "http://x/CANARY"}
                )
            ).status_code

    assert anyio.run(ask) == 200
    attributes = {one.key for one in collector.spans()["gateway.request"].attributes}
    assert attributes == {"fada.method", "fada.request_id"}
    assert not any(b"CANARY" in body for body in collector.bodies)
