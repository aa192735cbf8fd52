"""Orders: placed, changed, found; the same order twice is one."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import RowMapping, and_, or_, select, update

from services.domain.errors import Conflict, NotFound
from services.domain.orders.order import NewOrder, OrderState
from services.domain.patient import differences, fold
from services.domain.study import IngestSource, Principal
from services.index.access.audit import AuditTable
from services.index.clinical.study_columns import study_of
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.database.tables.orders import orders
from services.index.orders.matching import OrderMatching
from services.index.orders.port import Order, OrderQuery, order_detail
from services.index.record.identity import IdentityTable
from services.index.records import Study

_LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # none that looks like another


class OrdersTable:
    """The port's ``Orders``; how a study meets one stands in ``matching``."""

    def __init__(
        self,
        session: Session,
        matching: OrderMatching,
        identities: IdentityTable,
        audit: AuditTable,
    ) -> None:
        self._session = session
        self._matching = matching
        self._identities = identities
        self._audit = audit

    # --- placed -----------------------------------------------------------------------------------
    def place(self, principal: Principal, new: NewOrder) -> tuple[Order, bool]:
        """The order, and whether it is new; see the port. Raises InvalidInput, Conflict."""
        new.check()
        known = self._known(principal.site, new)
        if known is not None:
            return self.change(principal, known.id, new), False
        now = self._session.now()
        values = {
            **_values(new),
            "id": new_id(),
            "site": principal.site,
            "accession": new.accession or own_accession(new.day),
            "study_uid": new.study_uid or f"2.25.{uuid4().int}",
            "state": OrderState.SCHEDULED.value,
            "source": new.source.value,
            "created_at": now,
            "changed_at": now,
        }
        if not self._session.insert_new(orders, values):
            known = self._known(principal.site, new)
            if known is None:
                raise Conflict("Another order has this Study Instance UID.")
            return self.change(principal, known.id, new), False
        made = self.get(principal.site, str(values["id"]))
        self._tell(principal, "order.placed", made)
        return made, True

    def _known(self, site: str, new: NewOrder) -> Order | None:
        if new.placer and (known := self.by_placer(site, new.placer_system, new.placer)):
            return known
        known = self.by_accession(site, new.accession) if new.accession else None
        if known is not None and known.number != new.identity.number:
            raise Conflict("An order of another patient has this accession number.")
        return known

    def change(self, principal: Principal, order_id: str, new: NewOrder) -> Order:
        """What is said anew of a known order; see the port. Raises NotFound, Conflict, InvalidInput."""
        new.check()
        row = self._lock(order_id, principal.site)
        known = Order.of(row)
        begun = row["state"] not in (OrderState.SCHEDULED, OrderState.CANCELLED)
        if begun and differences(known.identity, new.identity):
            raise Conflict(
                "This order has begun for a patient with another number, name or birth date."
            )
        values = _values(new)
        if begun:
            values = {key: value for key, value in values.items() if value}
        elif row["state"] == OrderState.CANCELLED:
            values["state"] = OrderState.SCHEDULED.value
        for name in ("accession", "study_uid"):  # machines may know them already
            if not begun and getattr(new, name):
                values[name] = getattr(new, name)
        if all(row[key] == value for key, value in values.items()):
            return known
        taken = self.by_accession(principal.site, str(values.get("accession", "")))
        if taken is not None and taken.id != known.id:
            raise Conflict("Another order has this accession number.")
        self._set(known.id, **values)
        changed = self.get(principal.site, known.id)
        self._tell(principal, "order.changed", changed)
        return changed

    def set_state(self, principal: Principal, order_id: str, state: OrderState) -> Order:
        """See the port. Raises NotFound, Conflict."""
        row = self._lock(order_id, principal.site)
        if row["state"] == state:
            return Order.of(row)
        if state is OrderState.CANCELLED and self.studies(principal.site, [order_id])[order_id]:
            raise Conflict("Images have come for this order: it cannot be cancelled.")
        self._set(order_id, state=state.value)
        changed = self.get(principal.site, order_id)
        self._tell(principal, "order.changed", changed)
        return changed

    # --- found ------------------------------------------------------------------------------------
    def get(self, site: str, order_id: str) -> Order:
        """Raises NotFound."""
        order = self._one(orders.c.site == site, orders.c.id == order_id)
        if order is None:
            raise NotFound
        return order

    def by_placer(self, site: str, system: str, number: str) -> Order | None:
        """The order that was placed under this number."""
        columns = orders.c
        return self._one(
            columns.site == site, columns.placer_system == system, columns.placer == number
        )

    def by_accession(self, site: str, accession: str) -> Order | None:
        """The order of this accession number."""
        return self._one(orders.c.site == site, orders.c.accession == accession)

    def find(self, site: str, query: OrderQuery) -> list[Order]:
        """By day and time, oldest first."""
        columns = orders.c
        conditions = [columns.site == site]
        if query.day_from:
            conditions.append(columns.day >= query.day_from)
        if query.day_to:
            conditions.append(columns.day <= query.day_to)
        if query.states:
            conditions.append(columns.state.in_([one.value for one in query.states]))
        if query.station:
            conditions.append(columns.station.in_(["", query.station]))
        statement = select(orders).where(and_(*conditions))
        statement = statement.order_by(columns.day, columns.time, columns.id)
        words = fold(query.text).replace("^", " ").split()
        if not words:
            statement = statement.limit(query.limit)
        rows = self._session.connection.execute(statement).mappings()
        return [Order.of(row) for row in rows if _says(row, words)][: query.limit]

    def studies(self, site: str, order_ids: Collection[str]) -> dict[str, list[Study]]:
        """Studies that met each order, oldest first."""
        studies: dict[str, list[Study]] = {one: [] for one in order_ids}
        columns = tables.studies.c
        query = select(tables.studies).where(
            columns.site == site, columns.order_id.in_(list(order_ids))
        )
        for row in self._session.connection.execute(query.order_by(columns.id)).mappings():
            studies[row["order_id"]].append(study_of(row))
        return studies

    def unmatched(self, site: str, day_from: str, limit: int) -> list[Study]:
        """Studies that came on this day or later, or are of it, and met no order; see the port. A machine's
        clock may be wrong, and a study may be sent late."""
        columns = tables.studies.c
        dated = columns.study_date >= day_from.replace("-", "")
        midnight = datetime.fromisoformat(day_from).astimezone(UTC)
        received = columns.received_at >= midnight
        query = select(tables.studies).where(
            columns.site == site,
            columns.order_id.is_(None),
            columns.withdrawn_at.is_(None),
            columns.source != IngestSource.PHONE.value,
            or_(dated, received),
        )
        query = query.order_by(columns.received_at.desc(), columns.id.desc()).limit(limit)
        return [study_of(row) for row in self._session.connection.execute(query).mappings()]

    # --- a person matches -------------------------------------------------------------------------
    def match(self, principal: Principal, order_id: str, study_id: str) -> None:
        """See the port. Raises NotFound, Conflict."""
        order = self.get(principal.site, order_id)
        row = self._session.lock_study(study_id, principal.site)
        if row["order_id"] is not None:
            raise Conflict("This study has an order already.")
        if row["clash"] is not None:
            raise Conflict("Decide first whose this study is.")
        self._matching.join(principal, row, order)
        self._identities.tell(principal, study_id, "order.matched", {"order": order_id})

    def unmatch(self, principal: Principal, study_id: str) -> None:
        """See the port. Raises NotFound."""
        row = self._session.lock_study(study_id, principal.site)
        if row["order_id"] is None:
            return
        self._matching.part(row)
        self._identities.tell(principal, study_id, "order.parted", {"order": row["order_id"]})

    # --- rows -------------------------------------------------------------------------------------
    def _tell(self, principal: Principal, action: str, order: Order) -> None:
        self._audit.add(principal, action, order.id, order_detail(order))

    def _lock(self, order_id: str, site: str) -> RowMapping:
        query = select(orders).where(orders.c.site == site, orders.c.id == order_id)
        row = self._session.connection.execute(query.with_for_update()).mappings().first()
        if row is None:
            raise NotFound
        return row

    def _set(self, order_id: str, **values: Any) -> None:
        change = update(orders).where(orders.c.id == order_id)
        values["changed_at"] = self._session.now()
        self._session.connection.execute(change.values(**values))

    def _one(self, *conditions: Any) -> Order | None:
        query = select(orders).where(and_(*conditions))
        row = self._session.connection.execute(query).mappings().first()
        return Order.of(row) if row is not None else None


def own_accession(day: str) -> str:
    """An accession number of the hub's own: the day, and what makes it the only one."""
    return f"F{day.replace('-', '')[2:]}{''.join(secrets.choice(_LETTERS) for _ in range(6))}"


def _values(new: NewOrder) -> dict[str, Any]:
    """What a placer may change of an order, as columns."""
    values = asdict(new)
    identity = values.pop("identity")
    for name in ("source", "accession", "study_uid"):
        del values[name]
    return {**values, **identity}


def _says(row: RowMapping, words: list[str]) -> bool:
    said = fold(f"{row['name']} {row['number']} {row['accession']}").replace("^", " ")
    return all(word in said for word in words)
