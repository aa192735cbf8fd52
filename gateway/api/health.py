"""Liveness, and readiness by use: index, store, broker and model server each do a small task."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
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
WATCH_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class PartState:
    """``state``: ok, busy or down; ``seconds`` that the check took."""

    state: str
    seconds: float
    error: str = ""


class ReadinessProbe:
    """Checks all parts at once, at most every few seconds, however often it is called."""

    def __init__(self, services: Services) -> None:
        self._checks: dict[str, Callable[[], object]] = {
            "index": services.index.ping,
            "store": services.store.ping,
            "broker": services.queue.ping,
            "inference": services.inference.canary if services.inference else _no_model,
        }
        self._pool = ThreadPoolExecutor(len(self._checks), thread_name_prefix="probe")
        self._hanging: dict[str, Future[PartState]] = {}
        self._lock = threading.Lock()
        self._known: dict[str, PartState] = {}
        self._until = 0.0
        self.sandbox = available()
        for means, held in asdict(self.sandbox).items():
            metrics.SANDBOX.labels(means).set(held)

    def check(self) -> dict[str, PartState]:
        """The state of each part. Blocking, at most CHECK_SECONDS."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._known = self._check_all()
                self._until = time.monotonic() + CACHE_SECONDS
            return self._known

    def _check_all(self) -> dict[str, PartState]:
        for name, check in self._checks.items():
            if name not in self._hanging:  # one that hangs is not started a second time
                self._hanging[name] = self._pool.submit(_check_part, check)
        end, states = time.monotonic() + CHECK_SECONDS, {}
        for name in self._checks:
            try:
                states[name] = self._hanging[name].result(max(end - time.monotonic(), 0.0))
            except CheckTimeout:
                states[name] = PartState("down", CHECK_SECONDS, "no answer in time")
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
