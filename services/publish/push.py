"""Push of DICOM objects to a PACS by STOW-RS (PS3.18 section 10.5). C-STORE is in services.dicom."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from typing import Any

import httpx

from services.domain.errors import Conflict, Unavailable

_SECONDS = httpx.Timeout(60.0, connect=5.0)


class PushFailed(Unavailable):
    """It may work later."""

    code, title = "push_failed", "The PACS did not accept the result"


class PushRejected(Conflict):
    """Trying again does not help."""

    code, title = "push_rejected", "The PACS refuses this object"


class StowPusher:
    """One PACS; the connection is kept between studies. Safe to share between threads."""

    def __init__(self, url: str, token: str = "", *, client: httpx.Client | None = None) -> None:
        """``url`` is the DICOMweb base or its ``/studies``; ``token`` a bearer token."""
        base = url.rstrip("/")
        self._url = base if base.endswith("/studies") else f"{base}/studies"
        self._headers = {"Authorization": f"Bearer {token}"} if token else {}
        # Neither proxies nor netrc of the environment: settings alone say where results go.
        self._client = client or httpx.Client(
            timeout=_SECONDS, trust_env=False, follow_redirects=False
        )

    def store(self, objects: Sequence[bytes]) -> None:
        """Store DICOM objects; already stored ones are fine.

        Raises:
            PushFailed: the PACS cannot be reached or is not ready; try again.
            PushRejected: it refuses the content.
        """
        boundary = f"fada-{uuid.uuid4().hex}"
        headers = {
            **self._headers,
            "Accept": "application/dicom+json",
            "Content-Type": f'multipart/related; type="application/dicom"; boundary={boundary}',
        }
        try:
            answer = self._client.post(
                self._url, content=multipart(objects, boundary), headers=headers
            )
        except httpx.HTTPError as error:
            raise PushFailed(f"The PACS cannot be reached ({type(error).__name__}).") from error
        _judge(answer)

    def close(self) -> None:
        """Give back the connection."""
        self._client.close()


def multipart(objects: Sequence[bytes], boundary: str) -> bytes:
    """The body of a STOW-RS request."""
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
    return b"".join(head + one + b"\r\n" for one in objects) + f"--{boundary}--\r\n".encode()


def _judge(answer: httpx.Response) -> None:
    status = answer.status_code
    if status == 200:
        return
    if status == 202 or status == 409:
        failed = _failed(answer)
        if status == 202 and not failed:
            return  # stored with warnings
        raise PushRejected(f"The PACS refuses {failed or 'all'} of the objects ({status}).")
    if status in (400, 413, 415, 422):
        raise PushRejected(f"The PACS answered {status}.")
    raise PushFailed(f"The PACS answered {status}.")


def _failed(answer: httpx.Response) -> int:
    """How many items FailedSOPSequence (0008,1198) holds."""
    try:
        body: Any = answer.json()
        sets = body if isinstance(body, list) else [body]
        return sum(len(s.get("00081198", {}).get("Value", [])) for s in sets)
    except (ValueError, AttributeError):
        return 1
