"""News of patients: orders that have not begun follow at once, records wait for a person."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from services.domain.errors import Conflict, NotFound
from services.domain.orders.order import OrderState, PatientNews
from services.domain.patient import Identity, completed, differences
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database.connection import Session, new_id
from services.index.database.tables.orders import orders, patient_news
from services.index.orders.port import WaitingNews
from services.index.record.identity import IdentityTable
from services.index.record.patients import PatientsTable

_WAITING, _ACCEPTED, _DECLINED = "", "accepted", "declined"


class PatientNewsTable:
    """The port's ``News``."""

    def __init__(
        self,
        session: Session,
        patients: PatientsTable,
        identities: IdentityTable,
        audit: AuditTable,
    ) -> None:
        self._session = session
        self._patients = patients
        self._identities = identities
        self._audit = audit

    def receive(self, principal: Principal, news: PatientNews) -> bool:
        """Whether it waits for a person; see the port."""
        site, said = principal.site, news.identity
        self._tell_orders(site, news.prior or said.number, said, begun=False)
        waits = self._merges(site, news) if news.prior else self._contradicts(principal, said)
        if waits and not self._known(site, news):
            values = {
                "id": new_id(), "site": site, "number": said.number, "prior": news.prior,
                "name": said.name, "birth_date": said.birth_date, "message": news.message,
                "received_at": self._session.now(), "decision": _WAITING, "decided_by": "",
                "decided_at": None,
            }  # fmt: skip
            self._session.connection.execute(insert(patient_news), values)
            kind = "merge" if news.prior else "update"
            self._audit.add(principal, "patient.news", str(values["id"]), {"kind": kind})
        return waits

    def waiting(self, site: str) -> list[WaitingNews]:
        """Oldest first."""
        columns = patient_news.c
        query = select(patient_news).where(columns.site == site, columns.decision == _WAITING)
        rows = self._session.connection.execute(query.order_by(columns.id)).mappings()
        return [self._waiting(row) for row in rows]

    def decide(self, principal: Principal, news_id: str, accept: bool) -> None:
        """See the port. Raises NotFound, Conflict."""
        columns = patient_news.c
        query = select(patient_news).where(columns.site == principal.site, columns.id == news_id)
        row = self._session.connection.execute(query.with_for_update()).mappings().first()
        if row is None:
            raise NotFound
        if row["decision"] != _WAITING:
            raise Conflict("This was decided already.")
        if accept:
            self._accept(principal, row)
        change = update(patient_news).where(columns.id == news_id)
        change = change.values(
            decision=_ACCEPTED if accept else _DECLINED,
            decided_by=principal.subject,
            decided_at=self._session.now(),
        )
        self._session.connection.execute(change)
        self._audit.add(principal, "patient.news.decided", news_id, {"accepted": accept})

    # --- what follows -----------------------------------------------------------------------------
    def _accept(self, principal: Principal, row: RowMapping) -> None:
        said = Identity(row["number"], row["name"], row["birth_date"])
        record = self._patients.by_number(principal.site, row["prior"] or said.number)
        if record is None:
            raise Conflict("There is no patient of this number any more.")
        if row["prior"]:
            studies = self._patients.pregnancies(principal.site, record.id)
            known = self._patients.by_number(principal.site, said.number)
            whole = Identity(said.number) if known is not None else said
            for one in (one for _, members in studies for one in members):
                self._identities.move(principal, one.study.id, whole, "merged by the hospital")
        else:
            changes = {"name": said.name, "birth_date": said.birth_date}
            given = {name: value for name, value in changes.items() if value}
            self._identities.correct(principal, record.id, given, "changed by the hospital")
        self._tell_orders(principal.site, row["prior"] or said.number, said, begun=True)

    def _contradicts(self, principal: Principal, said: Identity) -> bool:
        """What only adds to the record is taken at once."""
        record = self._patients.by_number(principal.site, said.number)
        if record is None:
            return False
        if differences(record.identity, said):
            return True
        whole = completed(record.identity, said)
        if whole != record.identity:
            self._patients.write(record.id, whole)
            self._audit.add(principal, "patient.completed", record.id, {})
        return False

    def _merges(self, site: str, news: PatientNews) -> bool:
        record = self._patients.by_number(site, news.prior)
        return record is not None and bool(self._patients.pregnancies(site, record.id))

    def _tell_orders(self, site: str, number: str, said: Identity, *, begun: bool) -> None:
        """Orders of this number say so, too."""
        columns = orders.c
        values: dict[str, Any] = {"number": said.number, "changed_at": self._session.now()}
        values |= {"name": said.name} if said.name else {}
        values |= {"birth_date": said.birth_date} if said.birth_date else {}
        change = update(orders).where(columns.site == site, columns.number == number)
        if not begun:
            change = change.where(columns.state == OrderState.SCHEDULED.value)
        self._session.connection.execute(change.values(**values))

    def _known(self, site: str, news: PatientNews) -> bool:
        """Whether the same waits already: messages come twice."""
        columns, said = patient_news.c, news.identity
        query = select(columns.id).where(
            columns.site == site,
            columns.decision == _WAITING,
            columns.number == said.number,
            columns.prior == news.prior,
            columns.name == said.name,
            columns.birth_date == said.birth_date,
        )
        return self._session.connection.execute(query).first() is not None

    def _waiting(self, row: RowMapping) -> WaitingNews:
        said = Identity(row["number"], row["name"], row["birth_date"])
        record = self._patients.by_number(row["site"], row["prior"] or said.number)
        return WaitingNews(
            id=row["id"],
            site=row["site"],
            identity=said,
            prior=row["prior"],
            received_at=row["received_at"],
            patient_id=record.id if record is not None else None,
            recorded=record.identity if record is not None else Identity(),
        )
