"""Two stores as one: originals near, what is made of them far. Only this knows where an object lies.

An original is what comes in as a file (``put_file``). Near is a disk of this machine and is asked
first: that costs one look. So a hub may begin with one store and go on with two.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from services.domain.errors import NotFound
from services.storage.port import ObjectStore, Stored


class TieredStore:
    """As safe to share as its two stores are."""

    def __init__(self, near: ObjectStore, far: ObjectStore) -> None:
        self._near, self._far = near, far

    def prepare(self) -> None:
        """See the port."""
        self._near.prepare()
        self._far.prepare()

    def put(self, site: str, data: bytes, media_type: str) -> Stored:
        """See the port."""
        return self._far.put(site, data, media_type)

    def put_file(self, site: str, path: Path, sha256: str, media_type: str) -> Stored:
        """See the port."""
        return self._near.put_file(site, path, sha256, media_type)

    def settle(self, path: Path) -> None:
        """See the port."""
        self._near.settle(path)

    def get(self, site: str, sha256: str) -> bytes:
        """See the port."""
        try:
            return self._near.get(site, sha256)
        except NotFound:
            return self._far.get(site, sha256)

    def open(
        self, site: str, sha256: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """See the port."""
        try:
            return self._near.open(site, sha256, offset, length)
        except NotFound:
            return self._far.open(site, sha256, offset, length)

    def exists(self, site: str, sha256: str) -> bool:
        """See the port."""
        return self._near.exists(site, sha256) or self._far.exists(site, sha256)

    def delete(self, site: str, sha256: str) -> None:
        """See the port."""
        self._near.delete(site, sha256)
        self._far.delete(site, sha256)

    def list(self, site: str | None = None) -> Iterator[tuple[str, str, float]]:
        """An object that lies in both comes twice."""
        return chain(self._near.list(site), self._far.list(site))

    def owners(self) -> set[str]:
        """See the port."""
        return self._near.owners() | self._far.owners()

    def claim(self, identity: str) -> None:
        """See the port."""
        self._near.claim(identity)
        self._far.claim(identity)

    def presign(self, site: str, sha256: str, seconds: int, filename: str) -> str:
        """Links are for what was made here."""
        return self._far.presign(site, sha256, seconds, filename)

    def ping(self) -> None:
        """See the port."""
        self._near.ping()
        self._far.ping()

    def close(self) -> None:
        """See the port."""
        self._near.close()
        self._far.close()
