"""Patients of a site and their pregnancies; how a study finds both when it is received."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, and_, bindparam, insert, select, update

from services.domain.dicom.values import STUDY_DATE, first_date
from services.domain.errors import NotFound
from services.domain.examination.history import Visit, belongs
from services.domain.patient import (
    FieldDifference,
    Identity,
    completed,
    differences,
    fold,
    identity_attributes,
    identity_of,
    searched_text,
)
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.database.tables.patients import patients, pregnancies
from services.index.record.examinations import ExaminationsTable
from services.index.records import ExaminationRecord, Patient

_LONG_AGO = date.min
# Built once: SQLAlchemy finds their compiled forms by the objects. Every receipt runs them.
_OF_NUMBER = (
    select(patients)
    .where(patients.c.site == bindparam("of_site"), patients.c.number == bindparam("of_number"))
    .with_for_update(key_share=True)
)
_MAKE_PREGNANCY = insert(pregnancies)
_JOIN = (
    update(tables.studies)
    .where(tables.studies.c.id == bindparam("of_study"))
    .values(patient_key=bindparam("patient"), pregnancy_id=bindparam("pregnancy"))
)
_OWN_DAY = select(tables.studies.c.attributes, tables.studies.c.received_at).where(
    tables.studies.c.id == bindparam("of_study")
)


class PatientsTable:
    """The port's ``Patients``, without what people decide and correct (``IdentityTable``)."""

    def __init__(self, session: Session, examinations: ExaminationsTable) -> None:
        self._session = session
        self._examinations = examinations

    # --- looked up --------------------------------------------------------------------------------
    def get(self, site: str, patient_id: str) -> Patient:
        """Raises NotFound."""
        patient = self._one(patients.c.site == site, patients.c.id == patient_id)
        if patient is None:
            raise NotFound
        return patient

    def by_number(self, site: str, number: str) -> Patient | None:
        """The number as it is written; None: nobody has it."""
        return self._one(patients.c.site == site, patients.c.number == number)

    def find(self, site: str, text: str, *, limit: int, cursor: str = "") -> list[Patient]:
        """Those in whose name or number every word occurs; newest first. See the port."""
        columns = patients.c
        query = select(patients).where(columns.site == site)
        for word in fold(text).replace("^", " ").split():
            escaped = re.sub(r"([!%_])", r"!\1", word).replace("*", "%").replace("?", "_")
            query = query.where(columns.searched.like(f"%{escaped}%", escape="!"))
        if cursor:
            query = query.where(columns.id < cursor)
        rows = self._session.connection.execute(query.order_by(columns.id.desc()).limit(limit))
        return [_patient(row) for row in rows.mappings()]

    def pregnancies(self, site: str, patient_id: str) -> list[tuple[str, list[ExaminationRecord]]]:
        """(pregnancy's id, its examinations newest first); the newest pregnancy first."""
        groups: dict[str, list[ExaminationRecord]] = {}
        for one in sorted(self._examinations.of_patient(site, patient_id), key=_when, reverse=True):
            groups.setdefault(one.study.pregnancy_id or "", []).append(one)
        return list(groups.items())

    # --- a study is received ----------------------------------------------------------------------
    def assign(self, study_id: str, site: str, attributes: dict[str, Any]) -> None:
        """Find the patient and the pregnancy of a new study, or note what contradicts her record."""
        said = identity_of(attributes)
        if not said.number:
            return
        patient, made = self._found_or_made(site, said)
        if made:  # nobody else has an examination of hers
            self._join(study_id, patient.id, self.new_pregnancy(patient))
            return
        differing = differences(patient.identity, said)
        if differing:
            self.mark(study_id, clash("patient", differing, said, patient.id))
            return
        self.join(study_id, patient, said, first_date(attributes, STUDY_DATE))

    def agreeing(
        self, study: RowMapping, attributes: dict[str, Any], sop_uids: list[str]
    ) -> dict[str, Any]:
        """What further images say of a known study, without what contradicts its patient.

        A contradiction is noted with the images that brought it. The study is locked.
        """
        said, known = identity_of(attributes), identity_of(study["attributes"])
        differing = differences(known, said)
        if not differing:
            return attributes
        corrected = study["corrected"] or {"was": {}}
        as_received = identity_of({**study["attributes"], **corrected["was"]})
        if differences(as_received, said):  # else it was put right here after it had come
            before = study["clash"] or {"sop_uids": [], "kind": "images"}
            if before["kind"] == "images":
                uids = tuple(dict.fromkeys([*before["sop_uids"], *sop_uids]))
                self.mark(study["id"], clash("images", differing, said, study["patient_key"], uids))
        tags = identity_attributes(said)
        return {tag: entry for tag, entry in attributes.items() if tag not in tags}

    def follow(self, before: RowMapping, study: RowMapping) -> None:
        """After a known study's attributes changed: it may name its patient now, or another one."""
        said, key = identity_of(study["attributes"]), study["patient_key"]
        dated = _is_dated_now(before, study)
        if study["clash"] is not None or (
            said == identity_of(before["attributes"]) and not (dated and key)
        ):
            return
        if key is None:
            self.assign(study["id"], study["site"], study["attributes"])
            return
        patient = self.get(study["site"], key)
        alone = len(self._examinations.of_patient(patient.site, key)) == 1
        if patient.number == said.number and (alone or not differences(patient.identity, said)):
            known = patient.identity
            self.write(key, completed(said, known) if alone else completed(known, said))
            if dated:
                self._join(study["id"], key, self._pregnancy(study["id"], patient))
            return
        self._set(study["id"], patient_key=None, pregnancy_id=None)
        self.assign(study["id"], study["site"], study["attributes"])

    def join(
        self, study_id: str, patient: Patient, said: Identity, day: date | None = None
    ) -> None:
        """The study becomes one of this patient's; the record takes what it did not know.

        ``day``: of the examination, where the caller has its header at hand.
        """
        whole = completed(patient.identity, said)
        if whole != patient.identity:
            self.write(patient.id, whole)
        self._join(study_id, patient.id, self._pregnancy(study_id, patient, day))

    def mark(self, study_id: str, clash: dict[str, Any]) -> None:
        """Nothing of the study is sent out until a person has decided."""
        self._set(study_id, clash=clash)
        self._examinations.refresh(study_id)

    def write(self, patient_id: str, identity: Identity) -> None:
        """The record itself."""
        values = {
            "number": identity.number,
            "name": identity.name,
            "birth_date": identity.birth_date,
            "searched": searched_text(identity),
        }
        change = update(patients).where(patients.c.id == patient_id)
        self._session.connection.execute(change.values(**values))

    def new_pregnancy(self, patient: Patient) -> str:
        """The id of a pregnancy without examinations yet."""
        row = {
            "id": new_id(),
            "site": patient.site,
            "patient_id": patient.id,
            "created_at": self._session.now(),
        }
        self._session.connection.execute(_MAKE_PREGNANCY, row)
        return str(row["id"])

    def has_pregnancy(self, patient_id: str, pregnancy_id: str) -> bool:
        """Whether it is one of hers."""
        columns = pregnancies.c
        query = select(columns.id).where(
            columns.id == pregnancy_id, columns.patient_id == patient_id
        )
        return self._session.connection.execute(query).first() is not None

    def make(self, site: str, said: Identity) -> Patient:
        """The patient of this number, made now if there is none. Locked, so that two studies of one
        woman do not make two pregnancies."""
        return self._found_or_made(site, said)[0]

    def _found_or_made(self, site: str, said: Identity) -> tuple[Patient, bool]:
        """As ``make``, and whether she was made now."""
        of = {"of_site": site, "of_number": said.number}
        known = self._session.connection.execute(_OF_NUMBER, of).mappings().first()
        if known is not None:
            return _patient(known), False
        row = {
            "id": new_id(),
            "site": site,
            "number": said.number,
            "name": said.name,
            "birth_date": said.birth_date,
            "searched": searched_text(said),
            "created_at": self._session.now(),
        }
        if self._session.insert_new(patients, row):
            return _patient(row), True
        return _patient(self._session.connection.execute(_OF_NUMBER, of).mappings().one()), False

    def _pregnancy(self, study_id: str, patient: Patient, day: date | None = None) -> str:
        """Hers that the study can belong to, else a new one. ``day``: of the study, where it is known."""
        day = day or self._own_day(study_id)
        groups: dict[str, list[Visit]] = {}
        for one in self._examinations.visits(patient.site, patient.id):
            if one.study_id != study_id:
                groups.setdefault(one.pregnancy_id, []).append(one.visit)
        for pregnancy_id, visits in sorted(groups.items(), reverse=True):
            if belongs(day, visits):
                return pregnancy_id
        return self.new_pregnancy(patient)

    def _own_day(self, study_id: str) -> date:
        """Of the examination, else of its receipt."""
        row = self._session.connection.execute(_OWN_DAY, {"of_study": study_id}).one()
        return first_date(row.attributes, STUDY_DATE) or row.received_at.date()

    def _join(self, study_id: str, patient_id: str, pregnancy_id: str) -> None:
        of = {"of_study": study_id, "patient": patient_id, "pregnancy": pregnancy_id}
        self._session.connection.execute(_JOIN, of)

    def _one(self, *conditions: Any) -> Patient | None:
        query = select(patients).where(and_(*conditions))
        row = self._session.connection.execute(query).mappings().first()
        return _patient(row) if row is not None else None

    def _set(self, study_id: str, **values: Any) -> None:
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(**values))


def _is_dated_now(before: RowMapping, study: RowMapping) -> bool:
    """Its day was not known, so that its pregnancy was found by the day on which it came."""
    days = [first_date(one["attributes"], STUDY_DATE) for one in (before, study)]
    return days[0] is None and days[1] is not None


def clash(
    kind: str,
    differing: tuple[FieldDifference, ...],
    received: Identity,
    patient_id: str | None,
    sop_uids: tuple[str, ...] = (),
) -> dict[str, Any]:
    """What a person has to decide, as it is kept with the study.

    ``kind``: ``patient`` (a new study contradicts the record of its number) or ``images`` (further images
    of a known study do; ``sop_uids`` are those).
    """
    return {
        "kind": kind,
        "patient_id": patient_id,
        "fields": [
            {"field": one.field, "recorded": one.recorded, "received": one.received}
            for one in differing
        ],
        "received": {
            "number": received.number,
            "name": received.name,
            "birth_date": received.birth_date,
        },
        "sop_uids": list(sop_uids),
    }


def _when(one: ExaminationRecord) -> tuple[date, Any]:
    return one.visit.day or _LONG_AGO, one.study.received_at


def _patient(row: Mapping[Any, Any]) -> Patient:
    return Patient(**{key: value for key, value in row.items() if key != "searched"})
