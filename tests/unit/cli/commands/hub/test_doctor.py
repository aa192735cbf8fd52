"""`fada doctor` sees what is missing and says what to do about it."""

from __future__ import annotations

import json
import shutil
import socket
import tomllib
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli import checks
from cli.checks import Grade
from cli.errors import HubUnreachable
from cli.main import app
from services.processes.sandbox import Sandbox
from services.settings import settings

ROOT = Path(__file__).parents[5]


def test_the_supported_pythons_are_those_of_the_package() -> None:
    wanted = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["requires-python"]
    (_, lowest), (_, highest) = checks.PYTHONS[0], checks.PYTHONS[-1]
    assert wanted == f">=3.{lowest},<3.{highest + 1}"
    assert checks.python((3, 12)).grade is Grade.GOOD
    other = checks.python((3, 14))
    assert other.grade is Grade.BAD
    assert "3.11 or 3.12" in other.advice


def test_a_library_that_is_missing() -> None:
    missing = checks.libgomp("libnothing-at-all.so.9")
    assert (missing.grade, missing.advice) == (Grade.BAD, "sudo apt-get install libgomp1")
    assert checks.libgomp().grade is Grade.GOOD


@pytest.mark.parametrize(
    ("free", "grade"), [(2**30, Grade.BAD), (5 * 2**30, Grade.WARNING), (2**40, Grade.GOOD)]
)
def test_room_on_the_disk(
    free: int, grade: Grade, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=free)
    monkeypatch.setattr(checks.shutil, "disk_usage", lambda place: usage)
    assert checks.disk(tmp_path / "not" / "there" / "yet").grade is grade


@pytest.mark.parametrize(
    ("held", "grade", "says"),
    [
        (Sandbox(5, True), Grade.GOOD, "Landlock 5"),
        (Sandbox(0, True), Grade.WARNING, "other files"),
        (Sandbox(5, False), Grade.WARNING, "open sockets"),
        (Sandbox(0, False), Grade.WARNING, "no Landlock"),
    ],
)
def test_a_kernel_that_cannot_shut_parsers_in(held: Sandbox, grade: Grade, says: str) -> None:
    finding = checks.sandbox(held)
    assert finding.grade is grade
    assert says in finding.detail
    assert ("5.13" in finding.advice) == (grade is not Grade.GOOD)


def test_a_hub_says_what_its_own_kernel_has() -> None:
    health: dict[str, object] = {"parts": {}, "sandbox": {"landlock": 0, "seccomp": True}}
    (finding,) = checks.parts(lambda: health)
    assert (finding.name, finding.grade) == ("hub: sandbox of parsers", Grade.WARNING)
    assert list(checks.parts(lambda: {"parts": {}})) == [], "a hub of before says nothing"


def test_a_port_that_is_taken_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen(1)
        monkeypatch.setattr("services.standalone.ports.USUAL", {"gateway": taken.getsockname()[1]})
        finding = checks.ports(running=False)
        assert finding.grade is Grade.WARNING
        assert "gateway" in finding.detail
        assert checks.ports(running=True).grade is Grade.GOOD
    assert checks.ports(running=False).grade is Grade.GOOD


def test_a_release_that_was_changed(tmp_path: Path) -> None:
    store = tmp_path / "releases"
    shutil.copytree(ROOT / "models" / "releases", store)
    assert checks.release(store).grade is Grade.GOOD
    graph = next(store.glob("*/vision.onnx"))
    graph.write_bytes(graph.read_bytes()[:-1] + b"!")
    changed = checks.release(store)
    assert changed.grade is Grade.BAD
    assert "not the file that was published" in changed.detail
    assert checks.release(tmp_path / "none").grade is Grade.BAD


def test_the_parts_of_a_hub() -> None:
    def health() -> dict[str, Any]:
        return {"parts": {"index": {"state": "ok"}, "store": {"state": "down", "error": "full"}}}

    index, store = checks.parts(health)
    assert (index.grade, store.grade) == (Grade.GOOD, Grade.BAD)
    assert store.detail == "down full"

    def gone() -> dict[str, Any]:
        raise HubUnreachable("http://hub does not answer.")

    (finding,) = checks.parts(gone)
    assert "fada up" in finding.advice
    (finding,) = checks.parts(None)
    assert "fada up" in finding.advice


def test_the_command_ends_with_1_where_something_must_be_mended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (("CONFIG", tmp_path), ("HOME", tmp_path), ("RELEASES", tmp_path / "none")):
        monkeypatch.setenv(f"FADA_{name}", str(value))
    settings.cache_clear()
    try:
        done = CliRunner().invoke(app, ["doctor", "--json"])
        shown = CliRunner().invoke(app, ["doctor"])
    finally:
        settings.cache_clear()
    findings = {entry["name"]: entry for entry in json.loads(done.output)}
    assert done.exit_code == shown.exit_code == 1
    assert findings["release"]["grade"] == "bad"
    assert findings["Python"]["grade"] == "good"
    assert "to mend" in shown.output
