"""Metrics of several processes as one: each writes its own files, whoever is asked adds them up.

This module imports nothing of prometheus_client, which looks at the environment when it is imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path


def prepare(folder: Path) -> None:
    """Let this process and its children keep their metrics in ``folder``; empties it first.

    Raises:
        RuntimeError: prometheus_client is already imported, so it is too late.
    """
    if "prometheus_client" in sys.modules:
        raise RuntimeError("prepare() comes before services.telemetry.metrics is imported")
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.db"):
        old.unlink()
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
