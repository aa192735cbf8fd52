"""What happened, for pages (SSE) and webhooks, and the receivers outside that subscribe to it.

Events are kept until the transaction ends and numbered last of all: the counter's row is held only
for the moment of the commit, is always the last lock taken, and no number becomes visible before a
smaller one.
"""

from __future__ import annotations

import base64
import secrets
from typing import Any

from sqlalchemy import RowMapping, bindparam, delete, insert, select, update

from services.domain.errors import NotFound
from services.domain.work import consequences
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import webhooks
from services.index.database.tables.messaging import event_counters, events
from services.index.messaging.port import Event
from services.index.port import Webhook

_COLUMNS = tuple(events.c.keys())
_INSERT = insert(events)
_COUNT = (
    update(event_counters)
    .where(event_counters.c.site == bindparam("of"))
    .values(seq=event_counters.c.seq + bindparam("more"))
    .returning(event_counters.c.seq)
)
_OF_SITE = select(webhooks).where(webhooks.c.site == bindparam("of")).order_by(webhooks.c.id)


class EventsTable:
    """The port's ``Events``."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._waiting: list[tuple[str, str, str, dict[str, Any]]] = []

    def add(self, site: str, type: str, study_id: str, payload: dict[str, Any]) -> None:
        """Written at the end of the transaction, with the deliveries that it causes."""
        self._waiting.append((site, type, study_id, payload))

    def since(
        self, site: str, seq: int, *, study_id: str | None = None, limit: int = 500
    ) -> list[Event]:
        """Those after ``seq``, oldest first."""
        query = select(events).where(events.c.site == site, events.c.seq > seq)
        if study_id is not None:
            query = query.where(events.c.study_id == study_id)
        query = query.order_by(events.c.seq).limit(limit)
        return [_event(row) for row in self._session.connection.execute(query).mappings()]

    def latest(self, site: str) -> int:
        """The highest number; 0 when there is none."""
        query = select(event_counters.c.seq).where(event_counters.c.site == site)
        return self._session.connection.execute(query).scalar_one_or_none() or 0

    def flush(self) -> dict[str, list[Event]]:
        """Number and write what waits; the events of each site."""
        waiting, self._waiting = self._waiting, []
        written: dict[str, list[Event]] = {}
        for site in sorted({site for site, *_ in waiting}):
            mine = [event for event in waiting if event[0] == site]
            first, now = self._reserve(site, len(mine)), self._session.now()
            written[site] = [
                Event(seq, site, type_, study_id, payload, now)
                for seq, (_, type_, study_id, payload) in enumerate(mine, first)
            ]
            rows = [{name: getattr(event, name) for name in _COLUMNS} for event in written[site]]
            self._session.connection.execute(_INSERT, rows)
        return written

    def _reserve(self, site: str, count: int) -> int:
        """The first of ``count`` numbers that are this transaction's."""
        last = self._advance(site, count)
        if last is None:  # the site's first events
            self._session.insert_new(event_counters, {"site": site, "seq": 0})
            last = self._advance(site, count)
        assert last is not None
        return last - count + 1

    def _advance(self, site: str, count: int) -> int | None:
        step = {"of": site, "more": count}
        return self._session.connection.execute(_COUNT, step).scalar_one_or_none()


def _event(row: RowMapping) -> Event:
    return Event(**row)


class WebhooksTable:
    """The port's ``Webhooks``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, site: str, url: str, events: tuple[str, ...]) -> Webhook:
        """With a new secret, which the caller shows once."""
        hook = Webhook(
            id=new_id(),
            site=site,
            url=url,
            secret="whsec_" + base64.b64encode(secrets.token_bytes(32)).decode(),
            events=events,
            created_at=self._session.now(),
        )
        values = {
            "id": hook.id,
            "site": hook.site,
            "url": hook.url,
            "secret": hook.secret,
            "events": list(hook.events),
            "created_at": hook.created_at,
            "disabled": hook.disabled,
        }
        self._session.connection.execute(insert(webhooks), values)
        return hook

    def find(self, site: str) -> list[Webhook]:
        """Oldest first."""
        rows = self._session.connection.execute(_OF_SITE, {"of": site}).mappings()
        return [_webhook(row) for row in rows]

    def get(self, webhook_id: str) -> Webhook:
        """Of any site. Raises NotFound."""
        query = select(webhooks).where(webhooks.c.id == webhook_id)
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        return _webhook(row)

    def delete(self, site: str, webhook_id: str) -> None:
        """What waits for it is not delivered any more. Raises NotFound."""
        where = (webhooks.c.id == webhook_id, webhooks.c.site == site)
        if self._session.connection.execute(delete(webhooks).where(*where)).rowcount == 0:
            raise NotFound


def wants(hook: Webhook, event_type: str) -> bool:
    """Whether a webhook gets events of this type: those it names, or all that need no naming."""
    if hook.disabled:
        return False
    return event_type in hook.events if hook.events else consequences(event_type).webhooks


def _webhook(row: RowMapping) -> Webhook:
    return Webhook(**{**row, "events": tuple(row["events"])})
