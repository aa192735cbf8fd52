"""The bill of materials names every dependency; an audit that could not look is no clean audit."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    place = ROOT / "tests/licences/vulnerabilities.py"
    spec = importlib.util.spec_from_file_location("vulnerabilities", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def answer(*dependencies: dict[str, object]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


CLEAN = {"name": "Fastapi", "version": "1", "vulns": []}
ILL = {"name": "pillow", "version": "2", "vulns": [{"id": "CVE-1", "fix_versions": ["3"]}]}


def test_all_seen_and_nothing_found_is_clean(audit: ModuleType) -> None:
    assert audit.verdict(answer(CLEAN), {"fastapi"})[0] == 0  # type: ignore[arg-type]


def test_what_was_found_is_said(audit: ModuleType) -> None:
    code, words = audit.verdict(answer(CLEAN, ILL), {"fastapi", "pillow"})  # type: ignore[arg-type]
    assert code == 1
    assert words == ["pillow 2: CVE-1, mended in 3"]


@pytest.mark.parametrize(
    "given",
    [
        answer({"name": "fastapi", "skip_reason": "not found on the index"}),
        answer(),
        "",
        "No known vulnerabilities found",
        answer(CLEAN, {"name": "pillow", "skip_reason": "no answer"}),  # type: ignore[arg-type]
    ],
)
def test_what_was_not_looked_at_fails(audit: ModuleType, given: str) -> None:
    code, words = audit.verdict(given, {"fastapi", "pillow"})
    assert code == 2
    assert words


def test_the_pins_are_read(audit: ModuleType) -> None:
    names = audit.pinned((ROOT / "constraints.txt").read_text())
    assert {"fastapi", "pydicom", "sqlalchemy"} <= names


def test_the_bill_names_every_dependency() -> None:
    command = [sys.executable, str(ROOT / "tests/licences/sbom.py")]
    made = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    urls = {one["purl"] for one in made["components"]}
    assert len(urls) == len(made["components"]) > 100
    kinds = {url.split("/")[0] for url in urls}
    assert kinds == {"pkg:pypi", "pkg:npm"}
    assert any(url.startswith("pkg:pypi/fastapi@") for url in urls)
    assert any(url.startswith("pkg:npm/preact@") for url in urls)
