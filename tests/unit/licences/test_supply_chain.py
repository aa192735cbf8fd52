"""The bill of materials names every dependency; an audit that could not look is no clean audit."""

from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import unquote

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


LOCK: dict[str, Any] = {
    "packages": {"": {}, "hub": {}, "node_modules/a": {}, "node_modules/a/node_modules/b": {}}
}


def npm_answer(total: int, **faults: object) -> str:
    return json.dumps({"vulnerabilities": faults, "metadata": {"dependencies": {"total": total}}})


def test_what_npm_audit_found_is_said(audit: ModuleType) -> None:
    advisory = {"url": "https://x/GHSA-1", "severity": "high", "range": "<2"}
    output = npm_answer(2, a={"via": ["b"]}, b={"via": [advisory]})
    assert audit.npm_verdict(output, LOCK) == (1, ["b <2: https://x/GHSA-1 (high)"])
    assert audit.npm_verdict(npm_answer(2), LOCK)[0] == 0


@pytest.mark.parametrize(
    "given", ["", "[]", '{"message": "405 Method Not Allowed", "error": {}}', npm_answer(1)]
)
def test_an_npm_audit_that_did_not_look_fails(audit: ModuleType, given: str) -> None:
    code, words = audit.npm_verdict(given, LOCK)
    assert code == 2
    assert words


def test_npm_looks_although_its_settings_say_not_to(
    audit: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Offline, or with ``audit=false``, npm says that it found nothing. Its registry is a port of nobody's."""
    if shutil.which("npm") is None:
        pytest.skip("no npm here")
    lock = tmp_path / "package-lock.json"
    shutil.copy(ROOT / "web/package-lock.json", lock)
    shutil.copy(ROOT / "web/package.json", tmp_path)
    monkeypatch.setenv("NPM_CONFIG_REGISTRY", "http://127.0.0.1:9/")
    monkeypatch.setenv("NPM_CONFIG_FETCH_RETRIES", "0")
    for name, value in {"AUDIT": "false", "OFFLINE": "true", "OMIT": "dev"}.items():
        monkeypatch.setenv(f"NPM_CONFIG_{name}", value)
    code, (said,) = audit.ask_npm(lock)
    assert code == 2
    assert "could not look" in said


@pytest.fixture(scope="module")
def bill() -> dict[str, Any]:
    command = [sys.executable, str(ROOT / "tests/licences/sbom.py")]
    made: dict[str, Any] = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
    return made


def test_the_bill_tells_what_the_pages_are_made_of(bill: dict[str, Any]) -> None:
    """Whatever the pages' sources import by a package's name, and none of what builds them."""
    scopes = {unquote(one["purl"]).rsplit("@", 1)[0]: one["scope"] for one in bill["components"]}
    sources = [
        p for app in ("hub/src", "phone/src", "shared") for p in (ROOT / "web" / app).rglob("*.ts*")
    ]
    named = re.compile(r"""(?:from|import)\s*\(?\s*["']((?:@[\w-]+/)?\w[\w.-]*)""")
    imported = {name for path in sources for name in named.findall(path.read_text())}
    imported = {name for name in imported if not name.startswith(("@fada/", "node:"))}
    assert {"preact", "onnxruntime-web", "@hpke/core"} <= imported
    assert {scopes.get(f"pkg:npm/{name}") for name in imported} == {"required"}
    assert {scopes[f"pkg:npm/{name}"] for name in ("vite", "typescript", "axe-core")} == {
        "excluded"
    }
    assert (scopes["pkg:pypi/fastapi"], scopes["pkg:pypi/pytest"]) == ("required", "excluded")


def test_the_bill_names_every_dependency(bill: dict[str, Any]) -> None:
    made = bill
    assert (made["bomFormat"], made["specVersion"]) == ("CycloneDX", "1.6")
    urls = {one["purl"] for one in made["components"]}
    assert len(urls) == len(made["components"]) > 100
    kinds = {url.split("/")[0] for url in urls}
    assert kinds == {"pkg:pypi", "pkg:npm"}
    assert any(url.startswith("pkg:pypi/fastapi@") for url in urls)
    assert any(url.startswith("pkg:npm/preact@") for url in urls)
