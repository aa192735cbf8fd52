"""The store in a folder of one machine: each object a file, written once and never changed.

An object has its name only after its bytes are on the disk, and the answer comes only after the name
is there too. A file that nobody may write to any more was hashed while it was written (the spool leaves
them so): it is taken as it is, by a second name for the same bytes. Any other is hashed and copied.
What is read is hashed in any case.
"""

from __future__ import annotations

import errno
import hashlib
import io
import os
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from services.domain.errors import NotFound, ObjectCorrupt, StoreUnavailable
from services.storage import content_address
from services.storage.content_address import verified
from services.storage.port import Stored

_CHUNK = 1 << 20
_WRITABLE = 0o222
_MARK = ".store"  # tells an empty store from a disk that is not mounted
_OWNER = ".index"  # holds the identity of the index that the store belongs to
_NEW = ".new"  # files that have no name yet; what a killed process left is removed after a day
_DAY = 86_400.0
_REMEMBERED = 1000  # settled files; what is forgotten is settled again
_JUST_WRITTEN = 60.0  # s
_NOT_THESE = "The bytes to store are not what their hash says."
_FULL = (errno.ENOSPC, errno.EDQUOT)


class LocalStore:
    """Safe to share between the threads and processes of one machine."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._known: set[Path] = set()  # sites whose folders are on the disk
        self._settled: set[tuple[int, int]] = set()  # inode and change time of files on the disk

    def prepare(self) -> None:
        """Make the folder. Raises StoreUnavailable."""
        with _named():
            for made in (self._folder, self._folder / _NEW):
                made.mkdir(parents=True, exist_ok=True, mode=0o700)
            mark = self._folder / _MARK
            if not mark.exists():
                mark.touch(0o600)
            _sync_folder(self._folder)
            for left in os.scandir(self._folder / _NEW):
                if left.stat().st_mtime < time.time() - _DAY:
                    Path(left.path).unlink(missing_ok=True)

    def put(self, site: str, data: bytes, media_type: str) -> Stored:
        """Store bytes under their hash."""
        return self._copy(site, io.BytesIO(data), hashlib.sha256(data).hexdigest())

    def put_file(self, site: str, path: Path, sha256: str, media_type: str) -> Stored:
        """Store a file whose hash is known.

        Raises:
            ObjectCorrupt: a file that could still change is not what ``sha256`` says; nothing stays.
        """
        place = self._place(site, sha256)
        with _named():
            state = os.stat(path)
            if not state.st_mode & _WRITABLE:
                if (state.st_ino, state.st_ctime_ns) not in self._settled:
                    self.settle(path)
                with suppress(_OtherDisk):
                    return Stored(sha256, state.st_size, self._name(path, place))
            with path.open("rb", buffering=0) as file:
                return self._copy(site, file, sha256)

    def settle(self, path: Path) -> None:
        """Bring a file that nobody may write to any more onto the disk; others are copied later."""
        with _named():
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            try:
                state = os.fstat(handle)
                if state.st_mode & _WRITABLE:
                    return
                if abs(time.time() - state.st_mtime) > _JUST_WRITTEN:
                    os.utime(handle)  # an object's age counts from here
                    state = os.fstat(handle)
                os.fsync(handle)
            finally:
                os.close(handle)
        if len(self._settled) > _REMEMBERED:
            self._settled.clear()
        self._settled.add((state.st_ino, state.st_ctime_ns))

    def get(self, site: str, sha256: str) -> bytes:
        """The whole object, its hash checked. Raises NotFound, ObjectCorrupt, StoreUnavailable."""
        return b"".join(self.open(site, sha256))

    def open(
        self, site: str, sha256: str, offset: int = 0, length: int | None = None
    ) -> Iterator[bytes]:
        """Chunks. Of a whole object the last chunk comes only after the hash was right."""
        chunks = self._chunks(self._place(site, sha256), offset, length)
        next(chunks)
        return chunks if offset or length is not None else verified(chunks, sha256)

    def exists(self, site: str, sha256: str) -> bool:
        """Whether it is there; its content is not read."""
        place = self._place(site, sha256)
        with _named():
            return place.exists() or self._absent()

    def delete(self, site: str, sha256: str) -> None:
        """Remove, durably; what is not there is fine."""
        place = self._place(site, sha256)
        with _named():
            try:
                place.unlink()
            except FileNotFoundError:
                self._absent()
            else:
                _sync_folder(place.parent)

    def list(self, site: str | None = None) -> Iterator[tuple[str, str, float]]:
        """(site, hash, age in s)."""
        pattern = f"{content_address.prefix(site)}??/*" if site is not None else "*/??/*"
        with _named():
            self._absent()
            for place in self._folder.glob(pattern):
                ours = content_address.parse(place.relative_to(self._folder).as_posix())
                with suppress(FileNotFoundError):  # deleted meanwhile
                    if ours is not None:
                        yield *ours, max(time.time() - place.stat().st_mtime, 0.0)

    def owners(self) -> set[str]:
        """The identity in the folder's mark. Raises StoreUnavailable."""
        with _named():
            self._absent()
            with suppress(FileNotFoundError):
                return {(self._folder / _OWNER).read_text("ascii").strip()}
            return {""}

    def claim(self, identity: str) -> None:
        """Write the mark, durably, where there is none."""
        with _named(), self._fresh() as fresh:
            _write(fresh, io.BytesIO(identity.encode("ascii")))
            with suppress(FileExistsError):
                os.link(fresh, self._folder / _OWNER)
            _sync_folder(self._folder)

    def presign(self, site: str, sha256: str, seconds: int, filename: str) -> str:
        """A folder hands out no links. Raises NotFound."""
        raise NotFound("This object has no link of its own; ask the hub for its bytes.")

    def ping(self) -> None:
        """Write, read and delete. Raises StoreUnavailable."""
        word = uuid.uuid4().bytes
        with _named(), self._fresh() as fresh:
            _write(fresh, io.BytesIO(word))
            if fresh.read_bytes() != word:
                raise StoreUnavailable("The disk answers with other bytes than it was given.")

    def close(self) -> None:
        """Nothing is held."""

    # --- below, errors are still the system's ---

    def _place(self, site: str, sha256: str) -> Path:
        return self._folder / content_address.key(site, sha256)

    def _copy(self, site: str, source: IO[bytes], sha256: str) -> Stored:
        place = self._place(site, sha256)
        with _named(), self._fresh() as fresh:
            written, size = _write(fresh, source)
            if written != sha256:
                raise ObjectCorrupt(_NOT_THESE)
            return Stored(sha256, size, self._name(fresh, place))

    @contextmanager
    def _fresh(self) -> Iterator[Path]:
        """A path for a file that has no name yet; it is gone afterwards."""
        self._absent()
        fresh = self._folder / _NEW / uuid.uuid4().hex
        try:
            yield fresh
        finally:
            fresh.unlink(missing_ok=True)

    def _name(self, source: Path, place: Path) -> bool:
        """Give a synced file its name, durably; whether it is new. Raises _OtherDisk."""
        try:
            self._link(source, place)
            new = True
        except FileExistsError:
            os.utime(place)  # it is needed again: no orphan, even when it was one
            new = False
        except OSError as error:
            if error.errno in (errno.EXDEV, errno.EPERM, errno.EMLINK):
                raise _OtherDisk from error
            raise
        _sync_folder(place.parent)
        return new

    def _link(self, source: Path, place: Path) -> None:
        site = place.parent.parent
        self._make(site)
        try:
            os.link(source, place)
        except FileNotFoundError:  # somebody tidied up
            self._known.discard(site)
            self._make(site)
            os.link(source, place)

    def _make(self, site: Path) -> None:
        """All folders of a site at once: one by one they would make its first objects wait."""
        if site in self._known:
            return
        self._absent()
        site.mkdir(exist_ok=True, mode=0o700)
        for number in range(256):
            (site / f"{number:02x}").mkdir(exist_ok=True, mode=0o700)
        _sync_folder(site)
        _sync_folder(self._folder)
        self._known.add(site)

    def _chunks(self, place: Path, offset: int, length: int | None) -> Iterator[bytes]:
        """First an empty one, when the file is open: what is not there is reported at once."""
        with _named():
            try:
                file = place.open("rb", buffering=0)
            except FileNotFoundError as error:
                self._absent()
                raise NotFound("There is no such object.") from error
            with file:
                yield b""
                file.seek(offset)
                left = length if length is not None else os.fstat(file.fileno()).st_size
                while left > 0 and (chunk := file.read(min(left, _CHUNK))):
                    left -= len(chunk)
                    yield chunk

    def _absent(self) -> bool:
        """False: that something is not here can be believed. Raises StoreUnavailable."""
        if not (self._folder / _MARK).exists():
            raise StoreUnavailable(
                "The folder of originals is not there. Check FADA_ORIGINALS and its disk.",
                retry_after=5,
            )
        return False


class _OtherDisk(Exception):
    """No second name can be given there."""


def _write(path: Path, source: IO[bytes]) -> tuple[str, int]:
    """(hash, size) of a new file whose bytes are on the disk."""
    digest = hashlib.sha256()
    with path.open("xb", buffering=0) as out:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            view = memoryview(chunk)
            while view:
                view = view[out.write(view) :]
        os.fchmod(out.fileno(), 0o400)
        os.fsync(out.fileno())
        return digest.hexdigest(), out.tell()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextmanager
def _named() -> Iterator[None]:
    """The system's errors by our names."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise StoreUnavailable("The hub's disk is full.", retry_after=60) from error
        raise StoreUnavailable(
            f"The folder of originals cannot be used ({type(error).__name__}).", retry_after=5
        ) from error
