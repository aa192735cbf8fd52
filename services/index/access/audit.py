"""Who did what."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, insert, select

from services.domain.study import Principal
from services.index.database.connection import Session
from services.index.database.tables import audit
from services.index.port import AuditEntry

_INSERT = insert(audit)


class AuditTable:
    """Append-only; the database's triggers refuse any change."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, principal: Principal, action: str, subject: str, detail: dict[str, Any] | None = None
    ) -> None:
        """In the caller's transaction: what is rolled back was not done."""
        values = {
            "at": self._session.now(),
            "site": principal.site,
            "actor": principal.subject,
            "action": action,
            "subject": subject,
            "detail": detail or {},
        }
        self._session.connection.execute(_INSERT, values)

    def first_actor(self, site: str, action: str, subject: str) -> str | None:
        """Who did this first; None: nobody."""
        query = select(audit.c.actor).where(
            audit.c.site == site, audit.c.subject == subject, audit.c.action == action
        )
        query = query.order_by(audit.c.seq).limit(1)
        return self._session.connection.execute(query).scalar_one_or_none()

    def find(
        self, site: str, *, subject: str | None = None, limit: int = 200, before: int | None = None
    ) -> list[AuditEntry]:
        """Newest first; ``before`` is the ``seq`` to go on from."""
        query = select(audit).where(audit.c.site == site)
        if subject is not None:
            query = query.where(audit.c.subject == subject)
        if before is not None:
            query = query.where(audit.c.seq < before)
        query = query.order_by(audit.c.seq.desc()).limit(limit)
        return [_entry(row) for row in self._session.connection.execute(query).mappings()]


def _entry(row: RowMapping) -> AuditEntry:
    return AuditEntry(**row)
