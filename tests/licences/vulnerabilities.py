"""Known vulnerabilities of all that is pinned, by pip-audit and npm audit; and whether they could look at all.

Both say that they found nothing also where they looked at nothing: pip-audit after it skipped every package,
npm offline or with ``audit=false`` in a ``.npmrc``. Here that fails.
Exit code 0: looked at all, found none; 1: found some; 2: could not look at some.

    pip install pip-audit && python tests/licences/vulnerabilities.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINS = ROOT / "constraints.txt"
LOCKS = (ROOT / "web/package-lock.json", ROOT / "bench/viewers/package-lock.json")
Verdict = tuple[int, list[str]]  # exit code, what to say
_NPM = (
    "npm", "audit", "--json", "--package-lock-only", "--audit=true", "--offline=false",
    "--include=prod", "--include=dev", "--include=optional", "--include=peer",
)  # fmt: skip


def pinned(text: str) -> set[str]:
    """The names in a constraints file."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return {canonicalize_name(line.split("==", 1)[0]) for line in lines if "==" in line}


def verdict(answer: str, wanted: set[str]) -> Verdict:
    """Of pip-audit's JSON."""
    try:
        entries: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 2, ["pip-audit gave no answer: is its service within reach?"]
    seen = {canonicalize_name(one["name"]) for one in entries if "skip_reason" not in one}
    unseen = [f"not looked at: {name}" for name in sorted(wanted - seen)]
    problems = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in"
        f" {', '.join(fault['fix_versions']) or 'no version yet'}"
        for one in entries
        for fault in one.get("vulns", ())
    ]
    if unseen:
        return 2, [
            *problems,
            *unseen,
            f"{len(unseen)} of {len(wanted)} packages were not looked at",
        ]
    return (1, problems) if problems else (0, [f"{len(wanted)} packages, no known vulnerabilities"])


def npm_verdict(answer: str, lock: Mapping[str, Any]) -> Verdict:
    """Of npm audit's JSON. ``lock``: the parsed package-lock.json that it was asked about."""
    wanted = sum("node_modules/" in place for place in lock["packages"])
    try:
        audit: dict[str, Any] = json.loads(answer)
        if "message" in audit:
            return 2, [f"npm audit could not look: {audit['message']}"]
        seen, faulty = audit["metadata"]["dependencies"]["total"], audit["vulnerabilities"]
    except (ValueError, KeyError, TypeError):
        return 2, ["npm audit gave no answer: is its registry within reach?"]
    advisories = (
        (name, one)
        for name, fault in faulty.items()
        for one in fault["via"]
        if isinstance(one, dict)  # else: the name of the dependency that is at fault
    )
    problems = [
        f"{name} {one['range']}: {one['url']} ({one['severity']})" for name, one in advisories
    ]
    if seen < wanted:
        return 2, [*problems, f"{wanted - seen} of {wanted} npm packages were not looked at"]
    return (1, problems) if problems else (0, [f"{wanted} npm packages, no known vulnerabilities"])


def ask_pip_audit() -> Verdict:
    """About what constraints.txt pins."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps",
               "--disable-pip", "--format", "json", "--progress-spinner", "off"]  # fmt: skip
    asked = subprocess.run(command, capture_output=True, text=True)
    if "No module named pip_audit" in asked.stderr:
        return 2, ["pip-audit is not installed: pip install pip-audit"]
    return verdict(asked.stdout, pinned(PINS.read_text()))


def ask_npm(lock: Path) -> Verdict:
    """About the packages of ``lock``."""
    try:
        asked = subprocess.run(_NPM, cwd=lock.parent, capture_output=True, text=True)
    except FileNotFoundError:
        return 2, ["npm is not installed: its packages were not looked at"]
    return npm_verdict(asked.stdout, json.loads(lock.read_text()))


def main() -> int:
    """Ask both; print what they found."""
    verdicts = [("constraints.txt", ask_pip_audit())]
    verdicts += [(str(lock.relative_to(ROOT)), ask_npm(lock)) for lock in LOCKS]
    for place, (_, words) in verdicts:
        print(*(f"{place}: {line}" for line in words), sep="\n")
    return max(code for _, (code, _) in verdicts)


if __name__ == "__main__":
    sys.exit(main())
