"""What happened, for pages (SSE) and webhooks.

Events are kept until the transaction ends and numbered last of all: the counter's row is held only
for the moment of the commit, is always the last lock taken, and no number becomes visible before a
smaller one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from services.index.outbox import OutboxTable
from services.index.port import Event
from services.index.session import Session
from services.index.tables import event_counters, events
from services.index.webhooks import WebhooksTable, wants


class EventsTable:
    def __init__(self, session: Session, outbox: OutboxTable, webhooks: WebhooksTable) -> None:
        self._session = session
        self._outbox = outbox
        self._webhooks = webhooks
        self._waiting: list[tuple[str, str, str, dict[str, Any]]] = []

    def add(self, site: str, type: str, study_id: str, payload: dict[str, Any]) -> None:
        self._waiting.append((site, type, study_id, payload))

    def since(
        self, site: str, seq: int, *, study_id: str | None = None, limit: int = 500
    ) -> list[Event]:
        query = select(events).where(events.c.site == site, events.c.seq > seq)
        if study_id is not None:
            query = query.where(events.c.study_id == study_id)
        query = query.order_by(events.c.seq).limit(limit)
        return [_event(row) for row in self._session.connection.execute(query).mappings()]

    def latest(self, site: str) -> int:
        query = select(event_counters.c.seq).where(event_counters.c.site == site)
        return self._session.connection.execute(query).scalar_one_or_none() or 0

    def flush(self) -> None:
        """Number and write what waits, with an outbox row for each webhook that wants it."""
        waiting, self._waiting = self._waiting, []
        for site in sorted({site for site, *_ in waiting}):
            mine = [event for event in waiting if event[0] == site]
            hooks = self._webhooks.find(site)
            first = self._reserve(site, len(mine))
            for seq, (_, type_, study_id, payload) in enumerate(mine, first):
                self._write(site, seq, type_, study_id, payload)
                for hook in hooks:
                    if wants(hook, type_):
                        told = {"webhook_id": hook.id, "site": site, "event_seq": seq}
                        told |= {"type": type_, "study_id": study_id}
                        self._outbox.add("webhook", told, subject=study_id)

    def _reserve(self, site: str, count: int) -> int:
        self._session.insert_new(event_counters, {"site": site, "seq": 0})
        change = update(event_counters).where(event_counters.c.site == site)
        change = change.values(seq=event_counters.c.seq + count)
        statement = change.returning(event_counters.c.seq)
        last: int = self._session.connection.execute(statement).scalar_one()
        return last - count + 1

    def _write(
        self, site: str, seq: int, type_: str, study_id: str, payload: dict[str, Any]
    ) -> None:
        values = {
            "site": site,
            "seq": seq,
            "type": type_,
            "study_id": study_id,
            "payload": payload,
            "created_at": self._session.now(),
        }
        self._session.connection.execute(insert(events), values)


def _event(row: RowMapping) -> Event:
    return Event(**row)
