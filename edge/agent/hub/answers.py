"""What the hub's refusals mean: its problems (RFC 9457) as the errors of this program."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TypeVar

import httpx

from services.domain.errors import (
    ChecksumMismatch,
    Conflict,
    DifferentBytes,
    FadaError,
    Gone,
    InvalidInput,
    NotAuthenticated,
    NotFound,
    Unavailable,
)
from services.tus import TusCommunicationError

T = TypeVar("T")


class NoRoom(Unavailable):
    """The hub is there, and takes nothing new: its disk, or the site's quota, is full."""


UNREACHABLE = "The hub cannot be reached; it will be tried again."
_KINDS: dict[int, type[FadaError]] = {
    401: NotAuthenticated,
    404: NotFound,
    409: Conflict,
    410: Gone,
    423: Unavailable,
    429: Unavailable,
    460: ChecksumMismatch,
    507: NoRoom,
}


def tus_errors(request: Callable[[], T]) -> T:
    """What the request gives; a fault of the upload's library as the error that it stands for."""
    try:
        return request()
    except TusCommunicationError as error:
        if error.status_code is None:
            raise Unavailable(UNREACHABLE) from error
        raise _error(error.status_code, error.response_content or b"") from error


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer, if it is no refusal. Raises FadaError: what the hub's problem says."""
    if answer.status_code >= 400:
        raise _error(answer.status_code, answer.content)
    return answer


def _error(status: int, body: bytes) -> FadaError:
    """The problem (RFC 9457) in the hub's answer, as the error that it stands for."""
    try:
        problem = json.loads(body)
        words, code = str(problem.get("detail") or problem.get("title")), problem.get("code")
    except (ValueError, AttributeError):
        words, code = f"The hub answered {status}.", ""
    if code == DifferentBytes.code:
        return DifferentBytes(words)
    kind = _KINDS.get(status, Unavailable if status >= 500 else InvalidInput)
    return kind(words)
