"""Webhooks: the receivers outside that subscribe to a site's events."""

from __future__ import annotations

import base64
import secrets

from sqlalchemy import RowMapping, bindparam, delete, insert, select

from services.domain.errors import NotFound
from services.domain.work import consequences
from services.index.database.session import Session, new_id
from services.index.database.tables_access import webhooks
from services.index.port import Webhook

_OF_SITE = select(webhooks).where(webhooks.c.site == bindparam("of")).order_by(webhooks.c.id)


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
