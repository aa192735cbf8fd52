"""A resumable upload: its bytes on disk, and what one request appends.

One file each, one writer at a time; an offset counts once its bytes are durable. The lock is the
kernel's (flock), so it holds between processes and ends with the process that held it.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import hmac
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from gateway.dependencies import Services
from gateway.ingest.spool import SpooledFile, sha256_of, write_all
from services.domain.errors import (
    ChecksumMismatch,
    NotFound,
    StoreUnavailable,
    TooLarge,
    UploadLocked,
)

_CLAIM_SECONDS, _CLAIM_POLL = 3.0, 0.05
CHECKPOINT = 4 * 2**20  # bytes after which an offset becomes durable within one request


class PartialUpload:
    """The open, locked file of one upload."""

    def __init__(self, path: Path, offset: int) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound("This upload's bytes are gone; start it again.") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            raise UploadLocked("Another request is writing this upload.", retry_after=1) from error
        self.path = path
        self._at = offset

    def start(self, offset: int) -> None:
        """Write from the durable ``offset`` (read it under the lock); bytes after it are discarded."""
        os.ftruncate(self._fd, offset)
        os.lseek(self._fd, offset, os.SEEK_SET)
        self._at = offset

    @property
    def at(self) -> int:
        """Bytes of the upload that are written."""
        return self._at

    def write(self, data: bytes) -> None:
        """Append. Raises StoreUnavailable when the disk is full."""
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise StoreUnavailable("The hub's disk is full.", retry_after=60) from error
        self._at += len(data)

    def sync(self) -> None:
        """Wait until what was written is on disk."""
        os.fsync(self._fd)

    def __enter__(self) -> PartialUpload:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)


class UploadFiles:
    """The folder of unfinished uploads. File names are the uploads' ids, which are made here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tus"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, upload_id: str) -> Path:
        """Where an upload's bytes lie."""
        return self._folder / upload_id

    def create(self, upload_id: str) -> None:
        """An empty file; it and its name are durable on return."""
        fd = os.open(self.path(upload_id), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.fsync(fd)
        os.close(fd)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    @contextmanager
    def open(self, upload_id: str) -> Iterator[PartialUpload]:
        """Locked for one writer. Raises UploadLocked, NotFound."""
        with PartialUpload(self.path(upload_id), 0) as part:
            yield part

    def remove(self, upload_id: str) -> None:
        """Forget the bytes; it may be gone already."""
        self.path(upload_id).unlink(missing_ok=True)
        self._claim(upload_id).unlink(missing_ok=True)

    async def claim(self, upload_id: str, seconds: float = _CLAIM_SECONDS) -> None:
        """Ask whoever writes to end, in whichever process, and wait until it has, or for ``seconds``.

        A sender that was cut off comes back while its old connection still counts as open; what came
        on that one is to count before the sender is told from where to go on.
        """
        claim, until = self._claim(upload_id), time.monotonic() + seconds
        try:
            while self._is_written(upload_id) and time.monotonic() < until:
                claim.touch(mode=0o600)
                await asyncio.sleep(_CLAIM_POLL)  # no thread: whoever writes needs one to end
        finally:  # also one that a process left that was killed here: it would end every writer
            claim.unlink(missing_ok=True)

    def is_claimed(self, upload_id: str) -> bool:
        """Whether the one who writes is to end."""
        return self._claim(upload_id).exists()

    def _claim(self, upload_id: str) -> Path:
        return self._folder / f"{upload_id}.claim"

    def _is_written(self, upload_id: str) -> bool:
        try:
            with self.open(upload_id):
                return False
        except UploadLocked:
            return True
        except NotFound:
            return False

    def touched(self, upload_id: str) -> float:
        """When bytes came last, Unix seconds; 0 when the file is gone."""
        try:
            return self.path(upload_id).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def spooled(self, upload_id: str, name: str) -> SpooledFile:
        """The complete file with its SHA-256; ``name`` is the sender's."""
        path = self.path(upload_id)
        return SpooledFile(path, sha256_of(path), path.stat().st_size, name)


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
        self.services.spool.check_room()
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
