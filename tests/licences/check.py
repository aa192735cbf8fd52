"""Fails when a dependency's licence does not fit an Apache-2.0 product.

Python: everything that pyproject.toml asks for, all extras, and what that asks for in turn, by the
metadata of what is installed. npm: every package of the pages' lock files. A licence must be on the
list of permissive ones in ``reviewed.toml``; a package with another one, or with none in its metadata,
must stand there by name, with the licence that was read and the reason why it may stay.

    python tests/licences/check.py [--list]
"""

from __future__ import annotations

import importlib.metadata as installed
import json
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from itertools import chain
from pathlib import Path
from typing import Any

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
_CLASSIFIER = "License :: "
_TOO_LONG = 80  # some packages put the whole text of the licence where its name belongs


@dataclass(frozen=True, slots=True)
class Package:
    """One dependency; ``licence`` as its metadata has it, empty when that says nothing usable."""

    kind: str  # python or npm
    name: str
    version: str
    licence: str


def main() -> int:
    """Print what does not fit; the exit code is 1 then."""
    reviewed = tomllib.loads((ROOT / "tests/licences/reviewed.toml").read_text())
    packages = sorted(
        {*python_packages(project_requirements(ROOT)), *npm_packages(ROOT)},
        key=lambda p: (p.kind, p.name, p.version),
    )
    if "--list" in sys.argv:
        print(*(f"{p.kind}\t{p.name}\t{p.version}\t{p.licence}" for p in packages), sep="\n")
    wrong = [fault for package in packages if (fault := fault_of(package, reviewed))]
    print(*wrong, f"{len(packages)} dependencies, {len(wrong)} that do not fit", sep="\n")
    return 1 if wrong else 0


def fault_of(package: Package, reviewed: Mapping[str, Any]) -> str:
    """Why the package may not be used, or "" when it may. ``reviewed``: the parsed reviewed.toml."""
    known = _named(package, reviewed)
    who = f"{package.kind} {package.name} {package.version}"
    if known is None:
        if fits(package.licence, reviewed):
            return ""
        return f"{who}: the licence {package.licence or '(none in its metadata)'!r} is not allowed"
    if not known.get("reason") or not known.get("licence"):
        return f"{who}: reviewed.toml names it without a licence and a reason"
    is_reviewed = fnmatchcase(package.licence, known["licence"])
    if package.licence and not is_reviewed and not fits(package.licence, reviewed):
        return f"{who}: its licence is {package.licence!r} now; it was reviewed as another"
    return ""


def _named(package: Package, reviewed: Mapping[str, Any]) -> Mapping[str, str] | None:
    entries = reviewed.get(package.kind, {})
    return next((entries[n] for n in entries if fnmatchcase(package.name, n)), None)


def fits(licence: str, reviewed: Mapping[str, Any]) -> bool:
    """Whether an SPDX expression, or a name that reviewed.toml translates, is permissive."""
    expression = reviewed["names"].get(licence, licence)
    if "(" in expression:  # nested: all that it names must be permissive
        expression = expression.replace("(", "").replace(")", "").replace(" OR ", " AND ")
    return any(
        all(part.strip() in reviewed["permissive"] for part in choice.split(" AND "))
        for choice in expression.split(" OR ")
    )


def python_packages(requirements: Iterable[str]) -> Iterator[Package]:
    """What is installed for ``requirements``, and for their own requirements in turn.

    A requirement that is not installed is for another platform.
    """
    queue, seen = [Requirement(text) for text in requirements], set()
    while queue:
        asked = queue.pop()
        name, extras = canonicalize_name(asked.name), frozenset(asked.extras)
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        try:
            distribution = installed.distribution(name)
        except installed.PackageNotFoundError:
            continue
        yield Package("python", name, distribution.version, licence_of(distribution))
        for needed in map(Requirement, distribution.requires or ()):
            marker = needed.marker
            if marker is None or any(marker.evaluate({"extra": e}) for e in extras or {""}):
                queue.append(needed)


def project_requirements(root: Path) -> list[str]:
    """All that pyproject.toml asks for, and what the Makefile installs beside it."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"].values()
    return [*project["dependencies"], *chain.from_iterable(extras), "nvidia-pytriton"]


def hub_requirements(root: Path) -> list[str]:
    """What a hub runs with: of those without what trains, builds and tests."""
    project = tomllib.loads((root / "pyproject.toml").read_text())["project"]
    embedded = project["optional-dependencies"]["embedded"]
    return [*project["dependencies"], *embedded, "nvidia-pytriton"]


def licence_of(distribution: installed.Distribution) -> str:
    """The SPDX expression, else the classifiers, else a short License field."""
    about = distribution.metadata.json
    if expression := about.get("license_expression"):
        return str(expression)
    classes = [c for c in about.get("classifier", ()) if c.startswith(_CLASSIFIER)]
    names = [c.rsplit(" :: ", 1)[-1] for c in classes if not c.endswith("DFSG approved")]
    if names:
        return " AND ".join(names)
    text = str(about.get("license", "")).strip()
    return text if len(text) <= _TOO_LONG and "\n" not in text else ""


def npm_packages(root: Path) -> Iterator[Package]:
    """Every package of every package-lock.json (version 3) that is kept in the repository."""
    locks = [p for depth in ("*", "*/*") for p in root.glob(f"{depth}/package-lock.json")]
    for lock in sorted(locks):
        yield from (package for package, _ in _locked(lock))


def npm_packages_of_the_pages(root: Path) -> Iterator[Package]:
    """Those that the built pages are made of: not what builds and tests them."""
    lock = root / "web" / "package-lock.json"
    yield from (package for package, entry in _locked(lock) if not entry.get("dev"))


def _locked(lock: Path) -> Iterator[tuple[Package, dict[str, Any]]]:
    """Each package of others in a lock file, with its entry there."""
    for place, entry in json.loads(lock.read_text())["packages"].items():
        if "node_modules/" in place and not entry.get("link"):  # else: a package of our own
            name = place.rsplit("node_modules/", 1)[-1]
            yield Package("npm", name, entry.get("version", ""), _npm_licence(entry)), entry


def _npm_licence(entry: dict[str, Any]) -> str:
    licence = entry.get("license", "")
    return licence if isinstance(licence, str) else ""


if __name__ == "__main__":
    sys.exit(main())
