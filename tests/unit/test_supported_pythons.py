"""`make install` refuses a Python that it does not support at once, in words, before it installs."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FAKE = """#!/bin/sh
case "$*" in
  -V) echo "{answer}";;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
  *) ;;
esac
"""


def make(tmp_path: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Let make create an environment with a Python that says ``answer`` of its version."""
    python = tmp_path / "python"
    python.write_text(FAKE.format(answer=answer))
    python.chmod(0o755)
    venv = tmp_path / "venv"
    return subprocess.run(
        ["make", f"VENV={venv}", f"PYTHON={python}", f"{venv}/bin/python"],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("version", ["3.13.0", "3.14.1", "3.10.13", "3.1.5", "2.7.18"])
def test_others_are_refused(tmp_path: Path, version: str) -> None:
    ended = make(tmp_path, f"Python {version}")
    assert ended.returncode != 0
    assert f'"Python {version}"' in ended.stdout
    assert "FADA runs on Python 3.11 and 3.12" in ended.stdout
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("version", ["3.11.2", "3.12.13"])
def test_supported_ones_are_used(tmp_path: Path, version: str) -> None:
    ended = make(tmp_path, f"Python {version}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()
