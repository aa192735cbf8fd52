"""Liveness, and readiness that means something: each part is used, not only looked at."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLong
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from gateway.dependencies import Services
from services.domain.errors import FadaError, InferenceBusy, InferenceUnavailable
from services.telemetry import metrics

router = APIRouter(prefix="/health", tags=["Health"])
KEEP_SECONDS = 5.0
PART_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class State:
    state: str  # ok, busy or down
    seconds: float
    error: str = ""


class Probe:
    """Asks all parts at once, at most every few seconds, however often it is asked."""

    def __init__(self, services: Services) -> None:
        self._checks: dict[str, Callable[[], object]] = {
            "index": services.index.ping,
            "store": services.store.ping,
            "broker": services.queue.ping,
            "inference": services.inference.canary if services.inference else _no_model,
        }
        self._pool = ThreadPoolExecutor(len(self._checks), thread_name_prefix="probe")
        self._hanging: dict[str, Future[State]] = {}
        self._lock = threading.Lock()
        self._known: dict[str, State] = {}
        self._until = 0.0

    def ask(self) -> dict[str, State]:
        """Blocking, at most PART_SECONDS."""
        with self._lock:
            if time.monotonic() >= self._until:
                self._known = self._ask()
                self._until = time.monotonic() + KEEP_SECONDS
            return self._known

    def _ask(self) -> dict[str, State]:
        for name, check in self._checks.items():
            if name not in self._hanging:  # one that hangs is not asked a second time
                self._hanging[name] = self._pool.submit(_use, check)
        end, found = time.monotonic() + PART_SECONDS, {}
        for name in self._checks:
            try:
                found[name] = self._hanging[name].result(max(end - time.monotonic(), 0.0))
            except TooLong:
                found[name] = State("down", PART_SECONDS, "no answer in time")
                continue
            del self._hanging[name]
        for name, part in found.items():
            metrics.DEPENDENCY_UP.labels(name).set(float(part.state != "down"))
        return found

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


def _use(check: Callable[[], object]) -> State:
    started = time.perf_counter()
    try:
        check()
    except InferenceBusy:
        return State("busy", round(time.perf_counter() - started, 4), "its queue is full")
    except FadaError as error:
        return State("down", round(time.perf_counter() - started, 4), error.code)
    except Exception as error:
        return State("down", round(time.perf_counter() - started, 4), type(error).__name__)
    return State("ok", round(time.perf_counter() - started, 4))


def _no_model() -> None:
    raise InferenceUnavailable("No model server is set for this process.")


@router.get("/live", summary="Is the process alive", operation_id="live")
async def live() -> dict[str, str]:
    """Nothing else is asked: a dead broker is no reason to kill the gateway."""
    return {"status": "alive"}


@router.get(
    "/ready",
    summary="Can a study be taken to a report",
    operation_id="ready",
    responses={503: {"description": "A part is down; ``parts`` says which."}},
)
def ready(request: Request) -> JSONResponse:
    """A canary inference, a store write, read and delete, a broker and an index ping."""
    parts = request.app.state.probe.ask()
    down = [name for name, part in parts.items() if part.state == "down"]
    body: dict[str, Any] = {
        "status": "unavailable" if down else "ready",
        "parts": {
            name: {"state": p.state, "seconds": p.seconds, "error": p.error or None}
            for name, p in parts.items()
        },
    }
    return JSONResponse(body, 503 if down else 200)
