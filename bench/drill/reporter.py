"""A pytest plugin: each outcome is a line of JSON in a file, also of a run that is cut short."""

from __future__ import annotations

import json
import os
from typing import Any

FILE = "DRILL_OUTCOMES"


def pytest_runtest_logreport(report: Any) -> None:
    """One line for each phase that says something: the call, or a set-up or tear-down that failed."""
    if report.when != "call" and report.outcome == "passed":
        return
    crash = getattr(report.longrepr, "reprcrash", None)
    words = crash.message if crash is not None else str(report.longrepr or "")
    line = {
        "node": report.nodeid,
        "outcome": report.outcome,
        "seconds": round(report.duration, 2),
        "words": words.strip().splitlines()[0][:200] if words.strip() else "",
    }
    with open(os.environ[FILE], "a") as file:
        file.write(json.dumps(line) + "\n")
