"""The hub as the device sees it: small JSON first, images in resumable pieces, releases by Range."""

from __future__ import annotations

import base64
import gzip
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx

from edge.agent.identity import Identity, new_key
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

_STEP = 4096
_KINDS: dict[int, type[FadaError]] = {
    401: NotAuthenticated,
    404: NotFound,
    409: Conflict,
    410: Gone,
    423: Unavailable,
    429: Unavailable,
    460: ChecksumMismatch,
}


def enrol(address: str, code: str, name: str) -> Identity:
    """Exchange a one-time code for a place at a site."""
    private, public = new_key()
    with httpx.Client(base_url=address, timeout=30) as client:
        answer = _checked(
            client.post("/api/sync/enrol", json={"code": code, "name": name, "public_key": public})
        ).json()
    return Identity(address, answer["device_id"], answer["site"], private)


class Hub:
    """One session with the hub. Raises FadaError kinds; Unavailable means: try again later."""

    def __init__(self, identity: Identity, *, timeout: float = 60.0) -> None:
        self._identity = identity
        # No more headers than it takes: each byte counts on the links that this is for.
        self._client = httpx.Client(
            base_url=identity.hub, timeout=timeout, headers={"User-Agent": "fada"}
        )
        self._token = ""

    def close(self) -> None:
        self._client.close()

    def put_case(self, case_id: str, version: int, body: bytes) -> dict[str, Any]:
        """The report and the list of images; the answer names the images that the hub lacks."""
        path = f"/api/sync/cases/{case_id}/versions/{version}"
        answer: dict[str, Any] = self._ask(
            "PUT",
            path,
            content=gzip.compress(body, mtime=0),
            headers={"Content-Type": "application/json", "Content-Encoding": "gzip"},
        ).json()
        return answer

    def case(self, case_id: str) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask("GET", f"/api/sync/cases/{case_id}").json()
        return answer

    def changes(self, cursor: str) -> dict[str, Any]:
        """Results and reviews since ``cursor``."""
        answer: dict[str, Any] = self._ask(
            "GET", "/api/sync/changes", params={"cursor": cursor or "0"}
        ).json()
        return answer

    # --- images by tus 1.0 ---------------------------------------------------------------------
    def new_upload(self, case_id: str, sha256: str, media_type: str, size: int) -> str:
        """Open an upload; returns its path."""
        facts = {"case": case_id, "sha256": sha256, "filetype": media_type}
        metadata = ",".join(
            f"{k} {base64.b64encode(v.encode()).decode()}" for k, v in facts.items()
        )
        answer = self._ask(
            "POST",
            "/tus/",
            headers={
                "Tus-Resumable": "1.0.0",
                "Upload-Length": str(size),
                "Upload-Metadata": metadata,
            },
        )
        return httpx.URL(answer.headers["Location"]).path

    def upload(
        self, path: str, data: bytes, progress: Callable[[int], None] = lambda sent: None
    ) -> bool:
        """Send what is missing from the durable offset on. Raises Gone when the upload expired.

        True: the hub said that it has the image. False: all was sent, ask whether it has it.
        One request for all that is missing: the hub keeps what arrived before a cut, so nothing is
        sent twice, and compares the hash of the whole at its end.
        """
        tus = {"Tus-Resumable": "1.0.0"}
        offset = int(self._ask("HEAD", path, headers=tus).headers["Upload-Offset"])
        if offset == len(data):
            return False

        def rest() -> Iterator[bytes]:
            for start in range(offset, len(data), _STEP):
                yield data[start : start + _STEP]
                progress(min(start + _STEP, len(data)))

        headers = {
            **tus,
            **self._bearer(),
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(len(data) - offset),
            "Upload-Offset": str(offset),
        }
        answer = self._send("PATCH", path, content=rest(), headers=headers)
        return bool(answer.headers.get("Fada-Outcome") == "complete")

    # --- releases ------------------------------------------------------------------------------
    def releases(self) -> dict[str, Any]:
        answer: dict[str, Any] = self._ask("GET", "/api/sync/releases").json()
        return answer

    def fetch(self, release: str, file: str, target: Path, sha256: str) -> None:
        """Download into ``target``; a cut download goes on where it ended, if it is the same file."""
        have = target.stat().st_size if target.exists() else 0
        headers = {"Range": f"bytes={have}-", "If-Range": f'"{sha256}"'} if have else {}
        self._authenticate()
        url = f"/api/sync/releases/{release}/{file}"
        try:
            with self._client.stream("GET", url, headers={**headers, **self._bearer()}) as answer:
                if answer.status_code == 416:
                    return  # it is whole already
                if answer.status_code >= 400:
                    answer.read()
                    _checked(answer)
                with target.open("ab" if answer.status_code == 206 else "wb") as out:
                    for chunk in answer.iter_bytes():
                        out.write(chunk)
        except httpx.HTTPError as error:
            raise Unavailable(
                "The hub cannot be reached; the download will go on later."
            ) from error

    # --- who asks ------------------------------------------------------------------------------
    def _bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"}

    def _authenticate(self) -> None:
        if self._token:
            return
        me = self._identity.device_id
        nonce = self._send("POST", "/api/sync/challenge", json={"device_id": me}).json()[
            "challenge"
        ]
        answer = self._send(
            "POST",
            "/api/sync/session",
            json={
                "device_id": me,
                "challenge": nonce,
                "signature": self._identity.sign(nonce),
            },
        )
        self._token = answer.json()["token"]

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = more.pop("headers", {})
        self._authenticate()
        try:
            return self._send(method, path, headers={**headers, **self._bearer()}, **more)
        except NotAuthenticated:
            self._token = ""  # the session ended: once more with a new one
            self._authenticate()
            return self._send(method, path, headers={**headers, **self._bearer()}, **more)

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return _checked(self._client.request(method, path, **more))
        except httpx.HTTPError as error:
            raise Unavailable("The hub cannot be reached; it will be tried again.") from error


def _checked(answer: httpx.Response) -> httpx.Response:
    if answer.status_code < 400:
        return answer
    code = ""
    try:
        problem = answer.json()
        words, code = str(problem.get("detail") or problem.get("title")), problem.get("code")
    except (ValueError, AttributeError):
        words = f"The hub answered {answer.status_code}."
    kind = DifferentBytes if code == DifferentBytes.code else _KINDS.get(answer.status_code)
    if kind is None:
        kind = Unavailable if answer.status_code >= 500 else InvalidInput
    raise kind(words)
