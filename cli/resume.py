"""A resumable upload by tus 1.0: where it stands is remembered on disk until the hub has taken it."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from cli.errors import HubSays, HubUnreachable
from cli.hub import Hub

PIECE = 4 * 2**20  # bytes of one PATCH
_TUS = {"Tus-Resumable": "1.0.0"}
_TRIES = 6


class Uploads:
    """Where uploads that are not finished stand: a small file each, named by hub and content."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def _path(self, hub: str, sha256: str) -> Path:
        name = hashlib.sha256(f"{hub} {sha256}".encode()).hexdigest()[:32]
        return self._folder / f"{name}.json"

    def find(self, hub: str, sha256: str) -> str:
        """Its address at the hub; empty when there is none."""
        try:
            return str(json.loads(self._path(hub, sha256).read_text())["location"])
        except (OSError, ValueError, KeyError, TypeError):
            return ""

    def keep(self, hub: str, sha256: str, location: str) -> None:
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        path = self._path(hub, sha256)
        partial = path.with_name(f".{path.name}.{os.getpid()}.{time.monotonic_ns()}")
        partial.write_text(json.dumps({"location": location}))
        os.replace(partial, path)

    def forget(self, hub: str, sha256: str) -> None:
        self._path(hub, sha256).unlink(missing_ok=True)


def digest_of(path: Path) -> str:
    """SHA-256 in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def upload(
    hub: Hub, kept: Uploads, path: Path, metadata: dict[str, str], moved: Callable[[int], None]
) -> dict[str, Any]:
    """Send one file to its end, from where it stood. ``metadata`` holds the file's sha256.

    Raises:
        HubSays: the hub refuses it.
        HubUnreachable: it does not answer any more; the same call later goes on.
    """
    sha256, size = metadata["sha256"], path.stat().st_size
    location, offset = _resumed(hub, kept, sha256, size)
    if not location:
        location = _begin(hub, metadata, size)
        kept.keep(hub.address, sha256, location)
    moved(offset)
    tries = 0
    while offset < size:
        try:
            before, offset = offset, _append(hub, path, location, offset)
            moved(offset - before)
            tries = 0
        except (HubUnreachable, HubSays) as error:
            tries += 1
            if tries >= _TRIES or not _worth_another(error):
                raise
            time.sleep(min(0.3 * 2**tries, 5.0))
            offset = _offset(hub, location, size)
    outcome: dict[str, Any] = hub.get(location)
    kept.forget(hub.address, sha256)
    return outcome


def _resumed(hub: Hub, kept: Uploads, sha256: str, size: int) -> tuple[str, int]:
    location = kept.find(hub.address, sha256)
    if not location:
        return "", 0
    try:
        return location, _offset(hub, location, size)
    except HubSays as error:
        if error.http not in (404, 410):
            raise
        kept.forget(hub.address, sha256)  # expired: from the start
        return "", 0


def _begin(hub: Hub, metadata: dict[str, str], size: int) -> str:
    told = ",".join(
        f"{name} {base64.b64encode(value.encode()).decode()}" for name, value in metadata.items()
    )
    headers = {**_TUS, "Upload-Length": str(size), "Upload-Metadata": told}
    return str(hub.request("POST", "/tus/", headers=headers).headers["Location"])


def _offset(hub: Hub, location: str, size: int) -> int:
    answer = hub.request("HEAD", location, headers=_TUS)
    return min(int(answer.headers["Upload-Offset"]), size)


def _append(hub: Hub, path: Path, location: str, offset: int) -> int:
    with path.open("rb") as file:
        file.seek(offset)
        piece = file.read(PIECE)
    checksum = base64.b64encode(hashlib.sha256(piece).digest()).decode()
    headers = {
        **_TUS,
        "Content-Type": "application/offset+octet-stream",
        "Upload-Offset": str(offset),
        "Upload-Checksum": f"sha256 {checksum}",
    }
    answer = hub.request("PATCH", location, again=False, content=piece, headers=headers)
    return int(answer.headers["Upload-Offset"])


def _worth_another(error: HubUnreachable | HubSays) -> bool:
    if isinstance(error, HubUnreachable):
        return True
    # 409, 423: the last answer was lost, or its request still runs; 460: bytes broke on the way
    return error.http in (409, 423, 429, 460, 500, 502, 503, 504)
