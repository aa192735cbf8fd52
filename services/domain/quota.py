"""What a site may store and send: bytes in all, and new studies in any 24 hours."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

WARN_SHARE = 0.8
WINDOW_HOURS = 24


class QuotaState(StrEnum):
    """How near a site is to its quota."""

    ROOM = "room"
    WARNING = "warning"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Quota:
    """``stored_bytes``: of all that is kept of the site. ``daily_studies``: new ones in any 24 hours.
    None: no bound."""

    stored_bytes: int | None = None
    daily_studies: int | None = None

    @property
    def is_set(self) -> bool:
        """Whether anything is bounded."""
        return self.stored_bytes is not None or self.daily_studies is not None


@dataclass(frozen=True, slots=True)
class Usage:
    """What a site has used of it, in the same units."""

    stored_bytes: int = 0
    daily_studies: int = 0


def share_used(quota: Quota, usage: Usage) -> float:
    """The larger share of both that is used; 0 where nothing is bounded."""
    pairs = (
        (usage.stored_bytes, quota.stored_bytes),
        (usage.daily_studies, quota.daily_studies),
    )
    return max((used / most for used, most in pairs if most), default=0.0)


def state_of(quota: Quota, usage: Usage) -> QuotaState:
    """Full at the quota, a warning from ``WARN_SHARE`` of it on."""
    share = share_used(quota, usage)
    if share >= 1:
        return QuotaState.FULL
    return QuotaState.WARNING if share >= WARN_SHARE else QuotaState.ROOM
