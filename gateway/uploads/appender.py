"""Appends the body of one request to a resumable upload; an offset counts once it is durable."""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from typing import Any

from gateway.dependencies import Services
from gateway.uploads.files import PartialUpload
from services.domain.errors import ChecksumMismatch, TooLarge

CHECKPOINT = 4 * 2**20  # bytes after which an offset becomes durable within one request


@dataclass(slots=True)
class Appender:
    """Writes the body of one request. With a checksum nothing counts before it is verified.

    ``length`` is the whole upload's, ``durable`` the offset that the index holds; both in bytes.
    """

    services: Services
    site: str
    upload_id: str
    part: PartialUpload
    length: int
    durable: int
    checksum: tuple[str, bytes] | None
    _hash: Any = None

    def write(self, chunk: bytes) -> None:
        """Append. Raises TooLarge beyond the upload's length."""
        if self.part.at + len(chunk) > self.length:
            raise TooLarge("More bytes came than Upload-Length says.")
        self.part.write(chunk)
        if self.checksum is not None:
            if self._hash is None:
                self._hash = hashlib.new(self.checksum[0], usedforsecurity=False)
            self._hash.update(chunk)
        elif self.part.at - self.durable >= CHECKPOINT and self.part.at < self.length:
            self.checkpoint()

    def verify(self) -> None:
        """Raises ChecksumMismatch: the offset did not move."""
        if self.checksum is None:
            return
        digest = self._hash.digest() if self._hash else hashlib.new(self.checksum[0]).digest()
        if not hmac.compare_digest(digest, self.checksum[1]):
            raise ChecksumMismatch("Send these bytes again.")

    def keep_received(self) -> None:
        """The connection broke: what came so far counts, unless a checksum covers the whole."""
        if self.checksum is None and self.part.at < self.length:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Make what is written durable, then count it in the index."""
        if self.part.at == self.durable:
            return
        self.part.sync()
        with self.services.index.begin() as tx:
            tx.uploads.advance(self.site, self.upload_id, self.durable, self.part.at)
        self.durable = self.part.at

    def complete(self, state: str, outcome: dict[str, Any]) -> None:
        """After the file was ingested: the last bytes count now."""
        with self.services.index.begin() as tx:
            if self.durable != self.length:
                tx.uploads.advance(self.site, self.upload_id, self.durable, self.length)
            tx.uploads.finish(self.site, self.upload_id, state, outcome)
