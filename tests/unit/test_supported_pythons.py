"""What `make install` says and installs before anything else: a Python that fits, the system's packages."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = """#!/bin/sh
case "$*" in
  -V) echo "{answer}";;
  "-m venv "*) mkdir -p "$3/bin"; cp "$0" "$3/bin/python";;
  *ensurepip*) exit {no_venv};;
  *) ;;
esac
"""
Programs = Mapping[str, str]  # name and shell script


def python(answer: str, *, venv: bool = True) -> str:
    """A Python that says ``answer`` of its version."""
    return PYTHON.format(answer=answer, no_venv=0 if venv else 1)


def system(folder: Path, programs: Programs) -> Path:
    """A folder of programs, to be the whole PATH: no Python, no libraries, packages of Debian 12."""
    debian = {
        "uname": "echo Linux",
        "id": "echo 1000",
        "ldconfig": "echo 'libc.so.6 (libc6,x86-64) => /lib/libc.so.6'",
        "apt-cache": 'case "$2" in *3.11*|libgomp1) echo "Candidate: 1";; *) echo "Candidate: (none)";; esac',
    }
    folder.mkdir()
    for name in ("bash", "sed", "sh", "mkdir", "cp"):
        (folder / name).symlink_to(f"/bin/{name}")
    for name, script in {**debian, **programs}.items():
        (folder / name).write_text(script if script.startswith("#!") else f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    return folder


def prerequisites(folder: Path, programs: Programs) -> subprocess.CompletedProcess[str]:
    """The script on a system with these programs alone."""
    return subprocess.run(
        ["bash", str(ROOT / "prerequisites.sh")],
        env={"PATH": str(system(folder, programs))},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


def make(tmp_path: Path, answer: str) -> subprocess.CompletedProcess[str]:
    """Let make create an environment with a Python that says ``answer`` of its version."""
    path = tmp_path / "python"
    path.write_text(python(answer))
    path.chmod(0o755)
    programs = system(tmp_path / "bin", {"ldconfig": "echo 'libgomp.so.1 (libc6)'"})
    venv = tmp_path / "venv"
    return subprocess.run(
        ["make", f"VENV={venv}", f"PYTHON={path}", f"{venv}/bin/python"],
        cwd=ROOT, env={**os.environ, "PATH": f"{programs}:{os.environ['PATH']}"},
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip


@pytest.mark.parametrize("version", ["3.14.1", "3.10.13", "3.1.5", "2.7.18"])
def test_others_are_refused(tmp_path: Path, version: str) -> None:
    ended = make(tmp_path, f"Python {version}")
    assert ended.returncode != 0
    assert f'"Python {version}"' in ended.stderr
    assert "FADA runs on Python 3.11, 3.12 and 3.13" in ended.stderr
    assert not (tmp_path / "venv").exists()


@pytest.mark.parametrize("version", ["3.11.2", "3.12.13", "3.13.5"])
def test_supported_ones_are_used(tmp_path: Path, version: str) -> None:
    ended = make(tmp_path, f"Python {version}")
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert (tmp_path / "venv" / "bin" / "python").exists()


def test_a_person_without_rights_is_told_every_package(tmp_path: Path) -> None:
    ended = prerequisites(tmp_path / "bin", {})
    assert ended.returncode == 1
    assert "sudo apt-get install python3.11 python3.11-venv libgomp1 libpython3.11" in ended.stderr


def test_the_model_server_is_no_condition(tmp_path: Path) -> None:
    programs = {
        "python3.12": python("Python 3.12.3"),
        "ldconfig": "echo 'libgomp.so.1 (libc6,x86-64) => /lib/libgomp.so.1'",
    }
    ended = prerequisites(tmp_path / "bin", programs)
    assert (ended.returncode, ended.stdout) == (0, "python3.12\n")
    assert "sudo apt-get install libpython3.12" in ended.stderr


def test_debians_venv_is_a_package_of_its_own(tmp_path: Path) -> None:
    ended = prerequisites(tmp_path / "bin", {"python3.13": python("Python 3.13.5", venv=False)})
    assert ended.returncode == 1
    assert "sudo apt-get install python3.13-venv libgomp1" in ended.stderr


def test_root_installs_what_is_missing(tmp_path: Path) -> None:
    programs = {"id": "echo 0", "apt-get": f'echo "$*" >> {tmp_path}/apt'}
    ended = prerequisites(tmp_path / "bin", programs)
    assert (ended.returncode, ended.stdout) == (0, "python3.11\n"), ended.stderr
    updated, installed = (tmp_path / "apt").read_text().splitlines()
    assert updated.startswith("update")
    assert installed.endswith("python3.11 python3.11-venv libgomp1 libpython3.11")


def test_ubuntus_name_of_the_shared_library_is_known(tmp_path: Path) -> None:
    programs = {
        "id": "echo 0",
        "apt-get": f'echo "$*" >> {tmp_path}/apt',
        "apt-cache": """case "$2" in libpython3.12) echo "Candidate: (none)";; *) echo "Candidate: 1";; esac""",
        "python3.12": python("Python 3.12.3"),
    }
    ended = prerequisites(tmp_path / "bin", programs)
    assert (ended.returncode, ended.stdout) == (0, "python3.12\n"), ended.stderr
    _, installed = (tmp_path / "apt").read_text().splitlines()
    assert installed.endswith("libgomp1 libpython3.12t64")


def test_a_system_with_an_old_python_alone_is_told_where_others_are(tmp_path: Path) -> None:
    programs = {"python3": python("Python 3.9.2"), "apt-cache": "echo"}
    ended = prerequisites(tmp_path / "bin", programs)
    assert ended.returncode == 1
    assert "make install PYTHON=python3.12" in ended.stderr
