"""What happened, for pages (SSE) and webhooks.

Events are kept until the transaction ends and numbered last of all: the counter's row is held only
for the moment of the commit, is always the last lock taken, and no number becomes visible before a
smaller one.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, bindparam, insert, select, update

from services.domain.work import DeliveryKind, consequences
from services.index.access.port import Webhook
from services.index.access.webhooks import WebhooksTable, wants
from services.index.database.compiled_statements import Prepared
from services.index.database.session import Session
from services.index.database.tables_messaging import event_counters, events
from services.index.messaging.deliveries import DeliveriesTable, HasPacs
from services.index.messaging.port import Event

_INSERT = Prepared(lambda _: insert(events))
_COUNT = Prepared(
    lambda _: (
        update(event_counters)
        .where(event_counters.c.site == bindparam("of"))
        .values(seq=event_counters.c.seq + bindparam("more"))
        .returning(event_counters.c.seq)
    )
)


class EventsTable:
    """The port's ``Events``."""

    def __init__(
        self,
        session: Session,
        deliveries: DeliveriesTable,
        webhooks: WebhooksTable,
        has_pacs: HasPacs,
    ) -> None:
        self._session = session
        self._deliveries = deliveries
        self._webhooks = webhooks
        self._has_pacs = has_pacs
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
        """Number and write what waits, with a delivery for each receiver that it has outside."""
        waiting, self._waiting = self._waiting, []
        for site in sorted({site for site, *_ in waiting}):
            mine = [event for event in waiting if event[0] == site]
            hooks, has_pacs = self._webhooks.find(site), self._has_pacs(site)
            first = self._reserve(site, len(mine))
            for seq, event in enumerate(mine, first):
                row = self._row(seq, *event)
                _INSERT.run(self._session.connection, row)
                self._deliver(row, hooks, has_pacs)

    def _deliver(self, row: dict[str, Any], hooks: list[Webhook], has_pacs: bool) -> None:
        site, study_id = row["site"], row["study_id"]
        for hook in hooks:
            if wants(hook, row["type"]):
                self._deliveries.add(
                    DeliveryKind.WEBHOOK, site, study_id, webhook_id=hook.id, event_seq=row["seq"]
                )
        version = row["payload"].get("version")
        if has_pacs and version is not None and consequences(row["type"]).push:
            self._deliveries.add(DeliveryKind.PUSH, site, study_id, version=version)

    def _reserve(self, site: str, count: int) -> int:
        step = {"of": site, "more": count}
        row = _COUNT.run(self._session.connection, step)
        if row is None:  # the site's first events
            self._session.insert_new(event_counters, {"site": site, "seq": 0})
            row = _COUNT.run(self._session.connection, step)
        assert row is not None
        return int(row[0]) - count + 1

    def _row(
        self, seq: int, site: str, type_: str, study_id: str, payload: dict[str, Any]
    ) -> dict[str, Any]:
        return {
            "site": site,
            "seq": seq,
            "type": type_,
            "study_id": study_id,
            "payload": payload,
            "created_at": self._session.now(),
        }


def _event(row: RowMapping) -> Event:
    return Event(**row)
