"""The bytes of unfinished uploads: one file each, one writer at a time, durable before counted.

The lock is the kernel's (flock), so it holds between processes and ends with the process that
held it.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from gateway.ingest.spool import SpooledFile, sha256_of, write_all
from services.domain.errors import NotFound, StoreUnavailable, UploadLocked


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

    def spooled(self, upload_id: str, name: str) -> SpooledFile:
        """The complete file with its SHA-256; ``name`` is the sender's."""
        path = self.path(upload_id)
        return SpooledFile(path, sha256_of(path), path.stat().st_size, name)
