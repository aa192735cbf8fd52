"""Fetched by pip itself from a folder that stands for the index."""

from __future__ import annotations

import hashlib
import io
import tarfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from services.source_package import SourcePackage

_FILES = {
    "PKG-INFO": "Metadata-Version: 2.1\nName: fada-pinned\nVersion: 1.0\n",
    "setup.py": "from setuptools import setup; setup(name='fada-pinned', version='1.0')",
    "vendor/engine/src/a.c": "int a;",
    "vendor/engine/tests/b.c": "int b;",
}


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SourcePackage:
    index = tmp_path / "index"
    index.mkdir()
    archive = index / "fada-pinned-1.0.tar.gz"
    with tarfile.open(archive, "w:gz") as tar:
        for name, text in _FILES.items():
            member = tarfile.TarInfo(f"fada-pinned-1.0/{name}")
            member.size = len(text)
            tar.addfile(member, io.BytesIO(text.encode()))
    for name, value in {
        "NO_INDEX": "1",
        "FIND_LINKS": str(index),
        "NO_BUILD_ISOLATION": "0",
    }.items():
        monkeypatch.setenv(f"PIP_{name}", value)
    digest = hashlib.sha256(archive.read_bytes()).hexdigest()
    return SourcePackage("fada-pinned", "1.0", digest, "fada-pinned-1.0/vendor/engine/", ("src/",))


def test_its_parts_alone_are_unpacked(package: SourcePackage, tmp_path: Path) -> None:
    """By two processes at once, too: both end, and the folder is whole."""
    folder = tmp_path / "cache" / "engine"
    with ThreadPoolExecutor(2) as both:
        list(both.map(package.unpack, [folder, folder]))
    assert [str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file()] == ["src/a.c"]
    assert list(folder.parent.iterdir()) == [folder]


def test_another_archive_than_the_pinned_one_is_not_unpacked(
    package: SourcePackage, tmp_path: Path
) -> None:
    with pytest.raises(ValueError, match="not the file that was pinned"):
        replace(package, sha256="0" * 64).unpack(tmp_path / "engine")
    assert not (tmp_path / "engine").exists()
