"""A resumable upload by tus 1.0: where it stands is kept on disk until the hub has the file."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cli.errors import HubSays, HubUnreachable
from cli.hub import HubConnection, problem_of
from services.tus import ResumableUpload, TusCommunicationError

PIECE = 4 * 2**20  # bytes of one PATCH
_TRIES = 6
# 409, 423: the last answer was lost, or its request still runs; 460: bytes broke on the way
_PASSING = frozenset({409, 423, 429, 460, 500, 502, 503, 504})


class UnfinishedUploads:
    """Where uploads that are not finished stand: a small file each, named by hub and content.

    tuspy's own store is one file that neither threads nor processes may share.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, hub: str, sha256: str) -> Path:
        name = hashlib.sha256(f"{hub} {sha256}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"

    def find(self, hub: str, sha256: str) -> str:
        """Its path at the hub; empty when there is none."""
        try:
            location = str(json.loads(self._path(hub, sha256).read_text())["location"])
            return urlsplit(location).path
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def keep(self, hub: str, sha256: str, location: str) -> None:
        """Note where the upload of this content lies at the hub."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(hub, sha256)
        partial = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        partial.write_text(json.dumps({"location": location}))
        os.replace(partial, path)

    def forget(self, hub: str, sha256: str) -> None:
        """The hub has the file, or the upload has expired."""
        self._path(hub, sha256).unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def upload(
    hub: HubConnection,
    kept: UnfinishedUploads,
    path: Path,
    metadata: dict[str, str],
    moved: Callable[[int], None],
) -> dict[str, Any]:
    """Send one file to its end, from where it stood. ``metadata`` holds the file's sha256; ``moved``
    is given the bytes that the hub has more, those of an earlier start first.

    Raises:
        HubSays: the hub refuses it.
        HubUnreachable: it does not answer any more; the same call later goes on.
    """
    try:
        with path.open("rb") as content:

            def transfer(at: str = "") -> ResumableUpload:
                return ResumableUpload(
                    hub.tus, hub.address, content,
                    headers=hub.headers, metadata=metadata, path=at, piece=PIECE, checksum=True,
                )  # fmt: skip

            running = _started(hub, kept, metadata["sha256"], transfer)
            moved(min(running.offset, running.stop_at))
            _send(running, moved)
    except TusCommunicationError as error:
        raise _as_hub_error(hub, error) from error
    outcome: dict[str, Any] = hub.get(running.path)
    kept.forget(hub.address, metadata["sha256"])
    return outcome


def _started(
    hub: HubConnection,
    kept: UnfinishedUploads,
    sha256: str,
    transfer: Callable[..., ResumableUpload],
) -> ResumableUpload:
    """The upload that an earlier start left, if the hub still has it, or a new one."""
    if location := kept.find(hub.address, sha256):
        try:
            return transfer(location)
        except TusCommunicationError as error:
            if error.status_code not in (404, 410):
                raise
            kept.forget(hub.address, sha256)  # expired: from the start
    running = transfer()
    running.create()
    kept.keep(hub.address, sha256, running.path)
    return running


def _send(running: ResumableUpload, moved: Callable[[int], None]) -> None:
    """Piece after piece; what passes by itself is tried again from the hub's own offset."""
    tries = 0
    while not running.whole:
        before = running.offset
        try:
            if tries:
                running.resynchronise()
            if not running.whole:
                running.upload_chunk()
            tries = 0
        except TusCommunicationError as error:
            tries += 1
            if tries >= _TRIES or not (error.status_code is None or error.status_code in _PASSING):
                raise
            time.sleep(min(0.3 * 2**tries, 5.0))
        moved(max(running.offset - before, 0))


def _as_hub_error(hub: HubConnection, error: TusCommunicationError) -> HubSays | HubUnreachable:
    if error.status_code is None:
        return HubUnreachable(f"{hub.address} does not answer any more.")
    return problem_of(error.status_code, error.response_content or b"")
