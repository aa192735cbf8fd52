"""What is sent to the store, hashed on its way: SHA-256 of all, and the ETag that S3 must answer."""

from __future__ import annotations

import hashlib
import io
from typing import BinaryIO

PART = 64 * 2**20  # bytes of one part; what is smaller is one request


class Parts:
    """A readable stream. The SDK reads ``PART`` bytes at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.size = stream.seek(0, io.SEEK_END)
        stream.seek(0)
        self._whole = hashlib.sha256()
        self._parts: list[bytes] = []
        self._part = hashlib.md5(usedforsecurity=False)
        self._read = 0

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._whole.update(data)
        view = memoryview(data)
        while view:
            room = PART - self._read % PART
            self._part.update(view[:room])
            self._read += len(view[:room])
            view = view[room:]
            if self._read % PART == 0:
                self._end_part()
        return data

    def _end_part(self) -> None:
        self._parts.append(self._part.digest())
        self._part = hashlib.md5(usedforsecurity=False)

    def sha256(self) -> str:
        return self._whole.hexdigest()

    def etag(self) -> str:
        """MD5 of one part; of several, the MD5 of their MD5s and their number, as S3 has it."""
        parts = self._parts
        if self._read % PART or not parts:
            parts = [*parts, self._part.digest()]
        if len(parts) == 1:
            return parts[0].hex()
        whole = hashlib.md5(b"".join(parts), usedforsecurity=False).hexdigest()
        return f"{whole}-{len(parts)}"
