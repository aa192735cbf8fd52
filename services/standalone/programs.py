"""FADA's own programs as child processes of one machine: gateway, worker, sweeper, and the listeners."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from services.processes.process import ProcessSpec
from services.standalone.probe import http_ok, valkey_consumers

_CONSUMERS = 2  # one process reads, one delivers


def gateway_processes() -> int:
    """How many share the gateway's port on this machine: a second one where there is a core for it."""
    return min(2, os.cpu_count() or 1)


def gateway(home: Path, env: Mapping[str, str], port: int) -> ProcessSpec:
    """Ready when every part behind it was used: index, store, broker and a real inference."""
    return _part("gateway", home, env, lambda: http_ok(port, "/health/ready", 12.0), stop_seconds=8)


def worker(home: Path, env: Mapping[str, str], broker_port: int, password: str) -> ProcessSpec:
    """Ready when its processes wait for a message."""
    return _part(
        "worker",
        home,
        env,
        lambda: valkey_consumers(broker_port, password) >= _CONSUMERS,
        stop_seconds=30,
    )


def sweeper(home: Path, env: Mapping[str, str]) -> ProcessSpec:
    """Ready at once: it waits for what it needs by itself."""
    return _part("sweeper", home, env, lambda: True, stop_seconds=5)


def dimse(home: Path, env: Mapping[str, str]) -> ProcessSpec:
    """The DICOM listener; ready at once."""
    return _part("dimse", home, env, lambda: True, stop_seconds=5)


def hl7(home: Path, env: Mapping[str, str]) -> ProcessSpec:
    """The HL7 listener; ready at once."""
    return _part("hl7", home, env, lambda: True, stop_seconds=5)


def _part(
    name: str, home: Path, env: Mapping[str, str], ready: Callable[[], bool], stop_seconds: float
) -> ProcessSpec:
    return ProcessSpec(
        name=name,
        command=(sys.executable, "-m", "cli.main", "serve", name),
        cwd=home,  # nothing of ours lies there that an import could find by mistake
        env=env,
        log=home / "logs" / f"{name}.log",
        ready=ready,
        start_seconds=180,
        stop_seconds=stop_seconds,
    )
