"""The hub as the device sees it: small JSON first, images in resumable pieces, releases by Range."""

from __future__ import annotations

import gzip
import io
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import httpx

from edge.agent.identity import Identity, NewestKey, new_key, public_key
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
from services.tus import ResumableUpload, TusCommunicationError, open_session

T = TypeVar("T")


class NoRoom(Unavailable):
    """The hub is there, and takes nothing new: its disk, or the site's quota, is full."""


_AGENT = "fada"
_UNREACHABLE = "The hub cannot be reached; it will be tried again."
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


def enrol(address: str, code: str, name: str) -> Identity:
    """Exchange a one-time code for a place at a site. Raises FadaError: no hub there, or the hub refused."""
    private, public = new_key()
    asked = {"code": code, "name": name, "public_key": public}
    try:
        with httpx.Client(base_url=address, timeout=30) as client:
            answer = _enrolled(_checked(client.post("/api/sync/enrol", json=asked)))
    except httpx.UnsupportedProtocol as error:
        raise InvalidInput(
            "The address begins with https:// (or http:// on one's own machine)."
        ) from error
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise Unavailable(
            f"No hub can be reached at {address}. Check the address and the network, then enrol again."
        ) from error
    keys = {name: answer.get(name, "") for name in ("bundle_key", "receipt_key")}
    return Identity(address, answer["device_id"], answer["site"], private, **keys)


class Hub:
    """One session with the hub. Raises FadaError kinds; Unavailable means: try again later."""

    def __init__(
        self,
        identity: Identity,
        *,
        timeout: float = 60.0,
        token: str = "",
        keep_token: Callable[[str], None] = lambda token: None,
        newest: NewestKey | None = None,
    ) -> None:
        """``token``: of a session that may go on; ``keep_token`` hears of each new one. Without ``newest``
        this device's key is not changed when the hub asks for it."""
        self._identity = identity
        self._token, self._keep_token, self._newest = token, keep_token, newest
        # No more headers than it takes: each byte counts on the links that this is for.
        self._client = httpx.Client(base_url=identity.hub, timeout=timeout)
        self._client.headers = httpx.Headers({"User-Agent": _AGENT, "Accept-Encoding": "gzip"})
        self._tus = open_session(_AGENT)
        self._begun: set[str] = (
            set()
        )  # uploads that were opened by this object: nothing is there yet

    def close(self) -> None:
        """End the connections."""
        self._client.close()
        self._tus.close()

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

    def hand_in(self, bundle: bytes) -> dict[str, Any]:
        """A carried case, this device's own or another's; the answer holds its receipt."""
        headers = {"Content-Type": "application/octet-stream"}
        answer: dict[str, Any] = self._ask(
            "POST", "/api/sync/bundles", content=bundle, headers=headers
        ).json()
        return answer

    def keys(self) -> Identity:
        """This device with the hub's keys for carried cases, as the hub tells them now."""
        if not self._identity.bundle_key:
            self._token = ""
        self._authenticate()
        return self._identity

    def case(self, case_id: str) -> dict[str, Any]:
        """How the case fares at the hub: its state, and which images are missing."""
        answer: dict[str, Any] = self._ask("GET", f"/api/sync/cases/{case_id}").json()
        return answer

    def changes(self, cursor: str) -> dict[str, Any]:
        """Results and reviews since ``cursor``."""
        answer: dict[str, Any] = self._ask(
            "GET", "/api/sync/changes", params={"cursor": cursor or "0"}
        ).json()
        return answer

    def forgot(self, case_id: str) -> None:
        """This device has erased its copy of a case that was erased at the hub."""
        self._ask("DELETE", f"/api/sync/cases/{case_id}")

    # --- images by tus 1.0 ---------------------------------------------------------------------
    def new_upload(self, case_id: str, sha256: str, media_type: str, data: bytes) -> str:
        """Open an upload of ``data``, an image of a case; its path at the hub."""
        return self._create(data, {"case": case_id, "sha256": sha256, "filetype": media_type})

    def new_preview(self, case_id: str, sop_uid: str, frame: int, jpeg: bytes) -> str:
        """Open an upload of a small copy of a frame whose image comes later; its path at the hub."""
        metadata = {"case": case_id, "preview": f"{sop_uid}/{frame}"}
        return self._create(jpeg, metadata, endpoint="/tus/previews/")

    def _create(self, data: bytes, metadata: dict[str, str], **more: str) -> str:
        def create() -> str:
            running = self._transfer(data, metadata=metadata, **more)
            running.create()
            return running.path

        path = self._with_token(create)
        self._begun.add(path)
        return path

    def upload(self, path: str, data: bytes) -> bool:
        """Send what is missing from the durable offset on. Raises Gone when the upload expired.

        True: the hub said that it has the image. False: all was sent, ask whether it has it.
        One request for all that is missing: the hub keeps what arrived before a cut, so nothing is
        sent twice, and compares the hash of the whole at its end.
        """

        def send() -> bool:
            running = self._transfer(data, path=path, offset=0 if path in self._begun else None)
            self._begun.discard(path)  # from now on the hub alone knows how far it came
            if running.whole:
                return False
            running.upload_chunk()
            return bool(running.request.response_headers.get("fada-outcome") == "complete")

        return self._with_token(send)

    def _transfer(self, data: bytes, **more: Any) -> ResumableUpload:
        content = io.BytesIO(data)
        return ResumableUpload(
            self._tus, self._identity.hub, content, headers=self._bearer(), **more
        )

    # --- releases ------------------------------------------------------------------------------
    def releases(self) -> dict[str, Any]:
        """The hub's releases and which one is active."""
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
        body = self._sign_in()
        if body.get("new_key") and self._newest is not None and self._change_key(self._newest):
            body = self._sign_in()
        self._token = body["token"]
        self._keep_token(self._token)
        keys = {name: body.get(name, "") for name in ("bundle_key", "receipt_key")}
        self._identity = replace(self._identity, **keys)

    def _sign_in(self) -> dict[str, Any]:
        """With this device's key; or the newest, where the hub took it and its answer was lost."""
        try:
            return self._session(self._identity)
        except NotAuthenticated:
            newest = self._newest.read() if self._newest is not None else ""
            if newest in ("", self._identity.private_key):
                raise
        changed = replace(self._identity, private_key=newest)
        session = self._session(changed)
        self._identity = changed
        return session

    def _session(self, me: Identity) -> dict[str, Any]:
        asked = self._send("POST", "/api/sync/challenge", json={"device_id": me.device_id}).json()
        proof = {"challenge": asked["challenge"], "signature": me.sign(asked["challenge"])}
        answer = self._send("POST", "/api/sync/session", json={"device_id": me.device_id, **proof})
        session: dict[str, Any] = answer.json()
        self._token = session["token"]
        return session

    def _change_key(self, newest: NewestKey) -> bool:
        """Another key from now on, kept here before the hub hears of it. False: refused, asked again."""
        before, private = self._identity, newest.read()
        if private in ("", before.private_key):
            private = newest.make()
        public, after = public_key(private), replace(before, private_key=private)
        proof = {"signature": before.sign_key(public), "proof": after.sign_key(public)}
        try:
            body = {"public_key": public, **proof}
            self._send("POST", "/api/sync/key", json=body, headers=self._bearer())
        except Unavailable:
            self._token = ""  # nobody knows whether the hub took it: the next sign-in finds out
            raise
        except FadaError:
            return False
        self._identity = after
        return True

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = more.pop("headers", {})
        return self._with_token(
            lambda: self._send(method, path, headers={**headers, **self._bearer()}, **more)
        )

    def _with_token(self, request: Callable[[], T]) -> T:
        self._authenticate()
        try:
            return _tus_errors(request)
        except NotAuthenticated:
            self._token = ""  # the session ended: once more with a new one
            self._authenticate()
            return _tus_errors(request)

    def _send(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            return _checked(self._client.request(method, path, **more))
        except httpx.HTTPError as error:
            raise Unavailable(_UNREACHABLE) from error


def _enrolled(answer: httpx.Response) -> dict[str, Any]:
    """What a hub answers; InvalidInput where somebody else answers at its address."""
    try:
        body = dict(answer.json())
    except ValueError:
        body = {}
    if not {"device_id", "site"} <= set(body):
        raise InvalidInput(f"What answers at {answer.url.host} is no hub. Check the address.")
    return body


def _tus_errors(request: Callable[[], T]) -> T:
    try:
        return request()
    except TusCommunicationError as error:
        if error.status_code is None:
            raise Unavailable(_UNREACHABLE) from error
        raise _error(error.status_code, error.response_content or b"") from error


def _checked(answer: httpx.Response) -> httpx.Response:
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
