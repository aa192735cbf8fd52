"""Machines' procedure steps (MPPS): begun, ended; the order goes along, and so does the wait for images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select, update

from services.domain.errors import NotFound
from services.domain.orders.order import OrderState, StepNews
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.clinical.studies import StudiesTable
from services.index.database.connection import Session
from services.index.database.tables.orders import orders, procedure_steps
from services.index.orders.completed_steps import CompletedSteps
from services.index.orders.orders import OrdersTable
from services.index.orders.port import ProcedureStep


class ProcedureStepsTable:
    """The port's ``ProcedureSteps``."""

    def __init__(
        self, session: Session, orders: OrdersTable, studies: StudiesTable, audit: AuditTable
    ) -> None:
        self._session = session
        self._orders = orders
        self._studies = studies
        self._completed = CompletedSteps(session)
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
            "study_uid": news.study_uid,
            "images": list(news.images),
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
            values["performed"], values["images"] = list(news.performed), list(news.images)
        change = update(procedure_steps).where(*mine).values(**values)
        self._session.connection.execute(change)
        if (
            news.state is OrderState.COMPLETED
        ):  # studies are locked before orders, as where images come
            self._end_quiet_time(principal, {**row, **values})
        self._follow(principal, row["order_id"], news)
        return True

    def _end_quiet_time(self, principal: Principal, step: Mapping[str, Any]) -> None:
        if not self._completed.all_here(step["site"], step["images"]):
            return  # the last image ends it
        named = (step["site"], step["order_id"], step["study_uid"], step["performed"])
        for study_id in self._completed.studies(*named):
            self._studies.complete(principal, study_id)

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
                order_id = self._session.connection.execute(query).scalar()
                if order_id is not None:
                    return str(order_id)
        return None

    def _follow(self, principal: Principal, order_id: str | None, news: StepNews) -> None:
        """The order is where its step is; a step that begins again opens one that had ended."""
        if order_id is None:
            self._audit.add(principal, "step.unordered", news.uid, {"state": news.state.value})
            return
        self._orders.set_state(principal, order_id, news.state)
