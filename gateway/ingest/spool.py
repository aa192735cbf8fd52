"""Where received bytes wait on disk until the object store has them.

Every file is written once, hashed while it is written, limited in size, and removed by the request
that made it. File names are made here, never taken from a sender.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Protocol
from uuid import uuid4

from gateway.ingest.tuning import WRITEBACK_BYTES, start_writeback
from services.domain.errors import StoreUnavailable, TooLarge

_DISK_FULL = (28, 122)  # ENOSPC, EDQUOT
_HEAD = 132  # bytes: DICOM's preamble and its mark (PS3.10 section 7.1)
_PREAMBLE = 128
# A preamble may make the file a TIFF too (PS3.10 section 7.1); anything else in it is not needed.
_TIFF = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")


@dataclass(frozen=True, slots=True)
class SpooledFile:
    """A complete file in the spool.

    ``name`` is what the sender called it: for answers only. ``start`` holds its first bytes where
    they were seen while it was written. ``correction``: it was made here, of an image that the sender
    described (scale or patient), so it may replace one that is here already.
    """

    path: Path
    sha256: str
    size: int
    name: str = ""
    start: bytes = b""
    correction: bool = False

    def head(self) -> bytes:
        """The first 132 bytes, or the whole of a shorter file."""
        if self.start:
            return self.start
        with self.path.open("rb", buffering=0) as file:
            return file.read(_HEAD)


class Room(Protocol):
    """What the files of one request may take of the spool."""

    def grow(self, count: int) -> None:
        """So many bytes more are written. Raises FadaError: there is no room for them."""
        ...


class SpoolWriter:
    """One growing file. Leaving the ``with`` block without ``finish`` removes it."""

    def __init__(
        self, path: Path, limit: int, name: str, reserve: int = 0, room: Room | None = None
    ) -> None:
        self._path, self._limit, self._name, self._reserve = path, limit, name, reserve
        self._room = room
        self._hash = hashlib.sha256()
        self._size = self._writeback_from = 0
        self._start = b""
        self._finished = False
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)

    @property
    def size(self) -> int:
        """Bytes written so far."""
        return self._size

    def write(self, data: bytes | memoryview) -> None:
        """Append. Raises TooLarge above the limit, StoreUnavailable when the disk is full, and what the
        room raises."""
        self._size += len(data)
        if self._size > self._limit:
            raise TooLarge(f"One object may have {self._limit} bytes.")
        if self._room is not None:
            self._room.grow(len(data))
        if len(self._start) < _HEAD:
            self._start += bytes(data[: _HEAD - len(self._start)])
        try:
            write_all(self._file, data)
        except OSError as error:
            raise _disk_error(error) from error
        if self._size - self._writeback_from >= WRITEBACK_BYTES:
            self._start_writeback()
            _check_room(self._file, self._reserve)
        self._hash.update(data)  # while the disk writes

    def finish(self) -> SpooledFile:
        """Close the file and make it read-only. Raises StoreUnavailable when the disk is full."""
        try:
            if self._writeback_from:
                self._start_writeback()
            # It never changes from here on: a store may keep this very file.
            os.fchmod(self._file, 0o400)
            self._close()
        except OSError as error:
            raise _disk_error(error) from error
        self._finished = True
        digest = self._hash.hexdigest()
        return SpooledFile(self._path, digest, self._size, self._name, self._start)

    def __enter__(self) -> SpoolWriter:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if not self._finished:
            with suppress(OSError):
                self._close()
            self._path.unlink(missing_ok=True)

    def _start_writeback(self) -> None:
        start_writeback(self._file, self._writeback_from, self._size - self._writeback_from)
        self._writeback_from = self._size

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


@dataclass(slots=True)
class ChildFile:
    """A file of the spool that a bounded child writes to ``path``; ``limit`` in bytes."""

    path: Path
    limit: int
    name: str
    room: Room | None = None
    finished: bool = False

    def finish(self) -> SpooledFile:
        """What it has become, read-only. Raises TooLarge, and what the room raises."""
        size = self.path.stat().st_size
        if size > self.limit:
            raise TooLarge(f"One object may have {self.limit} bytes.")
        if self.room is not None:
            self.room.grow(size)
        self.path.chmod(0o400)
        self.finished = True
        return SpooledFile(self.path, sha256_of(self.path), size, self.name)


class RequestFiles(list[SpooledFile]):
    """The complete files of one request, and how further ones are made, which count in its room."""

    def __init__(self, spool: Spool, room: Room | None = None) -> None:
        super().__init__()
        self._spool, self._room = spool, room

    def writer(self, limit: int, name: str = "") -> SpoolWriter:
        """See ``Spool.writer``."""
        return self._spool.writer(limit, name, self._room)

    def made_by(self, limit: int, name: str = "") -> AbstractContextManager[ChildFile]:
        """See ``Spool.made_by``."""
        return self._spool.made_by(limit, name, self._room)


class Spool:
    """A folder of this hub's own; several processes may share it."""

    def __init__(self, folder: Path, reserve: int = 0) -> None:
        """``reserve``: bytes of the disk that stay free of what comes from outside."""
        self.folder, self._reserve = folder, reserve
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def writer(self, limit: int, name: str = "", room: Room | None = None) -> SpoolWriter:
        """A new file of at most ``limit`` bytes, which count in ``room``."""
        return SpoolWriter(self.folder / f"in-{uuid4().hex}", limit, name, self._reserve, room)

    def room(self) -> int:
        """Bytes that may still come: what is free, less the reserve; negative below it."""
        return _free(self.folder) - self._reserve

    def check_room(self, count: int = 0) -> None:
        """Raises StoreUnavailable when ``count`` more bytes would go into the reserve."""
        if self.room() < count:
            raise StoreUnavailable("The hub's disk is nearly full.", retry_after=60)

    @contextmanager
    def made_by(self, limit: int, name: str = "", room: Room | None = None) -> Iterator[ChildFile]:
        """A new file that another process writes; leaving without ``finish`` removes it."""
        file = ChildFile(self.folder / f"in-{uuid4().hex}", limit, name, room)
        try:
            yield file
        finally:
            if not file.finished:
                file.path.unlink(missing_ok=True)

    @contextmanager
    def request_files(self, room: Room | None = None) -> Iterator[RequestFiles]:
        """A list for the files of one request; all files in it are removed at the end."""
        files = RequestFiles(self, room)
        try:
            yield files
        finally:
            for file in files:
                file.path.unlink(missing_ok=True)

    def sweep(self, older_than: float) -> int:
        """Remove request files that a killed process left, by age in seconds; how many."""
        removed, limit = 0, time.time() - older_than
        for entry in os.scandir(self.folder):
            if entry.name.startswith("in-") and entry.stat().st_mtime < limit:
                Path(entry.path).unlink(missing_ok=True)
                removed += 1
        return removed


@contextmanager
def without_preamble(file: SpooledFile) -> Iterator[SpooledFile]:
    """The file, or a copy whose preamble is zeroed: it may hold a program (CVE-2019-11687)."""
    head = file.head()[:_PREAMBLE]
    if not any(head) or head[:4] in _TIFF:
        yield file
        return
    clean = file.path.with_name(file.path.name + ".clean")
    try:
        with file.path.open("rb") as source, clean.open("wb") as target:
            target.write(bytes(len(head)))
            source.seek(len(head))
            shutil.copyfileobj(source, target, 1 << 20)
        clean.chmod(0o400)
        yield replace(file, path=clean, sha256=sha256_of(clean), start=b"")
    finally:
        clean.unlink(missing_ok=True)


def sha256_of(path: Path) -> str:
    """SHA-256 of a file's content, in hexadecimal digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def write_all(file: int, data: bytes | memoryview) -> None:
    """Write all of ``data``: a disk that fills takes a part of it, then raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _free(place: Path | int) -> int:
    filesystem = os.statvfs(place)
    return filesystem.f_bavail * filesystem.f_frsize


def _check_room(file: int, reserve: int) -> None:
    if reserve and _free(file) < reserve:
        raise StoreUnavailable("The hub's disk is nearly full.", retry_after=60)


def _disk_error(error: OSError) -> Exception:
    if error.errno in _DISK_FULL:
        return StoreUnavailable("The hub's disk is full.", retry_after=60)
    return error
