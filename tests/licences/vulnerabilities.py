"""Known vulnerabilities of what constraints.txt pins, by pip-audit; and whether it could look at all.

pip-audit says "no known vulnerabilities" also after it skipped every package: here that fails.
Exit code 0: looked at all, found none; 1: found some; 2: could not look at some.

    pip install pip-audit && python tests/licences/vulnerabilities.py
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
PINS = ROOT / "constraints.txt"


def pinned(text: str) -> set[str]:
    """The names in a constraints file."""
    lines = (line.split("#", 1)[0].strip() for line in text.splitlines())
    return {canonicalize_name(line.split("==", 1)[0]) for line in lines if "==" in line}


def verdict(answer: str, wanted: set[str]) -> tuple[int, list[str]]:
    """(exit code, what to say) for pip-audit's JSON."""
    try:
        entries: list[dict[str, Any]] = json.loads(answer)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 2, ["pip-audit gave no answer: is its service within reach?"]
    seen = {canonicalize_name(one["name"]) for one in entries if "skip_reason" not in one}
    unseen = [f"not looked at: {name}" for name in sorted(wanted - seen)]
    found = [
        f"{one['name']} {one['version']}: {fault['id']}, mended in"
        f" {', '.join(fault['fix_versions']) or 'no version yet'}"
        for one in entries
        for fault in one.get("vulns", ())
    ]
    if unseen:
        return 2, [*found, *unseen, f"{len(unseen)} of {len(wanted)} packages were not looked at"]
    return (1, found) if found else (0, [f"{len(wanted)} packages, no known vulnerabilities"])


def main() -> int:
    """Ask pip-audit; print what it found."""
    command = [sys.executable, "-m", "pip_audit", "--requirement", str(PINS), "--no-deps",
               "--disable-pip", "--format", "json", "--progress-spinner", "off"]  # fmt: skip
    asked = subprocess.run(command, capture_output=True, text=True)
    if "No module named pip_audit" in asked.stderr:
        print("pip-audit is not installed: pip install pip-audit")
        return 2
    code, words = verdict(asked.stdout, pinned(PINS.read_text()))
    print(*words, sep="\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
