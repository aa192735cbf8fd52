"""What a device asks of the hub: cases, images in resumable pieces, changes, releases by Range."""

from __future__ import annotations

import gzip
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx

from edge.agent.hub.answers import checked
from edge.agent.hub.session import HubSession
from edge.agent.identity import DeviceIdentity, NewestKey
from services.domain.errors import Unavailable
from services.tus import ResumableUpload, open_session

_AGENT = "fada"


class Hub:
    """One session with the hub. Raises FadaError kinds; Unavailable means: try again later."""

    def __init__(
        self,
        identity: DeviceIdentity,
        *,
        timeout: float = 60.0,
        token: str = "",
        keep_token: Callable[[str], None] = lambda token: None,
        newest: NewestKey | None = None,
    ) -> None:
        """``token``: of a session that may go on; ``keep_token`` hears of each new one. Without ``newest``
        this device's key is not changed when the hub asks for it."""
        # No more headers than it takes: each byte counts on the links that this is for.
        self._client = httpx.Client(base_url=identity.hub, timeout=timeout)
        self._client.headers = httpx.Headers({"User-Agent": _AGENT, "Accept-Encoding": "gzip"})
        self._session = HubSession(self._client, identity, token, keep_token, newest)
        self._tus = open_session(_AGENT)
        self._begun: set[str] = set()  # uploads opened by this object: nothing is there yet

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

    def keys(self) -> DeviceIdentity:
        """This device with the hub's keys for carried cases, as the hub tells them now."""
        if not self._session.identity.bundle_key:
            self._session.token = ""
        self._session.authenticate()
        return self._session.identity

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

    def status(self, said: dict[str, int]) -> dict[str, Any]:
        """How this device fares; told are the programme's settings, and whether to erase itself."""
        answer: dict[str, Any] = self._ask("POST", "/api/sync/status", json=said).json()
        return answer

    def erased(self) -> None:
        """This device has erased itself as it was told: the hub revokes it."""
        self._ask("POST", "/api/sync/erased")

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

        path = self._session.with_token(create)
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

        return self._session.with_token(send)

    def _transfer(self, data: bytes, **more: Any) -> ResumableUpload:
        content = io.BytesIO(data)
        return ResumableUpload(
            self._tus, self._session.identity.hub, content, headers=self._session.bearer(), **more
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
        self._session.authenticate()
        url = f"/api/sync/releases/{release}/{file}"
        try:
            with self._client.stream(
                "GET", url, headers={**headers, **self._session.bearer()}
            ) as answer:
                if answer.status_code == 416:
                    return  # it is whole already
                if answer.status_code >= 400:
                    answer.read()
                    checked(answer)
                with target.open("ab" if answer.status_code == 206 else "wb") as out:
                    for chunk in answer.iter_bytes():
                        out.write(chunk)
        except httpx.HTTPError as error:
            raise Unavailable(
                "The hub cannot be reached; the download will go on later."
            ) from error

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        headers = more.pop("headers", {})
        return self._session.with_token(
            lambda: self._session.send(
                method, path, headers={**headers, **self._session.bearer()}, **more
            )
        )
