"""Runs TypeScript of the pages in Node and gives its answers back as Python values."""

from __future__ import annotations

import base64
import json
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

WEB = Path(__file__).parents[1] / "web"
needs_node = pytest.mark.skipif(
    shutil.which("node") is None or not (WEB / "node_modules" / "vite").is_dir(),
    reason="Node and the pages' packages are not here (npm ci in web)",
)
Call = tuple[str, str, list[Any]]


def run(*calls: Call) -> list[Any]:
    """One answer for each (module in web/, function, arguments); a refusal is ``{"refused": code}``."""
    requests = [{"module": m, "call": c, "args": a} for m, c, a in calls]
    done = subprocess.run(
        ["node", str(WEB / "tests" / "call.mjs")], input=json.dumps(requests, default=_plain),
        text=True, capture_output=True, timeout=240, cwd=WEB, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return list(json.loads(done.stdout, object_hook=_bytes))


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(type(value).__name__)


def _bytes(value: dict[str, Any]) -> Any:
    return base64.b64decode(value["base64"]) if set(value) == {"base64"} else value
