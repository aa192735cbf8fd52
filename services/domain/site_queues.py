"""Whose turn it is: sites share the workers, however much each of them sends.

Urgent jobs come before routine ones. Among each, the site comes next whose last turn is longest ago, and
of its jobs the one that has waited longest. Urgent jobs of a busy hub must not keep routine ones waiting for
ever: a site whose routine jobs have had no turn for a while gets one before the urgent.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

_NEVER = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class SiteQueue:
    """The urgent, or the routine, jobs of a site that wait for a worker.

    ``oldest``: since when the first of them has waited. ``served_at``: when one was last begun; None: never.
    """

    site: str
    urgent: bool
    oldest: datetime
    served_at: datetime | None = None

    def is_overdue(self, now: datetime, patience: timedelta) -> bool:
        """Whether its routine jobs have waited, and had no turn, for longer than ``patience``."""
        last_turn = self.served_at or _NEVER
        return not self.urgent and max(self.oldest, last_turn) < now - patience


def in_turn(queues: Iterable[SiteQueue], now: datetime, patience: timedelta) -> list[SiteQueue]:
    """The queues in the order in which they are to be served now."""

    def place(one: SiteQueue) -> tuple[bool, bool, datetime, datetime, str]:
        in_time = not one.is_overdue(now, patience)
        return in_time, not one.urgent, one.served_at or _NEVER, one.oldest, one.site

    return sorted(queues, key=place)
