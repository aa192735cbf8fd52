"""What is to be sent after commit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import RowMapping, delete, func, insert, select, update

from services.index.database.connection import Session, new_id
from services.index.database.tables.messaging import outbox
from services.index.messaging.port import OutboxRow

_ERROR_LENGTH = 500
_BATCH = 500
_INSERT = insert(outbox)


class OutboxTable:
    """A row stays until it is done; whoever claims it has it for a while."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def add(
        self, topic: str, payload: dict[str, Any], *, delay: float = 0.0, subject: str = ""
    ) -> str:
        """``subject``: the job or delivery that it is about, so that it is not sent twice."""
        now, row_id = self._session.now(), new_id()
        values = {
            "id": row_id,
            "topic": topic,
            "subject": subject,
            "payload": payload,
            "created_at": now,
            "due_at": now + timedelta(seconds=delay),
            "attempts": 0,
            "error": "",
        }
        self._session.connection.execute(_INSERT, values)
        return row_id

    def drop(self, topic: str, subject: str) -> None:
        """Remove the rows about ``subject``: they are not needed any more."""
        change = delete(outbox).where(outbox.c.subject == subject, outbox.c.topic == topic)
        self._session.connection.execute(change)

    def claim(self, topic: str | None, limit: int, seconds: float = 30.0) -> list[OutboxRow]:
        """Rows that are due, oldest first, hidden from others for ``seconds``."""
        now = self._session.now()
        due = select(outbox.c.id).where(outbox.c.due_at <= now)
        if topic is not None:
            due = due.where(outbox.c.topic == topic)
        due = due.order_by(outbox.c.due_at, outbox.c.id).limit(limit)
        due = due.with_for_update(skip_locked=True)
        ids = list(self._session.connection.execute(due).scalars())
        if not ids:
            return []
        change = (
            update(outbox)
            .where(outbox.c.id.in_(ids))
            .values(due_at=now + timedelta(seconds=seconds), attempts=outbox.c.attempts + 1)
        )
        self._session.connection.execute(change)
        query = select(outbox).where(outbox.c.id.in_(ids)).order_by(outbox.c.id)
        return [_row(row) for row in self._session.connection.execute(query).mappings()]

    def done(self, *row_ids: str) -> None:
        """Remove rows that were sent."""
        for start in range(0, len(row_ids), _BATCH):
            batch = row_ids[start : start + _BATCH]
            self._session.connection.execute(delete(outbox).where(outbox.c.id.in_(batch)))

    def retry(self, row_id: str, delay: float, *, error: str) -> None:
        """Due again in ``delay`` s. ``error`` is a code."""
        due = self._session.now() + timedelta(seconds=delay)
        change = update(outbox).where(outbox.c.id == row_id)
        self._session.connection.execute(change.values(due_at=due, error=error[:_ERROR_LENGTH]))

    def pending(self, topic: str | None = None) -> int:
        """How many rows wait, due or not."""
        query = select(func.count()).select_from(outbox)
        if topic is not None:
            query = query.where(outbox.c.topic == topic)
        return self._session.connection.execute(query).scalar_one()


def _row(row: RowMapping) -> OutboxRow:
    return OutboxRow(
        id=row["id"],
        topic=row["topic"],
        subject=row["subject"],
        payload=row["payload"],
        created_at=row["created_at"],
        attempts=row["attempts"],
    )
