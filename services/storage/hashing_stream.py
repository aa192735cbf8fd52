"""What is sent to the store, hashed on its way: SHA-256 of all, and the ETag that S3 must answer.

The hashes are computed beside the sending, which waits for the network anyway.
"""

from __future__ import annotations

import hashlib
import io
from concurrent.futures import Executor, Future
from typing import BinaryIO

PART = 16 * 2**20  # bytes of one part; what is smaller is one request


class HashingParts:
    """A readable stream. The SDK reads ``PART`` bytes at a time."""

    def __init__(self, stream: BinaryIO, pool: Executor, *, sha256: str = "") -> None:
        """``sha256`` is given when it was computed from these very bytes a moment ago."""
        self._stream, self._pool, self._known = stream, pool, sha256
        self.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        self._whole = hashlib.sha256()
        self._parts: list[bytes] = []
        self._part = hashlib.md5(usedforsecurity=False)
        self._read = 0
        self._last: Future[None] | None = None

    def read(self, size: int = -1) -> bytes:
        """The next bytes, hashed on the way."""
        data = self._stream.read(size)
        if data:
            self._last = self._pool.submit(self._digest, data, self._last)
        return data

    def _digest(self, data: bytes, before: Future[None] | None) -> None:
        if before is not None:  # it was submitted earlier, so it runs or has run
            before.result()
        if not self._known:
            self._whole.update(data)
        view = memoryview(data)
        while view:
            room = PART - self._read % PART
            self._part.update(view[:room])
            self._read += len(view[:room])
            view = view[room:]
            if self._read % PART == 0:
                self._parts.append(self._part.digest())
                self._part = hashlib.md5(usedforsecurity=False)

    def sha256(self) -> str:
        """Of all that was read."""
        self._settle()
        return self._known or self._whole.hexdigest()

    def etag(self) -> str:
        """MD5 of one part; of several, the MD5 of their MD5s and their number, as S3 has it."""
        self._settle()
        parts = self._parts
        if self._read % PART or not parts:
            parts = [*parts, self._part.digest()]
        if len(parts) == 1:
            return parts[0].hex()
        whole = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
        return f"{whole}-{len(parts)}"

    def _settle(self) -> None:
        if self._last is not None:
            self._last.result()
