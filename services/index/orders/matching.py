"""How a study meets its order: by its Study Instance UID, its accession number, or the patient's number
on the day. Where the two contradict each other in whom they name, a person decides.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, RowMapping, Select, and_, bindparam, null, or_, select, update

from services.domain.dicom.values import STUDY_DATE, first_text, iso_date
from services.domain.errors import Conflict, InvalidInput
from services.domain.orders.order import ACCESSION, OrderState
from services.domain.patient import (
    PATIENT_BIRTH_DATE,
    PATIENT_NAME,
    PATIENT_NUMBER,
    Identity,
    completed,
    differences,
    identity_attributes,
    identity_of,
)
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database import tables
from services.index.database.connection import Session
from services.index.database.tables.orders import orders
from services.index.orders.port import Order
from services.index.record.patients import PatientsTable, clash
from services.index.record.sayings import say

_BEFORE_ITS_END = (OrderState.SCHEDULED.value, OrderState.IN_PROGRESS.value)


def _open_orders(*ways: ColumnElement[bool]) -> Select[Any]:
    """Of a site, not cancelled, that a study is named by, or meets in one of ``ways``. Built once: every
    receipt asks."""
    by_uid = orders.c.study_uid == bindparam("of_uid")
    return select(orders).where(
        orders.c.site == bindparam("of_site"),
        or_(by_uid, *ways),
        orders.c.state != OrderState.CANCELLED.value,
    )


_BY_UID = _open_orders()
_BY_ACCESSION = _open_orders(orders.c.accession == bindparam("of_accession"))
_BY_NUMBER = _open_orders(
    and_(orders.c.number == bindparam("of_number"), orders.c.day == bindparam("of_day"))
)


class OrderMatching:
    """Used where a study is received, where a person matches, and where a clash is decided."""

    def __init__(self, session: Session, patients: PatientsTable, audit: AuditTable) -> None:
        self._session = session
        self._patients = patients
        self._audit = audit

    def receive(self, principal: Principal, study_id: str, site: str, attributes: Any) -> None:
        """A new study, or one whose header says more now: it meets its order if there is one, and finds
        its patient."""
        order = self._expected(study_id, site, attributes)
        if order is None:
            self._patients.assign(study_id, site, attributes)
            return
        self.join(principal, self._session.lock_study(study_id), order)

    def follow(self, principal: Principal, before: RowMapping, study: RowMapping) -> None:
        """A known study names an accession number now."""
        settled = study["order_id"] is not None or study["clash"] is not None
        known = first_text(before["attributes"], ACCESSION)
        if settled or first_text(study["attributes"], ACCESSION) == known:
            return
        order = self._expected(study["id"], study["site"], study["attributes"])
        if order is not None:
            self.join(principal, study, order)

    def join(self, principal: Principal, row: RowMapping, order: Order) -> None:
        """The study is the order's, or a person has to decide whether it is."""
        said = identity_of(row["attributes"])
        differing = differences(order.identity, said)
        if differing:
            waiting = clash("order", differing, said, row["patient_key"])
            self._patients.mark(row["id"], {**waiting, "order_id": order.id})
            self._audit.add(principal, "order.clash", row["id"], {"order": order.id})
            return
        self._belong(principal, row, order, completed(order.identity, said))

    def decide(
        self,
        principal: Principal,
        row: RowMapping,
        clash: dict[str, Any],
        decision: str,
        number: str,
    ) -> None:
        """End a clash with an order. ``keep_record``: the order is right; ``take_new``: the study is,
        and its order says so, too; ``other_patient``: the study is not of this order.

        Raises Conflict, InvalidInput.
        """
        order = self._get(row["site"], clash["order_id"])
        received = Identity(**clash["received"])
        if decision == "keep_record":
            self._belong(principal, row, order, order.identity)
        elif decision == "take_new":
            whole = completed(received, order.identity)
            change = update(orders).where(orders.c.id == order.id)
            change = change.values(
                number=whole.number,
                name=whole.name,
                birth_date=whole.birth_date,
                changed_at=self._session.now(),
            )
            self._session.connection.execute(change)
            self._belong(principal, row, order, whole)
        else:
            self._stranger(row, order, received, number.strip())

    def is_anothers(self, row: RowMapping, number: str) -> bool:
        """Whether the study has an order that names another patient than the one of this number."""
        return bool(row["order_id"]) and self._get(row["site"], row["order_id"]).number != number

    def part(self, row: RowMapping) -> None:
        """The study has no order any more, and says its own accession number again."""
        was = (row["corrected"] or {"was": {}})["was"].get(ACCESSION)
        if was is not None:
            say(self._session, row, {ACCESSION: was})
        self._set(row["id"], order_id=null())

    # --- which order ------------------------------------------------------------------------------
    def _expected(self, study_id: str, site: str, attributes: Any) -> Order | None:
        """The order that the study names, else the only one of its patient on its day."""
        uid = first_text(attributes, "0020000D") or self._uid(study_id)
        accession = first_text(attributes, ACCESSION)
        number = first_text(attributes, PATIENT_NUMBER)
        of = {"of_site": site, "of_uid": uid}
        query = _BY_UID
        if accession:
            query, of["of_accession"] = _BY_ACCESSION, accession
        elif number:
            today = self._session.now().astimezone().date().isoformat()
            day = iso_date(attributes, STUDY_DATE) or today
            query, of["of_number"], of["of_day"] = _BY_NUMBER, number, day
        rows = self._session.connection.execute(query, of).mappings().all()
        for name, value in (("study_uid", uid), ("accession", accession)):
            for row in rows:
                if value and row[name] == value:
                    return Order.of(row)
        waiting = [
            row for row in rows if row["state"] in _BEFORE_ITS_END and self._unmet(row["id"])
        ]
        return Order.of(waiting[0]) if len(waiting) == 1 else None

    def _unmet(self, order_id: str) -> bool:
        query = select(tables.studies.c.id).where(tables.studies.c.order_id == order_id).limit(1)
        return self._session.connection.execute(query).first() is None

    def _uid(self, study_id: str) -> str:
        query = select(tables.studies.c.study_uid).where(tables.studies.c.id == study_id)
        return str(self._session.connection.execute(query).scalar_one())

    def _get(self, site: str, order_id: str) -> Order:
        query = select(orders).where(orders.c.site == site, orders.c.id == order_id)
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise Conflict("The order is not there any more.")
        return Order.of(row)

    # --- what follows -----------------------------------------------------------------------------
    def _belong(
        self, principal: Principal, row: RowMapping, order: Order, identity: Identity
    ) -> None:
        """The study says what its order says, and finds the patient of that number."""
        now = _unsaid(row["attributes"], identity, order.accession)
        if now:
            say(self._session, row, now)
        self._set(row["id"], order_id=order.id)
        if order.state is OrderState.SCHEDULED:
            begin = update(orders).where(orders.c.id == order.id)
            begin = begin.values(state=OrderState.IN_PROGRESS.value, changed_at=self._session.now())
            self._session.connection.execute(begin)
        self._audit.add(principal, "order.met", row["id"], {"order": order.id})
        self._find_patient(row, moved=PATIENT_NUMBER in now)

    def _find_patient(self, row: RowMapping, *, moved: bool) -> None:
        if moved:
            self._set(row["id"], patient_key=None, pregnancy_id=None)
        if moved or row["patient_key"] is None:
            fresh = self._session.lock_study(row["id"])
            self._patients.assign(fresh["id"], fresh["site"], fresh["attributes"])

    def _stranger(self, row: RowMapping, order: Order, received: Identity, number: str) -> None:
        """The study is not of this order: it belongs to the patient of its own number, or of
        ``number``."""
        own = number or (received.number if received.number != order.number else "")
        if not own:
            raise InvalidInput("Give the number of the other woman.")
        if own == order.number:
            raise Conflict("This is the number of the woman of the order. Give another one.")
        moved = own != received.number
        if moved:
            said = identity_attributes(Identity(own))
            say(self._session, row, {PATIENT_NUMBER: said[PATIENT_NUMBER]})
        self._find_patient(row, moved=moved)

    def _set(self, study_id: str, **values: Any) -> None:
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(**values))


_FIELDS = {PATIENT_NUMBER: "number", PATIENT_NAME: "name", PATIENT_BIRTH_DATE: "birth_date"}


def _unsaid(attributes: Any, identity: Identity, accession: str) -> dict[str, Any]:
    """What a study leaves out, or says otherwise than its order, as DICOM JSON."""
    said = identity_of(attributes)
    other = {one.field for one in differences(identity, said)}
    now = {
        tag: entry
        for tag, entry in identity_attributes(identity).items()
        if entry.get("Value") and (_FIELDS[tag] in other or not getattr(said, _FIELDS[tag]))
    }
    if first_text(attributes, ACCESSION) != accession:
        now[ACCESSION] = {"vr": "SH", "Value": [accession]}
    return now
