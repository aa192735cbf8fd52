"""A store in memory, for tests of what stands above it. It keeps the port's promises and breaks."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator
from pathlib import Path

from services.domain.errors import NotFound, ObjectCorrupt, StoreUnavailable
from services.storage import content_address
from services.storage.port import Stored


class MemoryStore:
    """``down`` makes every call raise StoreUnavailable, as a store that is stopped or full."""

    def __init__(self) -> None:
        self.objects: dict[str, tuple[bytes, str, float]] = {}
        self.down = False
        self.owner = ""

    def prepare(self) -> None:
        """See the port."""
        self._up()

    def put(self, site: str, data: bytes, media_type: str) -> Stored:
        """See the port."""
        sha256 = hashlib.sha256(data).hexdigest()
        name = content_address.key(site, sha256)
        self._up()
        new = name not in self.objects
        if new:
            self.objects[name] = (data, media_type, time.time())
        return Stored(sha256, len(data), new)

    def put_file(self, site: str, path: Path, sha256: str, media_type: str) -> Stored:
        """See the port."""
        data = path.read_bytes()
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ObjectCorrupt("The bytes to store are not what their hash says.")
        return self.put(site, data, media_type)

    def settle(self, path: Path) -> None:
        """See the port."""
        self._up()

    def get(self, site: str, sha256: str) -> bytes:
        """See the port."""
        data = self._bytes(site, sha256)
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ObjectCorrupt(f"Object {sha256[:12]} is not what its hash says.")
        return data

    def open(
        self, site: str, sha256: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """See the port."""
        whole = not offset and length is None
        data = self.get(site, sha256) if whole else self._bytes(site, sha256)
        end = len(data) if length is None else offset + max(length, 0)
        return iter([data[offset:end]] if data[offset:end] else [])

    def exists(self, site: str, sha256: str) -> bool:
        """See the port."""
        name = content_address.key(site, sha256)
        self._up()
        return name in self.objects

    def delete(self, site: str, sha256: str) -> None:
        """See the port."""
        name = content_address.key(site, sha256)
        self._up()
        self.objects.pop(name, None)

    def list(self, site: str | None = None) -> Iterator[tuple[str, str, float]]:
        """See the port."""
        self._up()
        start = content_address.prefix(site) if site is not None else ""
        for name, (_, _, at) in sorted(self.objects.items()):
            ours = content_address.parse(name)
            if ours is not None and name.startswith(start):
                yield *ours, max(time.time() - at, 0.0)

    def owners(self) -> set[str]:
        """See the port."""
        self._up()
        return {self.owner}

    def claim(self, identity: str) -> None:
        """See the port."""
        self._up()
        self.owner = self.owner or identity

    def presign(self, site: str, sha256: str, seconds: int, filename: str) -> str:
        """See the port."""
        return f"memory://{content_address.key(site, sha256)}?seconds={seconds}"

    def ping(self) -> None:
        """See the port."""
        self._up()

    def close(self) -> None:
        """See the port."""
        self.objects.clear()

    def _bytes(self, site: str, sha256: str) -> bytes:
        name = content_address.key(site, sha256)
        self._up()
        if name not in self.objects:
            raise NotFound("There is no such object.")
        return self.objects[name][0]

    def _up(self) -> None:
        if self.down:
            raise StoreUnavailable(retry_after=5)
