"""A study is read when no image has come for a while: an examination sent image by image is one job.

The moment stands in the job's row (``due_at``), so nothing sleeps meanwhile and nothing is lost with a
process. An outbox row that is due at that moment sends it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

LONGEST = 30  # quiet times after its first image a study is read, also when images go on coming
QuietSeconds = Callable[[str], float]  # of a site


def at_once(_site: str) -> float:
    """No quiet time: each job is due when it is made."""
    return 0.0


def quiet_until(now: datetime, first: datetime, seconds: float) -> datetime:
    """When a job is due whose latest image came now and whose first came at ``first``."""
    return min(now + timedelta(seconds=seconds), first + timedelta(seconds=LONGEST * seconds))


def seconds_until(due: datetime | None, now: datetime) -> float:
    """Seconds from ``now``; 0 when it is over, or was never set."""
    return max((due - now).total_seconds(), 0.0) if due is not None else 0.0
