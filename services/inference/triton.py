"""Ask Triton: with a deadline, patience for a full queue, a breaker, and recovery of a dead model."""

from __future__ import annotations

import os
import random
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from tritonclient.utils import InferenceServerException
from tritonclient.utils.shared_memory import SharedMemoryException

from services.domain.errors import FadaError, InferenceBusy, InferenceUnavailable
from services.inference import canary
from services.inference.faults import Fault, classify, error_of
from services.inference.model_recovery import recover
from services.inference.wire import MAX_BATCH, Tls, Wire
from services.reading.clips import Glance
from services.reading.contract import Phase, RawReading, phases_text
from services.reading.images.picture import Gray

_PAUSES = (0.05, 0.1, 0.2, 0.4, 0.8, 1.6)  # s between tries while the queue is full


T = TypeVar("T")


class Breaker:
    """A circuit breaker: after some failures in a row nobody is kept waiting for a server that is dead.

    Closed: calls pass. Open: none pass for ``pause`` s. Then one may try; its outcome decides.
    """

    def __init__(
        self,
        failures: int = 3,
        pause: float = 10.0,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._most, self._pause, self._clock = failures, pause, clock
        self._failures = 0
        self._open_until = 0.0
        self._trying = False
        self._lock = threading.Lock()

    def admit(self) -> float:
        """0 when a call may pass, else the seconds until one may."""
        with self._lock:
            if self._failures < self._most:
                return 0.0
            left = self._open_until - self._clock()
            if left > 0:
                return left
            if self._trying:
                return 1.0
            self._trying = True
            return 0.0

    def succeeded(self) -> None:
        """A call succeeded: calls pass again."""
        with self._lock:
            self._failures, self._trying = 0, False

    def failed(self) -> None:
        """A call failed; after so many in a row none pass for a while."""
        with self._lock:
            self._failures += 1
            self._trying = False
            if self._failures >= self._most:
                self._open_until = self._clock() + self._pause

    @property
    def is_open(self) -> bool:
        """Whether calls are kept back."""
        return self._failures >= self._most


def _infer(
    batch: list[Gray], phases: str, deadline: float, request_id: str, wire: Wire
) -> list[RawReading]:
    return wire.infer(batch, phases, deadline, request_id)


def _survey(batch: list[Gray], deadline: float, request_id: str, wire: Wire) -> list[Glance]:
    return wire.survey(batch, deadline, request_id)


def _heat(
    of: str, image: Gray, deadline: float, request_id: str, wire: Wire
) -> NDArray[np.float32]:
    return wire.heat(of, image, deadline, request_id)


class TritonInference:
    """Safe to share between threads and to carry over a fork: each has connections of its own."""

    def __init__(
        self,
        address: str,
        side: Callable[[], int],
        *,
        deadline: float = 60.0,
        shared_memory: bool = False,
        tls: Tls | None = None,
        breaker: Breaker | None = None,
        pauses: tuple[float, ...] = _PAUSES,
    ) -> None:
        """``side`` tells the canary's size; ``deadline`` in s is for one batch."""
        self._address, self._side = address, side
        self._deadline, self._shared, self._tls = deadline, shared_memory, tls
        self._breaker = breaker or Breaker()
        self._pauses = pauses
        self._local = threading.local()
        self._wires: list[Wire] = []

    def read(
        self,
        images: list[Gray],
        phases: tuple[Phase, ...],
        *,
        request_id: str = "",
        structures: tuple[str, ...] = (),
    ) -> list[RawReading]:
        """Read squares (S, S) uint8.

        Raises:
            InferenceBusy: the queue stays full.
            InferenceUnavailable: dead, too slow, or the breaker is open.
            InvalidModelOutput: an answer that is not usable.
        """
        answers: list[RawReading] = []
        for start in range(0, len(images), MAX_BATCH):
            batch = images[start : start + MAX_BATCH]
            call = partial(
                _infer, batch, phases_text(phases, structures), self._deadline, request_id
            )
            answers += self._patiently(call)
        return answers

    def survey(self, images: list[Gray], *, request_id: str = "") -> list[Glance]:
        """See ``port.Inference``; raises as ``read`` does."""
        glances: list[Glance] = []
        for start in range(0, len(images), MAX_BATCH):
            batch = images[start : start + MAX_BATCH]
            glances += self._patiently(partial(_survey, batch, self._deadline, request_id))
        return glances

    def heat(self, of: str, image: Gray, *, request_id: str = "") -> NDArray[np.float32]:
        """See ``port.Inference``; raises as ``read`` does, and NotFound."""
        return self._patiently(partial(_heat, of, image, self._deadline, request_id))

    def canary(self) -> None:
        """One real inference of the dense phases. Raises as ``read`` does."""
        image = canary.image(self._side())
        self._patiently(partial(_infer, [image], "", min(self._deadline, 10.0), "canary"))

    def close(self) -> None:
        """Close every thread's connection of this process."""
        for wire in self._wires:
            wire.close()
        self._wires.clear()
        self._local = threading.local()

    def _patiently(self, call: Callable[[Wire], T]) -> T:
        for pause in (*self._pauses, None):
            try:
                return self._guarded(call)
            except InferenceBusy:
                if pause is None:
                    raise
                time.sleep(pause * random.uniform(0.5, 1.5))  # noqa: S311 - spreads load
        raise InferenceBusy(retry_after=2)

    def _guarded(self, call: Callable[[Wire], T]) -> T:
        wait = self._breaker.admit()
        if wait > 0:
            raise InferenceUnavailable(
                "The model server failed several times; it is left alone for a moment.",
                retry_after=round(wait, 1),
            )
        try:
            answers = self._recovering(call)
        except FadaError as error:
            # Back-pressure and an unusable answer come from a server that lives.
            alive = isinstance(error, InferenceBusy) or not isinstance(error, InferenceUnavailable)
            (self._breaker.succeeded if alive else self._breaker.failed)()
            raise
        except BaseException:
            self._breaker.failed()
            raise
        self._breaker.succeeded()
        return answers

    def _recovering(self, call: Callable[[Wire], T]) -> T:
        recovered = False
        while True:
            wire = self._wire()
            try:
                return call(wire)
            except SharedMemoryException:
                wire.shared = False
            except InferenceServerException as error:
                fault = classify(str(error.status()), str(error.message()))
                if fault is Fault.SHARED_MEMORY and wire.shared:
                    self._drop(wire)  # the server forgot the region, or the masks have grown
                    self._wire().shared = False
                elif fault is Fault.DEAD_STUB and not recovered:
                    recovered = True
                    self._recover(wire)
                else:
                    if fault in (Fault.HANGS, Fault.GONE):
                        self._drop(wire)
                    raise error_of(fault, str(error.message())) from error

    def _recover(self, wire: Wire) -> None:
        def well() -> bool:
            try:
                wire.infer([canary.image(self._side())], "", 10.0, "canary")
            except (InferenceServerException, FadaError):
                return False
            return True

        try:
            recover(wire.client, self._address, well)
        except InferenceServerException as error:
            raise InferenceUnavailable(
                "The model's process died and cannot be started again.", retry_after=10
            ) from error

    def _wire(self) -> Wire:
        """This thread's connection in this process."""
        wire: Wire | None = getattr(self._local, "wire", None)
        if wire is None or self._local.pid != os.getpid():
            wire = Wire(self._address, shared=self._shared, tls=self._tls)
            self._local.wire, self._local.pid = wire, os.getpid()
            self._wires.append(wire)
        return wire

    def _drop(self, wire: Wire) -> None:
        if wire in self._wires:
            self._wires.remove(wire)
        self._local.wire = None
        wire.close()
