"""The layers of the TypeScript hold: what .oxlintrc.json forbids, the linter refuses."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest
from typescript import WEB, needs_node

OXLINT = WEB / "node_modules" / ".bin" / "oxlint"
pytestmark = [
    needs_node,
    pytest.mark.skipif(not OXLINT.exists(), reason="oxlint is not here (npm ci in web)"),
]


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    shutil.copy(WEB / ".oxlintrc.json", folder)
    return subprocess.run([OXLINT, "--format=unix"], cwd=folder, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip


@pytest.mark.parametrize(
    ("module", "target"),
    [
        ("hub/src/case/a.ts", "@fada/phone/src/main"),
        ("hub/src/case/a.ts", "../../../phone/src/main"),
        ("hub/src/case/a.ts", "../../../shared/i18n"),
        ("hub/src/case/a.ts", "../worklist/List"),
        ("hub/src/review/a.ts", "../case/Case"),
        ("hub/src/shell/a.ts", "../review/draft"),
        ("hub/src/api/a.ts", "../shell/toasts"),
        ("phone/src/ui/a.ts", "../../../hub/src/main"),
        ("phone/src/sync/a.ts", "../ui/App"),
        ("phone/src/store/a.ts", "../sync/sync"),
        ("phone/src/reading/a.ts", "../store/cases"),
        ("phone/src/dicom/a.ts", "../reading/image"),
        ("shared/case/a.ts", "@fada/hub/src/App"),
        ("shared/viewer/a.ts", "../i18n"),
    ],
)
def test_an_import_across_a_wall_is_refused(tmp_path: Path, module: str, target: str) -> None:
    path = tmp_path / module
    path.parent.mkdir(parents=True)
    path.write_text(f'import {{ x }} from "{target}";\nexport const y = x;\n')
    done = lint(tmp_path)
    assert done.returncode == 1
    assert "no-restricted-imports" in done.stdout


def test_an_import_downwards_is_allowed(tmp_path: Path) -> None:
    path = tmp_path / "hub" / "src" / "case" / "a.ts"
    path.parent.mkdir(parents=True)
    path.write_text('import { x } from "../review/draft";\nimport { z } from "@fada/shared/i18n";\n'
                    "export const y = [x, z];\n")  # fmt: skip
    done = lint(tmp_path)
    assert done.returncode == 0, done.stdout


def test_no_folder_is_crowded() -> None:
    folders = [f for app in ("hub/src", "phone/src", "shared") for f in (WEB / app).rglob("*")]
    crowded = {
        str(folder.relative_to(WEB)): count
        for folder in folders
        if folder.is_dir() and (count := len([*folder.glob("*.ts"), *folder.glob("*.tsx")])) > 15
    }
    assert crowded == {}
