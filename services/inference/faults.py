"""What the model server's refusals mean."""

from __future__ import annotations

import re
from enum import Enum, auto

from services.domain.errors import (
    FadaError,
    InferenceBusy,
    InferenceUnavailable,
    InvalidModelOutput,
    ModelCrashed,
    NotFound,
    ReleaseRefused,
)

_OURS = re.compile(r"fada:([a-z_]+):(.*)", re.DOTALL)
_STUB = re.compile(r"stub process .* is not healthy|no available versions|unknown model|"
                   r"is not ready|failed to process the request", re.IGNORECASE)  # fmt: skip
# Of these, what the server says when the process died under the very request.
_CRASH = re.compile(r"stub process .* is not healthy|failed to process the request", re.IGNORECASE)
_FULL = re.compile(r"exceeds maximum queue size|request timeout expired", re.IGNORECASE)
_SHARED = re.compile(r"shared memory", re.IGNORECASE)


class Fault(Enum):
    """What went wrong, and by that what to do."""

    BUSY = auto()  # the queue is full: later
    DEAD_STUB = auto()  # the server lives, the model's process does not: recover it
    SHARED_MEMORY = auto()  # a region is unknown or too small: without it
    HANGS = auto()  # deadline
    GONE = auto()  # cannot be reached
    OURS = auto()  # services.reading said no


def classify(status: str, message: str) -> Fault:
    """``status`` is the gRPC status as text, e.g. ``StatusCode.UNAVAILABLE``."""
    if _OURS.search(message):
        return Fault.OURS
    if _FULL.search(message):
        return Fault.BUSY
    if _STUB.search(message):
        return Fault.DEAD_STUB
    if _SHARED.search(message):
        return Fault.SHARED_MEMORY
    if "DEADLINE_EXCEEDED" in status:
        return Fault.HANGS
    return Fault.GONE


def error_of(fault: Fault, message: str) -> FadaError:
    """The error to raise. The server's own words are kept out: they can quote what was sent."""
    if fault is Fault.OURS:
        return _ours(message)
    if fault is Fault.BUSY:
        return InferenceBusy(retry_after=2)
    if fault is Fault.HANGS:
        return InferenceUnavailable("The model server did not answer in time.", retry_after=10)
    if fault is Fault.DEAD_STUB and _CRASH.search(message):
        return ModelCrashed(retry_after=5)
    if fault is Fault.DEAD_STUB:
        return InferenceUnavailable(
            "The model is not loaded; it is being started again.", retry_after=5
        )
    return InferenceUnavailable(retry_after=10)


def _ours(message: str) -> FadaError:
    match = _OURS.search(message)
    code, detail = (match[1], match[2].strip()) if match else ("", "")
    for kind in (InferenceUnavailable, InferenceBusy, ModelCrashed, ReleaseRefused, NotFound):
        if code == kind.code:
            return kind(detail)
    return InvalidModelOutput(detail)
