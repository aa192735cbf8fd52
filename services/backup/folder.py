"""The folder of backups: objects once for all of them, and for each backup its index and manifest.

fada-backup.json              what the folder is, and for whom it is encrypted
objects/SITE/ab/ab12…         each object under its SHA-256, written once
20261129T014500Z/             one backup; it has this name when all of it is on the disk
    manifest.json             what it is made of, with hashes
    objects.jsonl             the objects that it needs
    index.sqlite, index.postgresql
    hub.json                  the hub's secret, without which credentials and seals cannot be read
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO, Any

from services.backup.encryption import Encryption, Pieces
from services.domain.errors import Conflict, InvalidInput, NotFound, ObjectCorrupt
from services.index.snapshot import Head, NeededObject

FORMAT = 1
NOTE, MANIFEST, OBJECTS, HUB = "fada-backup.json", "manifest.json", "objects.jsonl", "hub.json"
_NEW = ".new"


@dataclass(frozen=True, slots=True)
class BackupEntry:
    """A file as it is before it is encrypted."""

    sha256: str
    size: int


@dataclass(frozen=True, slots=True)
class BackupManifest:
    """What one backup is made of. ``missing``: objects that the store did not have, or damaged."""

    made_at: str
    version: str
    head: Head
    files: dict[str, BackupEntry]
    objects: int
    object_bytes: int
    missing: list[list[str]]

    def dump(self) -> bytes:
        """As JSON."""
        return (json.dumps({"format": FORMAT, **asdict(self)}, indent=1) + "\n").encode()

    @classmethod
    def load(cls, data: bytes) -> BackupManifest:
        """Raises InvalidInput: not a manifest of this form."""
        try:
            fields: dict[str, Any] = json.loads(data)
            if fields.pop("format") != FORMAT:
                raise InvalidInput(
                    "This backup was made by a newer FADA. Restore it with that one."
                )
            fields["head"] = Head(**fields["head"])
            fields["files"] = {
                name: BackupEntry(**entry) for name, entry in fields["files"].items()
            }
            return cls(**fields)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InvalidInput("The backup's manifest cannot be read.") from error


class Folder:
    """A folder of backups. ``encryption`` writes and reads its contents."""

    def __init__(self, root: Path, encryption: Encryption) -> None:
        self.root, self.encryption = root, encryption
        self.encrypted = False

    def prepare(self, recipients: list[str]) -> None:
        """Make it, or see that it is one and encrypted for the same.

        Raises:
            InvalidInput: something else lies there. Conflict: it is encrypted for others.
        """
        note = self.root / NOTE
        if not note.exists():
            if self.root.exists() and any(self.root.iterdir()):
                raise InvalidInput(f"{self.root} holds something else. Name an empty folder.")
            (self.root / _NEW).mkdir(parents=True, mode=0o700)
            self.root.chmod(0o700)
            made = {"format": FORMAT, "recipients": sorted(recipients)}
            note.write_text(json.dumps(made) + "\n", "utf-8")
        if self._note()["recipients"] != sorted(recipients):
            raise Conflict(
                "The backups in this folder are encrypted for others, or not at all. "
                "Name the same recipients, or another folder."
            )
        self.encrypted = bool(recipients)

    def open(self) -> None:
        """Raises NotFound: there are no backups."""
        if not (self.root / NOTE).exists():
            raise NotFound(f"{self.root} is no folder of backups.")
        self.encrypted = bool(self._note()["recipients"])

    def _note(self) -> dict[str, Any]:
        return dict(json.loads((self.root / NOTE).read_text("utf-8")))

    def names(self) -> list[str]:
        """The backups that are whole, oldest first."""
        return sorted(one.parent.name for one in self.root.glob(f"[0-9]*/{MANIFEST}"))

    def manifest(self, name: str) -> BackupManifest:
        """Raises NotFound, InvalidInput."""
        if name not in self.names():
            raise NotFound(f"There is no backup {name or 'at all'} in {self.root}.")
        return BackupManifest.load((self.root / name / MANIFEST).read_bytes())

    def needed(self, name: str) -> Iterator[NeededObject]:
        """The objects of a backup."""
        with (self.root / name / OBJECTS).open("r", encoding="utf-8") as lines:
            for line in lines:
                yield NeededObject(*json.loads(line))

    def object_path(self, one: NeededObject) -> Path:
        """Where an object lies, or will."""
        return self.root / "objects" / one.site / one.sha256[:2] / one.sha256

    def has(self, one: NeededObject) -> bool:
        """Whether it is there; of one that is not encrypted, with its size."""
        path = self.object_path(one)
        return path.is_file() and (self.encrypted or path.stat().st_size == one.size)

    # --- writing -----------------------------------------------------------------------------

    def add_object(self, one: NeededObject, chunks: Iterator[bytes]) -> None:
        """Keep an object: it has its name when its bytes are on the disk."""
        self._write(self.object_path(one), Pieces(chunks))

    @contextmanager
    def new(self, name: str) -> Iterator[Path]:
        """A place for one backup's files; the folder ``name`` when the block ends without an error."""
        place = self.root / _NEW / name
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True, mode=0o700)
        try:
            yield place
            _sync(place)
            os.replace(place, self.root / name)
            _sync(self.root)
        finally:
            shutil.rmtree(place, ignore_errors=True)

    def add_file(self, plain: Path, target: Path, *, secret: bool) -> BackupEntry:
        """Move a file into a backup; its hash and size are those of ``plain``."""
        digest, size = hashlib.sha256(), plain.stat().st_size
        with plain.open("rb") as source:
            chunks = iter(lambda: source.read(1 << 20), b"")
            self._write(target, Pieces(chunks, digest.update), encrypt=secret)
        plain.unlink()
        return BackupEntry(digest.hexdigest(), size)

    def _write(self, target: Path, source: Any, *, encrypt: bool = True) -> None:
        target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        fresh = self.root / _NEW / uuid.uuid4().hex
        writer = self.encryption if encrypt else Encryption()
        try:
            with os.fdopen(
                os.open(fresh, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb"
            ) as out:
                writer.write(source, out)
                out.flush()
                os.fsync(out.fileno())
            os.replace(fresh, target)
        finally:
            fresh.unlink(missing_ok=True)

    def keep(self, count: int) -> int:
        """Remove all backups but the newest ``count``, and objects that none of them needs."""
        for name in self.names()[:-count]:
            shutil.rmtree(self.root / name)
        wanted = {self.object_path(one) for name in self.names() for one in self.needed(name)}
        left = [one for one in (self.root / "objects").glob("*/??/*") if one not in wanted]
        for path in left:
            path.unlink()
        return len(left)

    # --- reading -----------------------------------------------------------------------------

    def read_object(self, one: NeededObject, target: Path) -> None:
        """Write it to ``target``, its hash checked. Raises ObjectCorrupt, WrongIdentity."""
        path = self.object_path(one)
        if not path.is_file():
            raise ObjectCorrupt(f"Object {one.sha256[:12]} is not in the backup.")
        self._read(path, target, one.sha256, encrypted=self.encrypted)

    def read_file(self, name: str, file: str, entry: BackupEntry, target: Path) -> None:
        """Write a file of a backup to ``target``, its hash checked. Raises ObjectCorrupt."""
        encrypted = self.encrypted and file != OBJECTS
        self._read(self.root / name / file, target, entry.sha256, encrypted=encrypted)

    def _read(self, path: Path, target: Path, sha256: str, *, encrypted: bool) -> None:
        with suppress(FileNotFoundError):
            target.unlink()
        handle = os.open(target, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        with path.open("rb") as source, os.fdopen(handle, "w+b") as out:
            self.encryption.read(source, out, encrypted=encrypted)
            out.seek(0)
            if _hash(out) != sha256:
                raise ObjectCorrupt(f"{path.name[:12]} in the backup is not what its hash says.")


def _hash(file: IO[bytes]) -> str:
    digest = hashlib.sha256()
    step: Callable[[], bytes] = lambda: file.read(1 << 20)  # noqa: E731
    for chunk in iter(step, b""):
        digest.update(chunk)
    return digest.hexdigest()


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
