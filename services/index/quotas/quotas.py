"""Sites' quotas, and what they have used of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from services.domain.quota import WINDOW_HOURS, Quota, QuotaState, Usage, state_of
from services.domain.study import Principal, Role
from services.index.access.audit import AuditTable
from services.index.clinical.instances import OWN
from services.index.database import tables
from services.index.database.connection import Session
from services.index.database.tables.quotas import quotas, site_usage
from services.index.quotas.port import SiteQuota


class QuotasTable:
    """The port's ``Quotas``."""

    def __init__(self, session: Session, audit: AuditTable) -> None:
        self._session = session
        self._audit = audit

    def of(self, site: str) -> SiteQuota:
        """Without bounds where nothing was said."""
        kept = self._execute(select(quotas).where(quotas.c.site == site)).mappings().first()
        used = self._execute(select(site_usage).where(site_usage.c.site == site)).mappings().first()
        count = used["stored_bytes"] + used["since_bytes"] if used else 0
        usage = Usage(max(count, 0), self._studies(site))
        at = used["counted_at"] if used else None
        if kept is None:
            return SiteQuota(Quota(), usage, counted_at=at)
        quota = Quota(kept["stored_bytes"], kept["daily_studies"])
        return SiteQuota(quota, usage, kept["actor"], kept["changed_at"], at)

    def set(self, principal: Principal, quota: Quota) -> SiteQuota:
        """For the caller's site, audited."""
        bounds = {"stored_bytes": quota.stored_bytes, "daily_studies": quota.daily_studies}
        row = {
            "site": principal.site,
            **bounds,
            "actor": principal.subject,
            "changed_at": self._session.now(),
        }
        self._execute(delete(quotas).where(quotas.c.site == principal.site))
        self._execute(insert(quotas), row)
        self._audit.add(principal, "quota.changed", principal.site, bounds)
        return self.of(principal.site)

    def took(self, site: str, count: int) -> None:
        """So many bytes came since the last count."""
        self._known(site)
        columns = site_usage.c
        change = update(site_usage).where(columns.site == site)
        self._execute(change.values(since_bytes=columns.since_bytes + count))

    def since_count(self) -> dict[str, int]:
        """Bytes by site that came since the last count."""
        query = select(site_usage.c.site, site_usage.c.since_bytes)
        return {row.site: row.since_bytes for row in self._execute(query)}

    def stored(self) -> dict[str, int]:
        """Bytes of all objects of each site; a version's copies of another's objects count once."""
        received, made = tables.instances.c, tables.artefacts.c
        count: Counter[str] = Counter()
        for site, size in self._execute(
            select(received.site, func.sum(received.size)).group_by(received.site)
        ):
            count[site] += int(size)
        each = (
            select(made.site, func.max(made.size).label("size"))
            .where(made.kind.not_in(OWN))  # those are instances, too
            .group_by(made.site, made.sha256)
            .subquery()
        )
        for site, size in self._execute(
            select(each.c.site, func.sum(each.c.size)).group_by(each.c.site)
        ):
            count[site] += int(size)
        return dict(count)

    def counted(
        self, stored: Mapping[str, int], since: Mapping[str, int]
    ) -> tuple[dict[QuotaState, int], list[tuple[str, QuotaState]]]:
        """Keep a count; sites by state, and changed states."""
        states: Counter[QuotaState] = Counter()
        changes = []
        columns, now = site_usage.c, self._session.now()
        for site in sorted({*stored, *since}):
            self._known(site)
            values: dict[str, Any] = {"stored_bytes": stored.get(site, 0), "counted_at": now}
            rest = columns.since_bytes - since.get(site, 0)
            values["since_bytes"] = rest
            self._execute(update(site_usage).where(columns.site == site).values(values))
        for site, before in self._bounded():
            kept = self.of(site)
            state = state_of(kept.quota, kept.usage)
            states[state] += 1
            if state.value != before:
                changes.append((site, state))
                self._say(site, state, kept)
        return dict(states), changes

    def _say(self, site: str, state: QuotaState, kept: SiteQuota) -> None:
        self._known(site)
        change = update(site_usage).where(site_usage.c.site == site)
        self._execute(change.values(state=state.value))
        detail = {"bytes": kept.usage.stored_bytes, "studies": kept.usage.daily_studies}
        by = Principal("hub", site, Role.ADMIN)
        self._audit.add(by, f"quota.{state.value}", site, detail)

    def _bounded(self) -> list[tuple[str, str]]:
        """(site, state that was said last) of those with a quota."""
        query = select(quotas.c.site, func.coalesce(site_usage.c.state, QuotaState.ROOM.value))
        query = query.join(site_usage, site_usage.c.site == quotas.c.site, isouter=True)
        return [(row[0], row[1]) for row in self._execute(query.order_by(quotas.c.site)).all()]

    def _studies(self, site: str) -> int:
        columns = tables.studies.c
        since = self._session.now() - timedelta(hours=WINDOW_HOURS)
        query = select(func.count()).where(columns.site == site, columns.received_at > since)
        return int(self._execute(query).scalar_one())

    def _known(self, site: str) -> None:
        values = {
            "site": site,
            "stored_bytes": 0,
            "since_bytes": 0,
            "state": QuotaState.ROOM.value,
            "counted_at": None,
        }
        self._session.insert_new(site_usage, values)

    def _execute(self, *statement: Any) -> Any:
        return self._session.connection.execute(*statement)
