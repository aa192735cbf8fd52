"""Moments that no clock of sense has set: a clock that was ahead for a while left them behind.

A lease of a worker that died lay days ahead, and so did outbox rows: nobody could have them. What lies
further ahead than anything is ever put is due now.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Table, update

from services.domain.work import Work
from services.index.database import tables
from services.index.database.connection import Session
from services.index.database.tables.messaging import deliveries, outbox, site_queues
from services.index.messaging.jobs import LONGEST_QUIET
from services.index.records import JobState

_JOB_SECONDS = 3600.0  # no job is sent, or waits for images, later than so long from now
_DELIVERY_SECONDS = 7 * 3600.0  # the longest pause of a delivery is six hours


def bound_moments(session: Session, lease_seconds: int, quiet_seconds: float) -> int:
    """Bring back what lies too far ahead; how many rows.

    A lease gets the time of a new one, so that a worker that lives can renew it.
    """
    now = session.now()
    latest = now + timedelta(seconds=max(_JOB_SECONDS, LONGEST_QUIET * quiet_seconds))
    lease = now + timedelta(seconds=lease_seconds)
    late = now + timedelta(seconds=_DELIVERY_SECONDS)
    queued = tables.jobs.c.state == JobState.QUEUED.value
    leased = tables.jobs.c.state == JobState.LEASED.value
    of_jobs = outbox.c.topic == Work.ANALYSE.value
    return sum(
        (
            _bound(
                session, tables.jobs, "lease_until", lease + timedelta(seconds=60), lease, leased
            ),
            _bound(session, tables.jobs, "due_at", latest, now, queued),
            _bound(session, tables.jobs, "sent_at", latest, now, queued),
            _bound(session, tables.jobs, "available_at", latest, now, queued),
            _bound(session, site_queues, "served_at", now + timedelta(seconds=60), now),
            _bound(session, outbox, "due_at", latest, now, of_jobs),
            _bound(session, outbox, "due_at", late, now, ~of_jobs),
            _bound(session, deliveries, "next_attempt_at", late, now),
        )
    )


def _bound(
    session: Session,
    table: Table,
    column: str,
    most: datetime,
    instead: datetime,
    *where: ColumnElement[bool],
) -> int:
    change = update(table).where(table.c[column] > most, *where)
    return session.connection.execute(change.values({column: instead})).rowcount
