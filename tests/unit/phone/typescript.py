"""Runs the phone's TypeScript in Node and gives its answers back as Python values."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

PHONE = Path(__file__).parents[3] / "edge" / "phone"
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (PHONE / "node_modules" / "vite").is_dir(),
    reason="Node and the phone's packages are not here (npm ci in edge/phone)",
)
Call = tuple[str, str, list[Any]]


def ask(*calls: Call) -> list[Any]:
    """One answer for each (module, function, arguments); a refusal is ``{"refused": code}``."""
    asked = [{"module": m, "call": c, "args": a} for m, c, a in calls]
    done = subprocess.run(
        ["node", str(PHONE / "tests" / "call.mjs")], input=json.dumps(asked, default=_plain),
        text=True, capture_output=True, timeout=240, cwd=PHONE, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout, object_hook=_bytes))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


def _bytes(found: dict[str, Any]) -> Any:
    return base64.b64decode(found["base64"]) if set(found) == {"base64"} else found
