"""A folder of backups: damage shows, what nobody needs goes, what is half is no backup."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from services.backup.encryption import Encryption, WrongIdentity, new_identity
from services.backup.folder import Folder
from services.domain.errors import Conflict, InvalidInput, ObjectCorrupt
from services.index.snapshot import NeededObject


def needed(data: bytes) -> NeededObject:
    return NeededObject("north", hashlib.sha256(data).hexdigest(), len(data), "image/png", False)


@pytest.fixture
def identity(tmp_path: Path) -> tuple[Path, str]:
    content, recipient = new_identity()
    (tmp_path / "identity").write_text(content)
    return tmp_path / "identity", recipient


@pytest.mark.parametrize("size", [0, 1, 70_000, 3 << 20])
def test_an_encrypted_object_comes_back(
    tmp_path: Path, identity: tuple[Path, str], size: int
) -> None:
    data = bytes(range(256)) * (size // 256) + b"x" * (size % 256)
    writing = Folder(tmp_path / "kept", Encryption.to([identity[1]]))
    writing.prepare([identity[1]])
    writing.add_object(needed(data), (data[at : at + 9999] for at in range(0, len(data), 9999)))
    assert size < 100 or data[:200] not in writing.object_path(needed(data)).read_bytes()
    reading = Folder(tmp_path / "kept", Encryption.of(identity[0]))
    reading.open()
    reading.read_object(needed(data), tmp_path / "back")
    assert (tmp_path / "back").read_bytes() == data


def test_damage_another_identity_and_none_are_told_apart(
    tmp_path: Path, identity: tuple[Path, str]
) -> None:
    one = needed(b"bytes")
    folder = Folder(tmp_path / "kept", Encryption.to([identity[1]]))
    folder.prepare([identity[1]])
    folder.add_object(one, iter([b"bytes"]))
    path = folder.object_path(one)
    whole = path.read_bytes()
    (tmp_path / "stranger").write_text(new_identity()[0])
    for encryption in (Encryption(), Encryption.of(tmp_path / "stranger")):
        other = Folder(tmp_path / "kept", encryption)
        other.open()
        with pytest.raises(WrongIdentity):
            other.read_object(one, tmp_path / "back")
    reading = Folder(tmp_path / "kept", Encryption.of(identity[0]))
    reading.open()
    for damaged in (whole[:-1], whole[:-1] + bytes([whole[-1] ^ 1]), whole[:60], b""):
        path.write_bytes(damaged)
        with pytest.raises(ObjectCorrupt):
            reading.read_object(one, tmp_path / "back")


def test_a_plain_object_that_was_changed_shows(tmp_path: Path) -> None:
    one = needed(b"bytes")
    folder = Folder(tmp_path / "kept", Encryption())
    folder.prepare([])
    folder.add_object(one, iter([b"bytes"]))
    folder.object_path(one).write_bytes(b"other")
    with pytest.raises(ObjectCorrupt):
        folder.read_object(one, tmp_path / "back")


def test_a_backup_that_failed_is_none(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "kept", Encryption())
    folder.prepare([])

    def half() -> None:
        with folder.new("20260101T000000Z") as place:
            (place / "manifest.json").write_text("{}")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert folder.names() == []
    assert list((tmp_path / "kept" / ".new").iterdir()) == []


def test_another_folder_is_not_taken(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").touch()
    with pytest.raises(InvalidInput):
        Folder(tmp_path, Encryption()).prepare([])
    Folder(tmp_path / "kept", Encryption()).prepare([])
    with pytest.raises(Conflict):
        Folder(tmp_path / "kept", Encryption()).prepare(["age1other"])
