"""Resumable uploads by tus 1.0, for the command line and the field devices: tuspy, with limits.

tuspy speaks the protocol. Its three requests are made here instead of by ``requests.post`` and its
like, because those open a connection each and wait for ever: on a bad link both cost too much.
"""

from __future__ import annotations

import hashlib
import io
from typing import IO, Final
from urllib.parse import urljoin, urlsplit

import requests
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError
from tusclient.request import TusRequest
from tusclient.uploader import Uploader

__all__ = ["ResumableUpload", "TusCommunicationError", "open_session"]

_SECONDS: Final = (10.0, 60.0)  # to connect; without a byte moving either way
_ANY_SIZE: Final = 2**63 - 1  # of one PATCH: all that is missing


def open_session(user_agent: str) -> requests.Session:
    """Connections to one hub, kept open between requests, with no more headers than it takes."""
    session = requests.Session()
    session.headers.clear()
    session.headers["User-Agent"] = user_agent
    # Without an auth of its own, requests would put a password of ~/.netrc over the hub's token.
    session.auth = lambda request: request
    return session


class ResumableUpload(Uploader):  # type: ignore[misc]  # tuspy has no type hints that mypy takes
    """One upload. ``offset`` is what the hub has durably; ``url`` is where it lies at the hub.

    Raises TusCommunicationError; its ``status_code`` is None when the hub could not be reached.
    """

    CHECKSUM_ALGORITHM_PAIR = ("sha256", hashlib.sha256)

    def __init__(
        self,
        session: requests.Session,
        hub: str,
        content: IO[bytes],
        *,
        headers: dict[str, str],
        metadata: dict[str, str] | None = None,
        path: str = "",
        offset: int | None = None,
        endpoint: str = "/tus/",
        piece: int = _ANY_SIZE,
        checksum: bool = False,
    ) -> None:
        """``path`` resumes an upload: its ``offset`` is asked for at once where it is not known. ``piece`` is
        the size of one request in bytes; with ``checksum`` each carries its SHA-256 (Upload-Checksum)."""
        self._session = session
        self._known_offset = offset
        super().__init__(
            file_stream=content,
            url=urljoin(hub, path) if path else None,
            client=TusClient(urljoin(hub, endpoint), headers=headers),
            chunk_size=piece,
            metadata=metadata,
            upload_checksum=checksum,
        )

    @property
    def path(self) -> str:
        """Where the upload lies at the hub; empty until it was created. Only the path is ever kept: a
        hub may have another address tomorrow, and no answer sends the token to another host."""
        return urlsplit(self.url).path if self.url else ""

    @property
    def whole(self) -> bool:
        """The hub has every byte."""
        return bool(self.offset >= self.stop_at)

    def create(self) -> None:
        """Open the upload at the hub."""
        self.set_url(self.create_url())
        self.offset = 0

    def create_url(self) -> str:
        """Ask the hub for a new upload; its address."""
        headers = self.get_url_creation_headers()
        answer = self.ask("POST", self.client.url, headers)
        path = urlsplit(answer.headers.get("Location", "")).path
        return str(urljoin(self.client.url, path))

    def get_offset(self) -> int:
        """How many bytes the hub has durably."""
        known, self._known_offset = self._known_offset, None
        if known is not None:
            return known
        answer = self.ask("HEAD", self.url, self.get_headers())
        try:
            return int(answer.headers["Upload-Offset"])
        except (KeyError, ValueError) as error:
            raise TusCommunicationError("The hub gave no offset.", answer.status_code) from error

    def resynchronise(self) -> None:
        """Go on from the hub's offset, after a request whose answer was lost."""
        self.offset = self.get_offset()

    def _do_request(self) -> None:
        self.request = _Patch(self)
        self.request.perform()

    def ask(
        self, method: str, url: str, headers: dict[str, str], body: IO[bytes] | None = None
    ) -> requests.Response:
        """One request within the time limit; an answer below 400."""
        try:
            answer = self._session.request(
                method, url, headers=headers, data=body, timeout=_SECONDS, allow_redirects=False
            )
        except requests.RequestException as error:
            raise TusCommunicationError(f"The hub cannot be reached: {error}") from error
        if answer.status_code >= 300:
            raise TusCommunicationError("", answer.status_code, answer.content)
        return answer


class _Patch(TusRequest):  # type: ignore[misc]
    """The next piece. It is given to the connection as a stream: the time limit then holds for each
    block, not for all of a piece on a slow link."""

    def __init__(self, upload: ResumableUpload) -> None:
        super().__init__(upload)
        self._upload = upload

    def perform(self) -> None:
        piece = self.file.read(self._content_length)
        self.add_checksum(piece)
        answer = self._upload.ask("PATCH", self._url, self._request_headers, io.BytesIO(piece))
        self.status_code, self.response_content = answer.status_code, answer.content
        self.response_headers = {name.lower(): value for name, value in answer.headers.items()}
