"""The worker tests' fixtures."""

from __future__ import annotations

from integration.workers.worker_hub import hub

__all__ = ["hub"]
