"""fada-read on each kind of processor, its self-test, and its installer: under QEMU, with folders for Termux."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import releases
from phone_program import MARKS, QEMU, said

from edge.android import phases, selftest
from edge.android.build import PROGRAM
from services.reading.releases.registry import trust_of
from services.reading.releases.release import load

SAMPLES = Path(__file__).parents[3] / "samples"
pytestmark = MARKS

CPUS = {"cortex-a53": "plain", "cortex-a76": "dotprod", "max": "i8mm"}


def test_each_processor_gets_its_variant_and_all_give_the_same_answers(
    android_program: Path, tiny_release: Path, tmp_path: Path
) -> None:
    """Words of a release without heads, and the whole self-test of a small one with heads."""
    words, heads = tmp_path / "words", tmp_path / "heads"
    phases.put(load(tiny_release, trust_of(tiny_release.parent)), words)
    small = releases.build(tmp_path / "store", subplanes=True)
    release = load(small, trust_of(small.parent))
    phases.put(release, heads)
    selftest.put(release, heads)
    answers = set()
    for cpu, variant in CPUS.items():
        assert said(android_program, "--cpu", cpu=cpu).split()[0] == variant
        output = json.loads(
            said(android_program, words, SAMPLES / "head-27w.png", "--threads", "1", cpu=cpu)
        )
        answers.add(json.dumps(output["phases"]))
        block = said(
            android_program, "--self-test", heads, "--threads", "1", "--repeats", "1", cpu=cpu
        )
        assert f"variant   {variant}, 1 threads" in block
        assert "result    as expected" in block
        assert "HC" in block
    assert len(answers) == 1


def test_a_self_test_that_differs_says_so(android_program: Path, tmp_path: Path) -> None:
    small = releases.build(tmp_path / "store")
    release = load(small, trust_of(small.parent))
    phases.put(release, tmp_path / "heads")
    selftest.put(release, tmp_path / "heads")
    file = tmp_path / "heads" / selftest.FILE
    expected = json.loads(file.read_text())
    expected["measurements"][0]["px"] += 1
    file.write_text(json.dumps(expected))
    done = subprocess.run(
        [QEMU, android_program, "--self-test", tmp_path / "heads", "--repeats", "1"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "DIFFERS" in done.stdout
    assert "NOT as expected" in done.stdout


def test_the_installer_installs_measures_and_notices_what_came_broken(
    android_program: Path, tmp_path: Path
) -> None:
    """Termux's part is played by folders here, the phone's by QEMU."""
    small = releases.build(tmp_path / "store")
    release, brought = load(small, trust_of(small.parent)), tmp_path / "brought"
    phases.put(release, brought)
    selftest.put(release, brought)
    shutil.copy(phases.INSTALLER, brought)
    (brought / PROGRAM).write_text(f'#!/bin/sh\nexec "{QEMU}" -cpu max "{android_program}" "$@"\n')
    phases.seal(brought)
    home = {**os.environ, "HOME": str(tmp_path / "home"), "PREFIX": str(tmp_path / "usr")}
    (tmp_path / "home").mkdir()

    def sh(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            list(map(str, words)), capture_output=True, text=True, check=False, env=home
        )

    done = sh("sh", brought / "install.sh", "--repeats", "1")
    assert done.returncode == 0, done.stderr
    kept = tmp_path / "home" / "fada" / "self-test.txt"
    assert "result    as expected" in kept.read_text()
    assert kept.read_text() in done.stdout
    command = tmp_path / "usr" / "bin" / PROGRAM
    assert sh(command, "--cpu").stdout.startswith("i8mm")
    output = json.loads(sh(command, SAMPLES / "head-27w.png").stdout)
    assert output["reading"]["classification"] == "head"
    (brought / "heads.bin").write_bytes(b"cut")
    broken = sh("sh", brought / "install.sh")
    assert broken.returncode == 1
    assert "copy the folder again" in broken.stderr
