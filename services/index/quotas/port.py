"""What the index promises about sites' quotas."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.quota import Quota, QuotaState, Usage
from services.domain.study import Principal


@dataclass(frozen=True, slots=True)
class SiteQuota:
    """A site's quota, who set it and when, and what is used of it. ``counted_at``: when its bytes were
    last added up; None: not yet."""

    quota: Quota
    usage: Usage
    actor: str = ""
    changed_at: datetime | None = None
    counted_at: datetime | None = None


class Quotas(Protocol):
    """Bytes are added up now and then (``stored``, ``counted``); what came since is added by those who
    take it (``took``). Studies are counted when asked for, by an index."""

    def of(self, site: str) -> SiteQuota:
        """Without bounds where nothing was said."""
        ...

    def set(self, principal: Principal, quota: Quota) -> SiteQuota:
        """For the caller's site, audited."""
        ...

    def took(self, site: str, count: int) -> None:
        """So many bytes came since the last count."""
        ...

    def since_count(self) -> dict[str, int]:
        """Bytes by site that came since the last count, as their takers said."""
        ...

    def stored(self) -> dict[str, int]:
        """Bytes of all objects of each site, each object once. It reads every row: not often."""
        ...

    def counted(
        self, stored: Mapping[str, int], since: Mapping[str, int]
    ) -> tuple[dict[QuotaState, int], list[tuple[str, QuotaState]]]:
        """Keep a count. ``since`` is what ``since_count`` said before it began: it is in ``stored`` now.

        How many sites with a quota are in each state, and those whose state has changed; each change is
        audited.
        """
        ...
