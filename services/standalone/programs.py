"""FADA's own programs as child processes of one machine: gateway, worker, sweeper, and the listeners."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from services.processes.process import ProcessSpec
from services.standalone.probe import DICOM, MLLP, http_ok, listener_answers, valkey_consumers

_CONSUMERS = 2  # one process reads, one delivers


def gateway_processes() -> int:
    """How many share the gateway's port on this machine: a second one where there is a core for it."""
    return min(2, os.cpu_count() or 1)


def gateway(home: Path, env: Mapping[str, str], port: int) -> ProcessSpec:
    """Ready when every part behind it was used: index, store, broker and a real inference."""
    return _part("gateway", home, env, lambda: http_ok(port, "/health/ready", 12.0), stop_seconds=8)


def worker(
    home: Path, env: Mapping[str, str], port: int, broker_port: int, password: str
) -> ProcessSpec:
    """Ready when its processes wait for a message. ``port``: of its figures."""

    def ready() -> bool:
        return http_ok(port, "/metrics") and valkey_consumers(broker_port, password) >= _CONSUMERS

    return _part("worker", home, env, ready, stop_seconds=30)


def sweeper(home: Path, env: Mapping[str, str], port: int) -> ProcessSpec:
    """Ready when it answers: it waits for what it needs by itself. ``port``: of its figures."""
    return _part("sweeper", home, env, lambda: http_ok(port, "/metrics"), stop_seconds=5)


def dimse(home: Path, env: Mapping[str, str], port: int) -> ProcessSpec:
    """The DICOM listener; ready when it answers a request for an association."""
    host = env["FADA_HOST"]
    return _part("dimse", home, env, lambda: listener_answers(host, port, DICOM, 1.0), 5)


def hl7(home: Path, env: Mapping[str, str], port: int) -> ProcessSpec:
    """The HL7 listener; ready when it answers on a connection."""
    host = env["FADA_HOST"]
    return _part("hl7", home, env, lambda: listener_answers(host, port, MLLP, 1.0), 5)


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
        stop_seconds=stop_seconds,
    )
