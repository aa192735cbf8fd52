"""The workers' figures (see services.telemetry.metrics, which keeps every label bounded)."""

from __future__ import annotations

from services.telemetry.metrics import (
    DELIVERIES,
    FRAMES,
    JOB_SECONDS,
    JOBS,
    OUTBOX,
    PHASE_SECONDS,
    QUEUE,
    RESTARTS,
    SWEPT,
    WAITING,
    exposition,
    process_ended,
    serve,
)

__all__ = [
    "DELIVERIES",
    "FRAMES",
    "JOBS",
    "JOB_SECONDS",
    "OUTBOX",
    "PHASE_SECONDS",
    "QUEUE",
    "RESTARTS",
    "SWEPT",
    "WAITING",
    "exposition",
    "process_ended",
    "serve",
]
