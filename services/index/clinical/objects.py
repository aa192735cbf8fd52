"""What the index knows about the object store: its own identity, and orphans in quarantine."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete, select

from services.index.database.connection import Session, new_id
from services.index.database.tables.objects import index_identity, orphans

_ONLY = 1  # the number of the one row


class ObjectsTable:
    """The port's ``Objects``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def identity(self) -> str:
        """The identity of this index (a UUID), made when it is first asked for."""
        self._session.insert_new(index_identity, {"number": _ONLY, "identity": new_id()})
        query = select(index_identity.c.identity)
        return str(self._session.connection.execute(query).scalar_one())

    def quarantine(self, objects: Iterable[tuple[str, str]]) -> int:
        """Mark (site, SHA-256) as orphans; those marked before keep their time. How many are new."""
        now = self._session.now()
        return sum(
            self._session.insert_new(orphans, {"site": site, "sha256": sha256, "since": now})
            for site, sha256 in objects
        )

    def quarantined(self, seconds: float = 0.0) -> list[tuple[str, str]]:
        """(site, SHA-256) of objects that have been marked for at least ``seconds``."""
        until = self._session.now() - timedelta(seconds=seconds)
        query = select(orphans.c.site, orphans.c.sha256).where(orphans.c.since <= until)
        return [(row.site, row.sha256) for row in self._session.connection.execute(query)]

    def release(self, objects: Iterable[tuple[str, str]]) -> int:
        """Take objects out of the quarantine; how many were in it."""
        columns = orphans.c
        return sum(
            self._session.connection.execute(
                delete(orphans).where(columns.site == site, columns.sha256 == sha256)
            ).rowcount
            for site, sha256 in objects
        )
