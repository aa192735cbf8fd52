"""The jobs that wait for a worker, by site: which sites have some, which is first, who had a turn when.

Each question reads the index ``ix_jobs_waiting`` at one place for each site that waits, however many jobs a
site has and however many are done.
"""

from __future__ import annotations

from datetime import datetime
from functools import cache
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Select,
    and_,
    bindparam,
    exists,
    func,
    literal_column,
    or_,
    select,
    update,
)

from services.domain.site_queues import SiteQueue
from services.index.database import tables
from services.index.database.connection import Session
from services.index.database.tables.messaging import site_queues
from services.index.records import JobState

_JOBS = tables.jobs.c
_URGENT: ColumnElement[bool] = bindparam("urgent", type_=_JOBS.urgent.type)
# Written out: with a parameter neither database would know that the partial index may be used.
_QUEUED = tables.jobs.c.state == literal_column(f"'{JobState.QUEUED.value}'")


class SiteQueues:
    """``first`` locks the study of the job that it names; the others lock nothing."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def waiting(self) -> list[SiteQueue]:
        """Those that have a job whose time has come; ``first`` says whether a worker may have one now."""
        now, queues = self._session.now(), []
        for urgent in (True, False):
            rows = self._session.connection.execute(_waiting_sites(), {"urgent": urgent})
            queues += [
                SiteQueue(row.site, urgent, row.oldest, row.served_at)
                for row in rows
                if row.oldest is not None and row.oldest <= now
            ]
        return queues

    def first(self, queue: SiteQueue, *, unlocked: bool) -> str | None:
        """The job of the queue that has waited longest; None: there is none that a worker may have now.

        ``unlocked``: of those whose study nobody holds; the study is the caller's then.
        """
        values = {"urgent": queue.urgent, "site": queue.site, "now": self._session.now()}
        return self._session.connection.execute(_first(unlocked=unlocked), values).scalar()

    def served(self, site: str, *, urgent: bool) -> None:
        """A job of the site was begun now."""
        now: datetime = self._session.now()
        key = and_(site_queues.c.site == site, site_queues.c.urgent == urgent)
        change = update(site_queues).where(key).values(served_at=now)
        if self._session.connection.execute(change).rowcount == 0:
            values = {"site": site, "urgent": urgent, "served_at": now}
            self._session.insert_new(site_queues, values)


@cache
def _waiting_sites() -> Select[Any]:
    """From one site to the next in the index, without reading the jobs between."""
    sites = _sites()
    oldest = (
        select(func.min(_JOBS.available_at))
        .where(_QUEUED, _JOBS.urgent == _URGENT, _JOBS.site == sites.c.site)
        .scalar_subquery()
    )
    had = and_(site_queues.c.site == sites.c.site, site_queues.c.urgent == _URGENT)
    return (
        select(sites.c.site, oldest.label("oldest"), site_queues.c.served_at)
        .select_from(sites.outerjoin(site_queues, had))
        .where(sites.c.site.is_not(None))
    )


def _sites() -> CTE:
    waiting = and_(_QUEUED, _JOBS.urgent == _URGENT)
    sites = select(func.min(_JOBS.site).label("site")).where(waiting).cte("sites", recursive=True)
    following = (
        select(func.min(_JOBS.site)).where(waiting, _JOBS.site > sites.c.site).scalar_subquery()
    )
    return sites.union_all(select(following).where(sites.c.site.is_not(None)))


@cache
def _first(*, unlocked: bool) -> Select[str]:
    now: ColumnElement[datetime] = bindparam("now", type_=_JOBS.available_at.type)
    other = tables.jobs.alias("other")
    running = exists().where(  # one job of a study at a time
        other.c.study_id == _JOBS.study_id,
        other.c.state == JobState.LEASED.value,
        other.c.lease_until > now,
    )
    query = (
        select(_JOBS.id)
        .join(tables.studies, tables.studies.c.id == _JOBS.study_id)
        .where(
            _QUEUED,
            _JOBS.urgent == _URGENT,
            _JOBS.site == bindparam("site", type_=_JOBS.site.type),
            _JOBS.available_at <= now,
            or_(_JOBS.due_at.is_(None), _JOBS.due_at <= now),
            ~running,
        )
        .order_by(_JOBS.available_at, _JOBS.id)
        .limit(1)
    )
    if unlocked:
        query = query.with_for_update(of=tables.studies, key_share=True, skip_locked=True)
    return query
