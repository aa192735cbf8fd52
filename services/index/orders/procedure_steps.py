"""Machines' procedure steps (MPPS): begun, ended; the order goes along."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select, update

from services.domain.errors import NotFound
from services.domain.order import OrderState, StepNews
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database.connection import Session
from services.index.database.tables.orders import orders, procedure_steps
from services.index.orders.orders import OrdersTable
from services.index.orders.port import ProcedureStep


class ProcedureStepsTable:
    """The port's ``ProcedureSteps``."""

    def __init__(self, session: Session, found: OrdersTable, audit: AuditTable) -> None:
        self._session = session
        self._orders = found
        self._audit = audit

    def begin(self, principal: Principal, news: StepNews) -> bool:
        """False: the step is known; see the port."""
        order_id, now = self._order_of(principal.site, news), self._session.now()
        row = {
            "site": principal.site,
            "uid": news.uid,
            "order_id": order_id,
            "state": news.state.value,
            "station": news.station,
            "performed": list(news.performed),
            "created_at": now,
            "changed_at": now,
        }
        if not self._session.insert_new(procedure_steps, row):
            return False
        self._follow(principal, order_id, news)
        return True

    def end(self, principal: Principal, news: StepNews) -> bool:
        """False: it has ended already; see the port. Raises NotFound."""
        columns = procedure_steps.c
        mine = (columns.site == principal.site, columns.uid == news.uid)
        query = select(procedure_steps).where(*mine).with_for_update()
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        if row["state"] != OrderState.IN_PROGRESS:
            return False
        values: dict[str, Any] = {"state": news.state.value, "changed_at": self._session.now()}
        if news.performed:
            values["performed"] = list(news.performed)
        change = update(procedure_steps).where(*mine).values(**values)
        self._session.connection.execute(change)
        self._follow(principal, row["order_id"], news)
        return True

    def find(self, site: str, order_id: str) -> list[ProcedureStep]:
        """Oldest first."""
        columns = procedure_steps.c
        query = select(procedure_steps).where(columns.site == site, columns.order_id == order_id)
        rows = self._session.connection.execute(query.order_by(columns.created_at)).mappings()
        return [ProcedureStep(**{**row, "state": OrderState(row["state"])}) for row in rows]

    def _order_of(self, site: str, news: StepNews) -> str | None:
        for column, value in (
            (orders.c.accession, news.accession),
            (orders.c.study_uid, news.study_uid),
        ):
            if value:
                query = select(orders.c.id).where(orders.c.site == site, column == value)
                found = self._session.connection.execute(query).scalar()
                if found is not None:
                    return str(found)
        return None

    def _follow(self, principal: Principal, order_id: str | None, news: StepNews) -> None:
        """The order is where its step is; a step that begins again opens one that had ended."""
        if order_id is None:
            self._audit.add(principal, "step.unordered", news.uid, {"state": news.state.value})
            return
        self._orders.set_state(principal, order_id, news.state)
