"""Where bytes wait on disk until the object store has them. Names are made here, never taken.

Every file is written once, hashed while it is written, capped, and removed by whoever asked for it.
"""

from __future__ import annotations

import ctypes
import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from uuid import uuid4

from services.domain.errors import StoreUnavailable, TooLarge

_FULL = (28, 122)  # ENOSPC, EDQUOT
_EARLY = 1 << 19  # bytes after which the disk is given work
_HEAD = 132  # bytes: DICOM's preamble and its mark (PS3.10 section 7.1)


@dataclass(frozen=True, slots=True)
class Spooled:
    """A whole file in the spool. ``name`` is what the sender called it: for answers only."""

    path: Path
    sha256: str
    size: int
    name: str = ""
    start: bytes = b""  # its first bytes, where they were seen when it was written
    correction: bool = False  # made here of a picture about which the sender said something

    def head(self) -> bytes:
        """The first 132 bytes, or the whole of a shorter file."""
        if self.start:
            return self.start
        with self.path.open("rb", buffering=0) as file:
            return file.read(_HEAD)


class Writer:
    """One growing file. Leaving the ``with`` block without ``finish`` removes it."""

    def __init__(self, path: Path, limit: int, name: str) -> None:
        self._path, self._limit, self._name = path, limit, name
        self._hash = hashlib.sha256()
        self._size = self._begun = 0
        self._start = b""
        self._finished = False
        self._file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_CLOEXEC, 0o600)

    @property
    def size(self) -> int:
        return self._size

    def write(self, data: bytes | memoryview) -> None:
        """Raises TooLarge above the limit, StoreUnavailable when the disk is full."""
        self._size += len(data)
        if self._size > self._limit:
            raise TooLarge(f"One object may have {self._limit} bytes.")
        if len(self._start) < _HEAD:
            self._start += bytes(data[: _HEAD - len(self._start)])
        try:
            write_all(self._file, data)
        except OSError as error:
            raise _full(error) from error
        if self._size - self._begun >= _EARLY:
            self._begin()
        self._hash.update(data)  # while the disk writes

    def finish(self) -> Spooled:
        try:
            if self._begun:
                self._begin()
            # It never changes any more: a store may keep this very file.
            os.fchmod(self._file, 0o400)
            self._close()
        except OSError as error:
            raise _full(error) from error
        self._finished = True
        digest = self._hash.hexdigest()
        return Spooled(self._path, digest, self._size, self._name, self._start)

    def __enter__(self) -> Writer:
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

    def _begin(self) -> None:
        """Let the disk write what is there while more comes: the flush at the end waits less then."""
        _begin_writing(self._file, self._begun, self._size - self._begun)
        self._begun = self._size

    def _close(self) -> None:
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)


class Spool:
    """A folder of this hub's own; several processes may share it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def writer(self, limit: int, name: str = "") -> Writer:
        """A new file of at most ``limit`` bytes."""
        return Writer(self.folder / f"in-{uuid4().hex}", limit, name)

    @contextmanager
    def basket(self) -> Iterator[list[Spooled]]:
        """A list for the files of one request; all are removed at the end."""
        files: list[Spooled] = []
        try:
            yield files
        finally:
            for file in files:
                file.path.unlink(missing_ok=True)

    def sweep(self, older_than: float) -> int:
        """Remove request files that a killed process left behind, by age in seconds."""
        removed, limit = 0, time.time() - older_than
        for entry in os.scandir(self.folder):
            if entry.name.startswith("in-") and entry.stat().st_mtime < limit:
                Path(entry.path).unlink(missing_ok=True)
                removed += 1
        return removed


def write_all(file: int, data: bytes | memoryview) -> None:
    """All of it: a disk that fills takes a part, then raises OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]


def _begin_writing(file: int, offset: int, size: int) -> None:
    """sync_file_range(2) with SYNC_FILE_RANGE_WRITE: starts, does not wait, promises nothing."""
    if _SYNC_FILE_RANGE is not None:  # Linux has it; its refusal would change nothing
        _SYNC_FILE_RANGE(file, ctypes.c_int64(offset), ctypes.c_int64(size), 2)


_SYNC_FILE_RANGE = getattr(ctypes.CDLL(None), "sync_file_range", None)


def _full(error: OSError) -> Exception:
    if error.errno in _FULL:
        return StoreUnavailable("The hub's disk is full.", retry_after=60)
    return error
