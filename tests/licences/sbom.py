"""The software bill of materials, CycloneDX 1.6 as JSON: every dependency, Python's and the pages'.

``scope`` tells what is shipped: *required* is what a hub runs with and what its pages are built from,
*excluded* what trains, builds and tests.

python tests/licences/sbom.py > fada.cdx.json
"""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from urllib.parse import quote

sys.path.insert(0, str(Path(__file__).parent))
from check import (
    ROOT,
    Package,
    hub_requirements,
    npm_packages,
    npm_packages_of_the_pages,
    project_requirements,
    python_packages,
)

_KINDS = {"python": "pypi", "npm": "npm"}


def bill(packages: Iterable[Package], shipped: Iterable[Package], version: str) -> dict[str, Any]:
    """The document; the same packages make the same one."""
    kept = set(shipped)
    ordered = sorted({*packages, *kept}, key=lambda p: (p.kind, p.name, p.version))
    return {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "component": {
                "type": "application",
                "bom-ref": "fada",
                "name": "fada",
                "version": version,
                "licenses": [{"license": {"id": "Apache-2.0"}}],
            }
        },
        "components": [_component(package, package in kept) for package in ordered],
    }


def _component(package: Package, shipped: bool) -> dict[str, Any]:
    url = f"pkg:{_KINDS[package.kind]}/{quote(package.name)}@{quote(package.version)}"
    component: dict[str, Any] = {
        "type": "library",
        "bom-ref": url,
        "name": package.name,
        "version": package.version,
        "purl": url,
        "scope": "required" if shipped else "excluded",
    }
    if package.licence:
        component["licenses"] = [{"license": {"name": package.licence}}]
    return component


if __name__ == "__main__":
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    dependencies = [*python_packages(project_requirements(ROOT)), *npm_packages(ROOT)]
    shipped = [*python_packages(hub_requirements(ROOT)), *npm_packages_of_the_pages(ROOT)]
    print(json.dumps(bill(dependencies, shipped, project["version"]), indent=1))
