from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gateway.bootstrap import with_secret
from gateway.ingest.spool import Spool
from gateway.uploads.files import Parts
from services.domain.errors import NotFound, TooLarge, UploadLocked
from services.settings import Settings


def test_a_file_is_hashed_while_it_is_written(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with spool.writer(100, "../name") as out:
        out.write(b"abc")
        out.write(memoryview(b"def"))
        done = out.finish()
    assert done.sha256 == hashlib.sha256(b"abcdef").hexdigest()
    assert (done.size, done.name) == (6, "../name")
    assert done.path.parent == tmp_path, "the sender's name is no path"


def test_a_large_file_is_whole_though_the_disk_begins_early(tmp_path: Path) -> None:
    content = os.urandom(1_700_001)
    with Spool(tmp_path).writer(1 << 30) as out:
        for start in range(0, len(content), 256_000):
            out.write(content[start : start + 256_000])
        done = out.finish()
    assert done.path.read_bytes() == content
    assert done.sha256 == hashlib.sha256(content).hexdigest()
    assert done.head() == content[:132]


def test_what_is_not_finished_is_removed(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    with pytest.raises(TooLarge), spool.writer(4) as out:
        out.write(b"12345")
    with spool.basket() as basket, spool.writer(10) as out:
        out.write(b"1")
        basket.append(out.finish())
    assert list(tmp_path.iterdir()) == []


def test_left_behind_files_are_swept_by_age(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for name, age in (("in-old", 1000), ("in-new", 0), ("tus-other", 1000)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (0 if age else None, 0) if age else None)  # type: ignore[arg-type]
    assert spool.sweep(60) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in-new", "tus-other"]


def test_one_writer_at_a_time(tmp_path: Path) -> None:
    parts = Parts(tmp_path)
    parts.create("u")
    with parts.open("u") as part:
        part.start(0)
        part.write(b"hello")
        part.sync()
        with pytest.raises(UploadLocked), parts.open("u"):
            pass
    with parts.open("u") as part:
        part.start(2)
        part.write(b"y")
    assert parts.path("u").read_bytes() == b"hey", "bytes beyond the durable offset are gone"
    with pytest.raises(NotFound), parts.open("v"):
        pass


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = with_secret(Settings(home=tmp_path)).secret_key.get_secret_value()
    assert len(first) == 64
    assert with_secret(Settings(home=tmp_path)).secret_key.get_secret_value() == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    given = Settings(home=tmp_path, secret_key="s" * 32)  # type: ignore[arg-type]
    assert with_secret(given).secret_key.get_secret_value() == "s" * 32
