"""The order of need as one indexed number."""

from __future__ import annotations

from datetime import datetime

from services.domain.triage import PER_HOUR_WAITING

_LAST = 1e9  # reviewed studies stand behind all that wait; above 2000 years of waiting


def priority_key(score: float, received_at: datetime, *, reviewed: bool = False) -> float:
    """Higher first. Sorting by this is sorting by ``triage.aged(score, hours waiting)`` at any time.

    Every study gains the same per hour, so two studies never change places: the score at the hour
    of receipt zero is enough, and it needs no clock when the list is asked for.
    """
    hours = received_at.timestamp() / 3600.0
    return score - PER_HOUR_WAITING * hours - (_LAST if reviewed else 0.0)
