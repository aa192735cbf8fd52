"""Results to a PACS by STOW-RS (PS3.18 section 10.5), each object on its own."""

from __future__ import annotations

import http.client
import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from services.publish.access import SignIn, tls_context
from services.publish.http_client import HttpAnswer, RequestBounds, parts_of, request
from services.publish.outcomes import Outgoing, PushFailed, PushNotAllowed, Taken

_BOUNDS = RequestBounds(100.0, silence=60.0, max_answer=256 * 1024)
_REFUSED = (400, 406, 409, 413, 415, 422)
_STUMBLED = (500, 507)  # perhaps over this object alone: the others are sent all the same
_TEMPORARY = range(0xA700, 0xA800)  # out of resources
_DUPLICATE = 0x0111  # it has an object of this UID


class StowSender:
    """One PACS. Safe to share between threads."""

    def __init__(self, url: str, options: dict[str, Any], credentials: dict[str, str]) -> None:
        """``url`` is the DICOMweb base or its ``/studies``. Raises InvalidInput."""
        base = url.rstrip("/")
        self._parts = parts_of(base if base.endswith("/studies") else f"{base}/studies")
        self._tls = tls_context(options, credentials)
        self._sign_in = SignIn(options, credentials)

    def store(self, objects: Iterable[Outgoing]) -> Iterator[Taken]:
        """What the PACS made of each; what it has already is fine.

        Raises:
            PushFailed, PushNotAllowed: it cannot be reached, or lets nobody in now.
        """
        for one in objects:
            yield _taken(one, self._post([one.data]))

    def echo(self) -> None:
        """Whether it is there and lets us in. Raises PushFailed, PushNotAllowed."""
        path = f"{self._parts.path}?limit=1"
        parts = self._parts._replace(path=path)
        answer = self._request("GET", parts, None, {"Accept": "application/dicom+json"})
        if answer.status >= 500 or answer.status == 404:
            raise PushFailed(f"The PACS answered {answer.status} to a search for studies.")

    def _post(self, objects: Sequence[bytes]) -> HttpAnswer:
        boundary = f"fada-{uuid.uuid4().hex}"
        headers = {
            "Accept": "application/dicom+json",
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        }
        answer = self._request("POST", self._parts, multipart(objects, boundary), headers)
        if answer.status not in (200, 202, *_REFUSED, *_STUMBLED):
            raise PushFailed(f"The PACS answered {answer.status}.")
        return answer

    def _request(
        self, method: str, parts: Any, body: bytes | None, headers: dict[str, str]
    ) -> HttpAnswer:
        headers = {**headers, **self._sign_in.headers(self._tls)}
        try:
            answer = request(method, parts, body, headers, _BOUNDS, context=self._tls)
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise PushFailed(f"The PACS cannot be reached ({type(error).__name__}).") from error
        if answer.status in (401, 403):
            self._sign_in.forget()
            raise PushNotAllowed(f"The PACS answered {answer.status}.")
        return answer


def multipart(objects: Sequence[bytes], boundary: str) -> bytes:
    """The body of a STOW-RS request."""
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(head + one + b"\r\n" for one in objects) + f"--{boundary}--\r\n".encode()


def _taken(one: Outgoing, answer: HttpAnswer) -> Taken:
    """A 202 without a failed item is stored, with warnings."""
    if answer.status == 200:
        return Taken(one.sop_uid)
    if answer.status in _STUMBLED:
        return Taken(one.sop_uid, f"http_{answer.status}", again=True)
    reason = _failure_reason(answer)
    if reason == _DUPLICATE or (answer.status == 202 and reason is None):
        return Taken(one.sop_uid)
    if reason is not None and reason in _TEMPORARY:
        return Taken(one.sop_uid, f"0x{reason:04X}", again=True)
    code = f"0x{reason:04X}" if reason else f"http_{answer.status}"
    return Taken(one.sop_uid, code)


def _failure_reason(answer: HttpAnswer) -> int | None:
    """FailureReason (0008,1197) of the only item in FailedSOPSequence (0008,1198); 0: not given."""
    try:
        body: Any = json.loads(answer.body)
        sets = body if isinstance(body, list) else [body]
        items = [item for one in sets for item in one.get("00081198", {}).get("Value", [])]
        reasons = items[0].get("00081197", {}).get("Value") if items else None
        return int(reasons[0]) if reasons else (0 if items else None)
    except (ValueError, AttributeError, TypeError, IndexError):
        return None if answer.status == 409 else 0
