from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from gateway.ingest.spool import Spool
from services.domain.errors import TooLarge


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
    with spool.request_files() as files, spool.writer(10) as out:
        out.write(b"1")
        files.append(out.finish())
    assert list(tmp_path.iterdir()) == []


def test_left_behind_files_are_swept_by_age(tmp_path: Path) -> None:
    spool = Spool(tmp_path)
    for name, age in (("in-old", 1000), ("in-new", 0), ("tus-other", 1000)):
        (tmp_path / name).write_bytes(b"")
        os.utime(tmp_path / name, (0 if age else None, 0) if age else None)  # type: ignore[arg-type]
    assert spool.sweep(60) == 1
    assert sorted(p.name for p in tmp_path.iterdir()) == ["in-new", "tus-other"]
