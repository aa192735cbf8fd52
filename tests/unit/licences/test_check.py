"""The licence check: permissive passes; copyleft and silence need a reason; a changed licence is seen."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import json
import sys
import tomllib
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[3]
REVIEWED = tomllib.loads((ROOT / "tests/licences/reviewed.toml").read_text())


@pytest.fixture(scope="module")
def check() -> ModuleType:
    spec = importlib.util.spec_from_file_location("licence_check", ROOT / "tests/licences/check.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["licence_check"] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("licence", "expected"),
    [
        ("MIT", True),
        ("Apache-2.0 AND MIT", True),
        ("GPL-3.0 OR MIT", True),
        ("Apache Software License", True),
        ("GPL-3.0-only", False),
        ("LGPL-3.0-only", False),
        ("MIT AND GPL-3.0", False),
        ("MIT AND (GPL-3.0 OR MIT)", False),  # nested: read by a person
        ("", False),
    ],
)
def test_which_licences_fit(check: ModuleType, licence: str, expected: bool) -> None:
    assert check.fits(licence, REVIEWED) is expected
    assert (
        check.fault_of(check.Package("python", "new", "1", licence), REVIEWED) == ""
    ) is expected


def test_an_exception_needs_a_reason_and_holds_for_the_licence_that_was_read(
    check: ModuleType,
) -> None:
    package = check.Package("python", "a", "1", "LGPL-3.0-only")
    entry = {"licence": "LGPL-3.0-only", "reason": "replaceable"}
    assert check.fault_of(package, {**REVIEWED, "python": {"a": entry}}) == ""
    assert check.fault_of(package, {**REVIEWED, "python": {"a": {**entry, "reason": ""}}})
    some = {**entry, "licence": "*GPL-3.0-only"}
    assert check.fault_of(package, {**REVIEWED, "python": {"a*": some}}) == ""
    permissive = check.Package("python", "a", "2", "MIT")
    assert check.fault_of(permissive, {**REVIEWED, "python": {"a": entry}}) == ""
    changed = check.Package("python", "a", "2", "AGPL-3.0-only")
    assert "now" in check.fault_of(changed, {**REVIEWED, "python": {"a": entry}})


def test_requirements_are_followed_and_the_gpl_codec_is_not_among_them(check: ModuleType) -> None:
    names = {p.name for p in check.python_packages(check.project_requirements(ROOT))}
    assert {"highdicom", "pydicom", "h11", "imagecodecs"} <= names  # h11: of uvicorn
    assert "pylibjpeg-libjpeg" not in names
    assert importlib.metadata.version("pydicom")


def test_npm_packages_are_read_from_the_lock_files(check: ModuleType, tmp_path: Path) -> None:
    app = tmp_path / "web" / "hub"
    app.mkdir(parents=True)
    packages = {"": {}, "node_modules/a/node_modules/@b/c": {"version": "2", "license": "GPL-3.0"}}
    (app / "package-lock.json").write_text(json.dumps({"packages": packages}))
    assert list(check.npm_packages(tmp_path)) == [check.Package("npm", "@b/c", "2", "GPL-3.0")]
    assert {p.name for p in check.npm_packages(ROOT)} >= {"preact", "onnxruntime-web"}
