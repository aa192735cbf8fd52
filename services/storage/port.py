"""Where bytes live: any S3, or a folder; content-addressed by SHA-256 inside a site."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Stored:
    """What became of bytes that were put. ``new`` is False when the store had them already."""

    sha256: str
    size: int
    new: bool


class ObjectStore(Protocol):
    """Keys are ``<site>/<first two of the hash>/<hash>``: a name from outside never becomes a key.

    All calls raise StoreUnavailable when the store cannot be reached or is full; ``get`` and ``open``
    raise NotFound, and ObjectCorrupt when the bytes do not match the hash.
    """

    def prepare(self) -> None:
        """Make what must be there before the first object. Again: nothing."""
        ...

    def put(self, site: str, data: bytes, media_type: str) -> Stored:
        """Store and confirm. Again the same bytes: ``new`` False."""
        ...

    def put_file(self, site: str, path: Path, sha256: str, media_type: str) -> Stored:
        """An original, as it was received. A file that nobody may write to must never change."""
        ...

    def settle(self, path: Path) -> None:
        """An original that will probably be put: do now what would take time then."""
        ...

    def get(self, site: str, sha256: str) -> bytes:
        """The whole object, verified. Raises NotFound, ObjectCorrupt."""
        ...

    def open(
        self, site: str, sha256: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """The object, or ``length`` bytes from ``offset``, in pieces. Raises NotFound, ObjectCorrupt."""
        ...

    def exists(self, site: str, sha256: str) -> bool:
        """Whether the site has the object."""
        ...

    def delete(self, site: str, sha256: str) -> None:
        """Remove the object; what is not there is fine."""
        ...

    def list(self, site: str | None = None) -> Iterator[tuple[str, str, float]]:
        """(site, hash, age in seconds) of all objects, for the sweeper."""
        ...

    def owners(self) -> set[str]:
        """The identities of the indexes that the store was claimed for; ``""`` where it is unclaimed.

        One for a store, and perhaps several for a store of stores.
        """
        ...

    def claim(self, identity: str) -> None:
        """Mark the store as that of the index ``identity``, where nobody has claimed it."""
        ...

    def presign(self, site: str, sha256: str, seconds: int, filename: str) -> str:
        """A link that ends by itself. Raises NotFound where there are no links."""
        ...

    def ping(self) -> None:
        """A real write, read and delete of a small object."""
        ...

    def close(self) -> None:
        """Give up connections and threads."""
        ...
