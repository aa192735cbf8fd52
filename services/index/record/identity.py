"""Whose a study is, decided and corrected by people; audited. What is sent out and shown follows.

The stored objects are never changed. A study keeps what a person put right as ``corrected``: what its
objects say (``was``) and what is said instead (``now``), DICOM JSON that retrieval and deliveries apply.
"""

from __future__ import annotations

import hashlib
from dataclasses import asdict, replace
from typing import Any

from sqlalchemy import RowMapping, insert, null, select, update

from services.domain.errors import Conflict, InvalidInput, NotFound
from services.domain.patient import (
    Identity,
    completed,
    differences,
    identity_attributes,
    identity_of,
)
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.messaging.events import EventsTable
from services.index.messaging.jobs import JobsTable
from services.index.orders.matching import OrderMatching
from services.index.record.examinations import ExaminationsTable
from services.index.record.patients import PatientsTable
from services.index.record.sayings import say
from services.index.records import Patient

STUDY_UID = "0020000D"


class IdentityTable:
    """The port's ``Identities``."""

    def __init__(
        self,
        session: Session,
        patients: PatientsTable,
        examinations: ExaminationsTable,
        jobs: JobsTable,
        events: EventsTable,
        audit: AuditTable,
        orders: OrderMatching,
    ) -> None:
        self._session = session
        self._orders = orders
        self._patients = patients
        self._examinations = examinations
        self._jobs = jobs
        self._events = events
        self._audit = audit

    def decide(
        self,
        principal: Principal,
        study_id: str,
        decision: str,
        number: str | None,
        request_id: str,
    ) -> None:
        """End a clash; see the port. Raises NotFound, Conflict, InvalidInput."""
        row = self._session.lock_study(study_id, principal.site)
        clash = row["clash"]
        if clash is None:
            raise Conflict("There is nothing to decide about this study any more.")
        received = Identity(**clash["received"])
        self._set(study_id, clash=null())
        if clash["kind"] == "order":
            self._orders.decide(principal, row, clash, decision, number or "")
        elif decision == "other_patient":
            self._other_patient(row, clash, received, number, request_id)
        elif decision == "take_new":
            self._take_new(principal, row, received)
        else:
            self._keep_record(row, clash)
        self.tell(principal, study_id, "identity.decided", {"decision": decision})

    def correct(
        self,
        principal: Principal,
        patient_id: str,
        changes: dict[str, str],
        reason: str,
    ) -> Patient:
        """Number, name or birth date of a patient, in the record and in all her studies.

        Raises NotFound; Conflict: another patient has the number.
        """
        patient = self._patients.get(principal.site, patient_id)
        whole = Identity(**{**asdict(patient.identity), **changes})
        if not whole.number:
            raise InvalidInput("A patient has a number.")
        if whole == patient.identity:
            return patient
        other = self._patients.by_number(principal.site, whole.number)
        if other is not None and other.id != patient_id:
            raise Conflict("Another patient has this number. Move the studies to her instead.")
        for study_id in self._studies_of(patient_id):
            self._say(self._session.lock_study(study_id), whole)
        self._patients.write(patient_id, whole)
        for study_id in self._studies_of(patient_id):
            self.tell(principal, study_id, "patient.corrected", {"reason": reason})
        fields = [one for one in changes if changes[one] != getattr(patient, one)]
        self._audit.add(
            principal, "patient.correct", patient_id, {"fields": fields, "reason": reason}
        )
        return self._patients.get(principal.site, patient_id)

    def move(self, principal: Principal, study_id: str, identity: Identity, reason: str) -> None:
        """The study is another patient's: of this number, made now if there is none. It leaves an order of
        somebody else, and is listed for matching.

        Raises NotFound; Conflict: she has another name or birth date than what is given here.
        """
        row, detail = self._session.lock_study(study_id, principal.site), {"reason": reason}
        if self._orders.is_anothers(row, identity.number):
            detail["left_order"] = row["order_id"]
            self._orders.part(row)
            row = self._session.lock_study(study_id)
        self._belong(row, identity)
        self._set(study_id, clash=null())
        self.tell(principal, study_id, "patient.moved", detail)

    def set_pregnancy(self, principal: Principal, study_id: str, pregnancy_id: str | None) -> str:
        """Of the study's patient; a new one with None. Its id. Raises NotFound, Conflict."""
        row = self._session.lock_study(study_id, principal.site)
        if row["patient_key"] is None:
            raise Conflict("Say first whose study it is: it has no patient.")
        patient = self._patients.get(principal.site, row["patient_key"])
        if pregnancy_id is None:
            pregnancy_id = self._patients.new_pregnancy(patient)
        elif not self._patients.has_pregnancy(patient.id, pregnancy_id):
            raise NotFound("She has no such pregnancy.")
        before = row["pregnancy_id"]
        self._set(study_id, pregnancy_id=pregnancy_id)
        self._examinations.refresh(study_id)
        detail = {"from": before, "to": pregnancy_id}
        self._audit.add(principal, "study.pregnancy", study_id, detail)
        return pregnancy_id

    # --- what was decided -------------------------------------------------------------------------
    def _keep_record(self, row: RowMapping, clash: dict[str, Any]) -> None:
        """The same woman, as she is recorded."""
        if clash["kind"] == "patient":
            patient = self._patients.get(row["site"], clash["patient_id"])
            self._say(row, patient.identity)
            self._patients.join(row["id"], patient, patient.identity)
        else:  # the new images say of her what the others say
            self._say(row, identity_of(row["attributes"]))

    def _take_new(self, principal: Principal, row: RowMapping, received: Identity) -> None:
        """The same woman, and what came last is right."""
        known = identity_of(row["attributes"])
        patient = self._patients.by_number(row["site"], received.number or known.number)
        whole = completed(received, patient.identity if patient is not None else known)
        if patient is None or row["patient_key"] not in (None, patient.id):
            self._belong(row, whole)
            return
        self._patients.write(patient.id, whole)
        for study_id in self._studies_of(patient.id):
            other = self._session.lock_study(study_id)
            if differences(identity_of(other["attributes"]), whole):
                self._say(other, whole)
                self.tell(principal, study_id, "patient.corrected", {"reason": "identity"})
        self._say(row, whole)
        self._patients.join(
            row["id"], replace(patient, name=whole.name, birth_date=whole.birth_date), whole
        )

    def _other_patient(
        self,
        row: RowMapping,
        clash: dict[str, Any],
        received: Identity,
        number: str | None,
        request_id: str,
    ) -> None:
        """Another woman, under a number of her own: the study, or the images that came last."""
        own = (number or "").strip()
        differs = any(one["field"] == "number" for one in clash["fields"])
        if not own and differs:
            own = received.number
        if not own:
            raise InvalidInput("Give the number of the other woman.")
        identity = replace(received, number=own)
        recorded = (
            Identity(number=received.number)
            if clash["kind"] == "patient"
            else identity_of(row["attributes"])
        )
        if own == recorded.number:
            raise Conflict("This is the number of the woman that is recorded. Give another one.")
        if clash["kind"] == "images" and clash["sop_uids"]:
            self._split(row, clash["sop_uids"], identity, request_id)
        else:
            self._belong(row, identity)

    def _split(
        self, row: RowMapping, sop_uids: list[str], identity: Identity, request_id: str
    ) -> None:
        """The images become a study of their own, with a UID that is made from the old one."""
        uid = split_study_uid(row["study_uid"], identity.number)
        columns = tables.instances.c
        mine = (columns.study_id == row["id"], columns.sop_uid.in_(sop_uids))
        count = len(self._session.connection.execute(select(columns.id).where(*mine)).all())
        made = {
            **row, "id": new_id(), "study_uid": uid, "instances": count, "series": 1,
            "latest_version": 0, "newest_version": 0, "signed_version": 0, "plane": "",
            "ga_days": None, "error_code": "", "state": "received", "patient_key": None,
            "pregnancy_id": None, "order_id": None, "clash": None, "claim": None,
            "biometry": None, "headline": None,
            "corrected": {
                "was": {STUDY_UID: {"vr": "UI", "Value": [row["study_uid"]]}},
                "now": {STUDY_UID: {"vr": "UI", "Value": [uid]}},
                "at": self._session.now().isoformat(),
            },
        }  # fmt: skip
        self._session.connection.execute(insert(tables.studies), made)
        move = update(tables.instances).where(*mine).values(study_id=made["id"])
        self._session.connection.execute(move)
        left = max(row["instances"] - count, 0)
        self._set(row["id"], instances=left)
        self._belong(self._session.lock_study(made["id"]), identity)
        for study_id in (row["id"], made["id"]):
            self._jobs.queue(study_id, request_id)
        self._events.add(row["site"], "study.received", made["id"], {"instances": count})

    def _belong(self, row: RowMapping, identity: Identity) -> None:
        """The study becomes one of the patient of this number."""
        if not identity.number:
            raise InvalidInput("Give the number of the patient.")
        patient = self._patients.make(row["site"], identity)
        if differences(patient.identity, identity):
            raise Conflict(
                "The patient of this number has another name or birth date. Give her number alone, "
                "or correct her record first."
            )
        whole = completed(patient.identity, identity)
        self._say(row, whole)
        self._patients.join(row["id"], patient, whole)

    # --- what a study says ------------------------------------------------------------------------
    def _say(self, row: RowMapping, identity: Identity) -> None:
        """The study says this of its patient from now on; its objects are left as they are."""
        say(self._session, row, identity_attributes(identity))

    def tell(
        self, principal: Principal, study_id: str, action: str, detail: dict[str, Any]
    ) -> None:
        """Audit, event, and the corrected results to where they went before."""
        self._examinations.refresh(study_id)
        row = self._session.lock_study(study_id)
        payload = {"version": row["latest_version"]} if row["latest_version"] else {}
        self._events.add(row["site"], "study.corrected", study_id, payload)
        self._audit.add(principal, action, study_id, detail)

    def _studies_of(self, patient_id: str) -> list[str]:
        columns = tables.studies.c
        query = select(columns.id).where(columns.patient_key == patient_id).order_by(columns.id)
        return list(self._session.connection.execute(query).scalars())

    def _set(self, study_id: str, **values: Any) -> None:
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(**values))


def split_study_uid(study_uid: str, number: str) -> str:
    """The Study Instance UID of another woman's images that came under ``study_uid``."""
    digest = hashlib.sha256(f"{study_uid}:{number}".encode()).digest()
    return f"2.25.{int.from_bytes(digest[:16], 'big')}"
