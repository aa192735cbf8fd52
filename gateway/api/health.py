"""Liveness, and readiness by use: index, store, broker and model server each do a small task."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as CheckTimeout
from dataclasses import asdict, dataclass
from typing import Any

from anyio import to_thread
from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gateway.dependencies import Services
from services.domain.errors import FadaError, InferenceBusy, InferenceUnavailable
from services.processes.sandbox import available
from services.telemetry import metrics

router = APIRouter(prefix="/health", tags=["Health"])
CACHE_SECONDS = 5.0
CHECK_SECONDS = 10.0
SERVING_SECONDS = 3.0  # less than any balancer waits
WATCH_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class PartState:
    """``state``: ok, busy or down; ``seconds`` that the check took."""

    state: str
    seconds: float
    error: str = ""


class ReadinessProbe:
    """Checks all parts at once, at most every few seconds, however often it is called."""

    def __init__(
        self, checks: Mapping[str, Callable[[], object]], seconds: float = CHECK_SECONDS
    ) -> None:
        """``seconds``: after which a part that has not answered counts as down."""
        self._checks, self._seconds = checks, seconds
        self._pool = ThreadPoolExecutor(len(self._checks), thread_name_prefix="probe")
        self._hanging: dict[str, Future[PartState]] = {}
        self._lock = threading.Lock()
        self._known: dict[str, PartState] = {}
        self._until = 0.0
        self.sandbox = available()
        for means, held in asdict(self.sandbox).items():
            metrics.SANDBOX.labels(means).set(held)

    def check(self) -> dict[str, PartState]:
        """The state of each part. Blocking, for a limited time."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._known = self._check_all()
                self._until = time.monotonic() + CACHE_SECONDS
            return self._known

    def _check_all(self) -> dict[str, PartState]:
        for name, check in self._checks.items():
            if name not in self._hanging:  # one that hangs is not started a second time
                self._hanging[name] = self._pool.submit(_check_part, check)
        end, states = time.monotonic() + self._seconds, {}
        for name in self._checks:
            try:
                states[name] = self._hanging[name].result(max(end - time.monotonic(), 0.0))
            except CheckTimeout:
                states[name] = PartState("down", self._seconds, "no answer in time")
                continue
            del self._hanging[name]
        for name, part in states.items():
            metrics.DEPENDENCY_UP.labels(name).set(float(part.state != "down"))
        return states

    async def watch(self) -> None:
        """Until cancelled: the figures tell of the parts also when nobody asks for readiness."""
        while True:
            await to_thread.run_sync(self.check, abandon_on_cancel=True)
            await asyncio.sleep(WATCH_SECONDS)

    def close(self) -> None:
        """End the threads that do not hang."""
        self._pool.shutdown(wait=False, cancel_futures=True)


def of_all_parts(services: Services) -> ReadinessProbe:
    """Whether a study can be taken to a report."""
    model = services.inference.canary if services.inference else _no_model
    return ReadinessProbe(
        {
            "index": services.index.ping,
            "store": services.store.ping,
            "broker": services.queue.ping,
            "inference": model,
        }
    )


def of_this_gateway(services: Services) -> ReadinessProbe:
    """Whether this process can answer at all: by its own connections to the index, the one part that every
    answer needs."""
    return ReadinessProbe({"index": services.index.ping}, SERVING_SECONDS)


def _check_part(check: Callable[[], object]) -> PartState:
    started = time.perf_counter()
    try:
        check()
    except InferenceBusy:
        return PartState("busy", round(time.perf_counter() - started, 4), "its queue is full")
    except FadaError as error:
        return PartState("down", round(time.perf_counter() - started, 4), error.code)
    except Exception as error:
        return PartState("down", round(time.perf_counter() - started, 4), type(error).__name__)
    return PartState("ok", round(time.perf_counter() - started, 4))


def _no_model() -> None:
    raise InferenceUnavailable("No model server is set for this process.")


@router.get("/live", summary="Get liveness", operation_id="live")
async def live() -> dict[str, str]:
    """Of this process alone: a dead broker is no reason to kill the gateway."""
    return {"status": "alive"}


@router.get(
    "/serving",
    summary="Get whether requests can be served",
    operation_id="serving",
    responses={503: {"description": "This gateway does not reach the index."}},
)
def serving(request: Request) -> JSONResponse:
    """For a load balancer: whether this gateway writes to the index. It says 200 while store, broker or model
    server are away, since much is answered without them, and all gateways miss them alike.
    """
    part = request.app.state.serving.check()["index"]
    if part.state == "down":
        return JSONResponse({"status": "unavailable"}, 503)
    return JSONResponse({"status": "serving"})


@router.get(
    "/ready",
    summary="Get readiness",
    operation_id="ready",
    responses={503: {"description": "A part is down; ``parts`` says which."}},
)
def ready(request: Request) -> JSONResponse:
    """Whether a study can be taken to a report: an inference, a store write, read and delete, and a
    ping of broker and index. ``sandbox``: Landlock's version (0: none) and whether system calls are
    filtered, where bytes from outside are opened.
    """
    parts = request.app.state.probe.check()
    down = [name for name, part in parts.items() if part.state == "down"]
    body: dict[str, Any] = {
        "status": "unavailable" if down else "ready",
        "parts": {
            name: {"state": p.state, "seconds": p.seconds, "error": p.error or None}
            for name, p in parts.items()
        },
        "sandbox": asdict(request.app.state.probe.sandbox),  # a hub without it works, less shielded
    }
    return JSONResponse(body, 503 if down else 200)
