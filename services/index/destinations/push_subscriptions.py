"""Browsers that people subscribed to a destination."""

from __future__ import annotations

import hashlib

from sqlalchemy import RowMapping, delete, insert, select

from services.domain.errors import Conflict
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import accounts
from services.index.database.tables.destinations import push_subscriptions
from services.index.destinations.destinations import DestinationsTable
from services.index.destinations.push_subscriptions_port import PushSubscription

MOST = 10  # browsers of one person


class PushSubscriptionsTable:
    """The port's ``PushSubscriptions``."""

    def __init__(
        self, session: Session, destinations: DestinationsTable, audit: AuditTable
    ) -> None:
        self._session, self._destinations, self._audit = session, destinations, audit

    def add(
        self,
        who: Principal,
        destination_id: str,
        account_id: str,
        endpoint: str,
        key: str,
        secret: str,
        language: str,
    ) -> PushSubscription:
        """See the port."""
        destination = self._destinations.get(who.site, destination_id)
        same = push_subscriptions.c.endpoint_hash == _hash(endpoint)
        self._session.connection.execute(delete(push_subscriptions).where(same))
        if len(self.of_account(who.site, account_id)) >= MOST:
            raise Conflict(f"At most {MOST} browsers of one person; end one elsewhere first.")
        values = {
            "id": new_id(),
            "site": who.site,
            "destination_id": destination.id,
            "account_id": account_id,
            "endpoint": endpoint,
            "endpoint_hash": _hash(endpoint),
            "key": key,
            "secret": secret,
            "language": language,
            "created_at": self._session.now(),
        }
        self._session.connection.execute(insert(push_subscriptions), values)
        self._audit.add(who, "push.subscribed", account_id, {"subscription": values["id"]})
        return _subscription(values)  # type: ignore[arg-type]

    def find(self, site: str, destination_id: str) -> list[PushSubscription]:
        """See the port."""
        columns = push_subscriptions.c
        query = (
            select(push_subscriptions)
            .join(accounts, accounts.c.id == columns.account_id)
            .where(
                columns.site == site,
                accounts.c.site == site,
                columns.destination_id == destination_id,
                accounts.c.disabled_at.is_(None),
            )
            .order_by(columns.id)
        )
        return [_subscription(row) for row in self._session.connection.execute(query).mappings()]

    def of_account(self, site: str, account_id: str) -> list[PushSubscription]:
        """See the port."""
        columns = push_subscriptions.c
        query = select(push_subscriptions).where(
            columns.site == site, columns.account_id == account_id
        )
        rows = self._session.connection.execute(query.order_by(columns.id)).mappings()
        return [_subscription(row) for row in rows]

    def remove(self, who: Principal, account_id: str, endpoint: str) -> None:
        """See the port."""
        columns = push_subscriptions.c
        mine = (
            columns.site == who.site,
            columns.account_id == account_id,
            columns.endpoint_hash == _hash(endpoint),
        )
        if self._session.connection.execute(delete(push_subscriptions).where(*mine)).rowcount:
            self._audit.add(who, "push.unsubscribed", account_id)

    def forget(self, site: str, subscription_id: str) -> None:
        """See the port."""
        columns = push_subscriptions.c
        gone = delete(push_subscriptions).where(columns.site == site, columns.id == subscription_id)
        self._session.connection.execute(gone)


def _hash(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()


def _subscription(row: RowMapping) -> PushSubscription:
    return PushSubscription(**{k: v for k, v in row.items() if k != "endpoint_hash"})
