"""Receives studies: the same twice is once, twenty at the same moment are one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, select, update

from services.domain.errors import NotOwnStudy
from services.domain.study import IngestSource, Principal
from services.domain.triage import triage
from services.index.access.audit import AuditTable
from services.index.clinical.instances import InstanceRows, counts_of, modalities_of
from services.index.clinical.study_columns import priority_key, searched_columns
from services.index.clinical.words import StudyWords
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.database.tables.cases import cases
from services.index.messaging.events import EventsTable
from services.index.messaging.jobs import JobsTable
from services.index.orders.completed_steps import CompletedSteps
from services.index.orders.matching import OrderMatching
from services.index.port import NewInstance, Received, StudyState
from services.index.record.patients import PatientsTable


class StudyReceiver:
    """Stores what came in: study, instances, job, outbox row, event, in the caller's transaction."""

    def __init__(
        self,
        session: Session,
        patients: PatientsTable,
        jobs: JobsTable,
        events: EventsTable,
        audit: AuditTable,
        orders: OrderMatching,
    ) -> None:
        self._session = session
        self._orders = orders
        self._patients = patients
        self._instances = InstanceRows(session)
        self._jobs = jobs
        self._events = events
        self._audit = audit
        self._steps = CompletedSteps(session)
        self._words = StudyWords(session)
        self.made: set[str] = set()  # studies that this transaction made

    def receive(
        self,
        principal: Principal,
        study_uid: str,
        study_attributes: dict[str, Any],
        instances: list[NewInstance],
        *,
        source: IngestSource,
        urgent: bool,
        request_id: str,
    ) -> list[Received]:
        """See the port. Most studies are new: for them nothing is looked up."""
        site = principal.site
        study_id, known = self._study(site, study_uid, study_attributes, instances, source, urgent)
        made = known is None
        if not made and not self.is_own(principal, study_id):
            raise NotOwnStudy
        new = self._instances.insert(study_id, site, instances, made)
        if not (new or made):
            job_id = self._jobs.latest_of(study_id)
            return [Received(study_id, one.sop_uid, False, job_id) for one in instances]
        if known is None:
            self.made.add(study_id)
            self._orders.receive(principal, study_id, site, study_attributes)
        else:
            corrects = any(one.correction for one in instances if one.sop_uid in new)
            agreeing = study_attributes
            if not corrects:
                agreeing = self._patients.agreeing(known, study_attributes, sorted(new))
            if self._refresh(known, agreeing, urgent, corrects):
                self._patients.follow(known, self._session.lock_study(study_id))
                self._orders.follow(principal, known, self._session.lock_study(study_id))
        job_id = self._queue(site, study_id, instances, new, made, urgent, request_id)
        if source is IngestSource.DIMSE and self._steps.ended_by_last_image(site, study_id):
            self._jobs.end_quiet_time(study_id)
        payload = {"job_id": job_id, "instances": len(new)}
        self._events.add(site, "study.received", study_id, payload)
        detail = {"source": source, "instances": len(new)}
        self._audit.add(principal, "study.receive", study_id, detail)
        return [self._answer(study_id, one, new, job_id) for one in instances]

    def is_own(self, principal: Principal, study_id: str) -> bool:
        """Whether the caller may reach the study: a phone those that it made or has a case of.

        All others reach every study of their site.
        """
        if not principal.is_phone:
            return True
        first = self._audit.first_actor(principal.site, "study.receive", study_id)
        if first == principal.subject:
            return True
        query = select(cases.c.id).join(
            tables.studies, tables.studies.c.study_uid == cases.c.study_uid
        )
        query = query.where(
            tables.studies.c.id == study_id,
            tables.studies.c.site == principal.site,
            cases.c.site == principal.site,
            cases.c.owner == principal.subject,
        )
        return self._session.connection.execute(query.limit(1)).first() is not None

    def _queue(
        self,
        site: str,
        study_id: str,
        instances: list[NewInstance],
        new: set[str],
        made: bool,
        urgent: bool,
        request_id: str,
    ) -> str | None:
        """The job that will read what is new, or the latest when there is nothing to read."""
        if not any(one.frames > 0 for one in instances if one.sop_uid in new):
            return None if made else self._jobs.latest_of(study_id)
        if made:  # it waits already
            score = triage(urgent=urgent).score
            return self._jobs.make(study_id, site, urgent, score, request_id)
        job_id = self._jobs.queue(study_id, request_id)
        self._expect_a_job(study_id)
        return job_id

    @staticmethod
    def _answer(study_id: str, one: NewInstance, new: set[str], job_id: str | None) -> Received:
        fresh = one.sop_uid in new
        new.discard(one.sop_uid)  # the same instance twice in one call is new once
        return Received(study_id, one.sop_uid, fresh, job_id)

    def _study(
        self,
        site: str,
        study_uid: str,
        attributes: dict[str, Any],
        instances: list[NewInstance],
        source: IngestSource,
        urgent: bool,
    ) -> tuple[str, RowMapping | None]:
        """The study's id, and its row, locked; None when it was made now, with ``instances`` counted."""
        now, initial = self._session.now(), triage(urgent=urgent)
        values: dict[str, Any] = {
            "id": new_id(),
            "site": site,
            "study_uid": study_uid,
            "state": StudyState.RECEIVED.value,
            "source": source.value,
            "urgent": urgent,
            "score": initial.score,
            "reasons": list(initial.reasons),
            "priority_key": priority_key(initial.score, now),
            "received_at": now,
            "instances": len({one.sop_uid for one in instances}),
            "series": len({one.series_uid for one in instances}),
            "modalities": modalities_of(one.modality for one in instances),
            "latest_version": 0,
            "newest_version": 0,
            "signed_version": 0,
            "plane": "",
            "ga_days": None,
            "error_code": "",
            "attributes": attributes,
            **searched_columns(attributes),
        }
        if self._session.insert_new(tables.studies, values):
            return str(values["id"]), None  # our own new row: nobody else can see it yet
        columns = tables.studies.c
        query = select(columns.id).where(columns.site == site, columns.study_uid == study_uid)
        study_id = self._session.connection.execute(query).scalar_one()
        return study_id, self._session.lock_study(study_id)

    def _refresh(
        self, study: RowMapping, attributes: dict[str, Any], urgent: bool, corrects: bool
    ) -> bool:
        """Counts and modalities from the rows; attributes that were missing; urgency only rises.

        ``study``: as it was found. ``corrects``: attributes that say something replace those that are
        there. Whether the study's attributes changed.
        """
        study_id = study["id"]
        said, known = _said(attributes), _said(study["attributes"])
        merged = {**attributes, **study["attributes"], **said, **({} if corrects else known)}
        values: dict[str, Any] = {
            **counts_of(self._session, study_id),
        }
        changed = bool(merged != study["attributes"])
        if changed:
            values |= {"attributes": merged, **searched_columns(merged)}
        if urgent and not study["urgent"]:
            score = study["score"] + triage(urgent=True).score
            values |= {"urgent": True, "score": score, "reasons": ["urgent", *study["reasons"]]}
            values["priority_key"] = priority_key(score, study["received_at"])
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(**values))
        return changed

    def _expect_a_job(self, study_id: str) -> None:
        """New images: the study waits again, also when it was reviewed or had failed."""
        study = self._session.lock_study(study_id)
        running = self._jobs.running(study_id) is not None
        state = StudyState.ANALYSING if running else StudyState.RECEIVED
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        change = change.values(
            state=state.value,
            error_code="",
            priority_key=priority_key(study["score"], study["received_at"]),
        )
        self._session.connection.execute(change)


def _said(attributes: dict[str, Any]) -> dict[str, Any]:
    """Those that have a value."""
    return {tag: entry for tag, entry in attributes.items() if any(entry.get("Value") or ())}
