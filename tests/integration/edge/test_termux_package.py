"""The recipe of the Termux package: pinned, sourced by bash, and its own steps run in a folder.

Termux's builders are not here: what they do before and after (fetching, the NDK, CMake) is not tried.
"""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
import tarfile
from pathlib import Path

import pytest
import releases

from edge.android.build import PACKAGE, SHA256, VERSION
from edge.android.termux import package
from services.reading.releases.registry import trust_of
from services.reading.releases.release import Release, load

BUILDER = """
set -euo pipefail
TERMUX_PKG_BUILDER_DIR=$1 TERMUX_PREFIX=$2 TERMUX_PKG_SRCDIR=$3
termux_error_exit() { echo "ERROR: $*" >&2; exit 1; }
. "$TERMUX_PKG_BUILDER_DIR/build.sh"
"""
STEPS = """
termux_step_post_get_source
mkdir -p "$TERMUX_PREFIX/bin" "$3/build"
cd "$3/build"
printf '#!/bin/sh\\nprintf "%%s\\\\n" "$@"\\n' >fada-read
termux_step_make_install
termux_step_create_debscripts
sh ./postinst
"""


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Release:
    folder = releases.build(tmp_path_factory.mktemp("termux") / "store")
    (folder / "ATTRIBUTION.txt").write_text("Whose data it learnt from.")
    return load(folder, trust_of(folder.parent))


@pytest.fixture(scope="module")
def recipe(small: Release, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the package, as it is copied into termux-packages."""
    out = tmp_path_factory.mktemp("packages")
    return package.write(small, out, "https://fada.example.org", "A maintainer")


def bash(recipe: Path, work: Path, script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "-c", BUILDER + script, "builder", recipe, work / "usr", work / "src"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def unpacked(recipe: Path, work: Path) -> Path:
    """As Termux unpacks a second source: under its own folder's name, beside the first's content."""
    with tarfile.open(next(recipe.glob("*.tar.gz"))) as tar:
        tar.extractall(work / "src", filter="data")
    return work / "src" / package.NAME


def test_every_source_is_pinned_by_its_hash(recipe: Path, tmp_path: Path) -> None:
    left = set(re.findall(r"@[A-Z_0-9]+@", (recipe / "build.sh").read_text()))
    assert left == {"@PROGRAM@", "@RELEASE@"}, "filled in when it is installed"
    script = 'printf "%s\\n" "${TERMUX_PKG_SRCURL[@]}" "${TERMUX_PKG_SHA256[@]}"'
    runtime, own, *hashes = bash(recipe, tmp_path, script).stdout.split()
    assert runtime == package.RUNTIME_URL
    assert runtime.endswith(f"/{PACKAGE}-{VERSION}.tar.gz")
    archive = Path(own.removeprefix("file://"))
    assert hashes == [SHA256, hashlib.sha256(archive.read_bytes()).hexdigest()]
    licences = bash(recipe, tmp_path, 'echo "$TERMUX_PKG_LICENSE_FILE"').stdout.strip().split(", ")
    with tarfile.open(archive) as tar:
        held = set(tar.getnames())
    assert {name for name in licences if name.startswith(package.NAME)} <= held


def test_the_archive_is_the_same_each_time(small: Release, recipe: Path, tmp_path: Path) -> None:
    again = package.write(small, tmp_path, "https://fada.example.org", "A maintainer")
    assert (again / "build.sh").read_text() == (recipe / "build.sh").read_text()


def test_its_own_steps_install_program_release_and_command(recipe: Path, tmp_path: Path) -> None:
    source = unpacked(recipe, tmp_path)
    assert "+fullfp16" in (source / "program" / "CMakeLists.txt").read_text()
    done = bash(recipe, tmp_path, STEPS)
    assert done.returncode == 0, done.stderr
    assert "fada-read --self-test" in done.stdout
    cmake = (source / "program" / "CMakeLists.txt").read_text()
    assert "+fullfp16" not in cmake
    assert "generic+dotprod+fp16+i8mm" in cmake, "as Clang calls it"
    command, release = tmp_path / "usr/bin/fada-read", tmp_path / "usr/share/fada-read"
    assert {"phases.json", "heads.bin", "selftest.json", "head-27w.png"} <= {
        path.name for path in release.iterdir()
    }

    def run(*words: str) -> list[str]:
        return subprocess.check_output([command, *words], text=True).splitlines()

    assert run("--self-test", "--threads", "2") == ["--self-test", str(release), "--threads", "2"]
    assert run("scan 1.png") == [str(release), "scan 1.png"]
    assert run("--cpu") == ["--cpu"]


def test_another_archive_than_the_pinned_one_is_refused(recipe: Path, tmp_path: Path) -> None:
    changed = tmp_path / "changed"
    shutil.copytree(recipe, changed)
    unpacked(changed, tmp_path)
    next(changed.glob("*.tar.gz")).write_bytes(b"another")
    done = bash(changed, tmp_path, STEPS)
    assert done.returncode == 1
    assert "not the file that was pinned" in done.stderr
