"""Receives studies: the same twice is once, twenty at the same moment are one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sqlalchemy import delete, func, select, update

from services.domain.errors import NotOwnStudy
from services.domain.study import IngestSource, Principal
from services.domain.triage import triage
from services.index.access.audit import AuditTable
from services.index.clinical.study_columns import fold, priority_key, searched_columns
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.database.tables_cases import cases
from services.index.messaging.events import EventsTable
from services.index.messaging.jobs import JobsTable
from services.index.port import InstancesDiffer, NewInstance, Received, StudyState

_BATCH = 500


class StudyReceiver:
    """Stores what came in: study, instances, job, outbox row, event, in the caller's transaction."""

    def __init__(
        self, session: Session, jobs: JobsTable, events: EventsTable, audit: AuditTable
    ) -> None:
        self._session = session
        self._jobs = jobs
        self._events = events
        self._audit = audit

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
        study_id, made = self._study(site, study_uid, study_attributes, instances, source, urgent)
        if not made and not self.is_own(principal, study_id):
            raise NotOwnStudy
        new = self._insert(study_id, site, instances, made)
        if not (new or made):
            job_id = self._jobs.latest_of(study_id)
            return [Received(study_id, one.sop_uid, False, job_id) for one in instances]
        if not made:
            corrects = any(one.correction for one in instances if one.sop_uid in new)
            self._refresh(study_id, study_attributes, urgent, corrects)
        job_id = self._queue(site, study_id, instances, new, made, urgent, request_id)
        payload = {"job_id": job_id, "instances": len(new)}
        self._events.add(site, "study.received", study_id, payload)
        detail = {"door": source, "instances": len(new)}
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
    ) -> tuple[str, bool]:
        """The study's id, locked, and whether it was made now, with ``instances`` counted."""
        now, initial = self._session.now(), triage(urgent=urgent)
        values: dict[str, Any] = {
            "id": new_id(),
            "site": site,
            "study_uid": study_uid,
            "state": StudyState.RECEIVED.value,
            "door": source.value,
            "urgent": urgent,
            "score": initial.score,
            "reasons": list(initial.reasons),
            "priority_key": priority_key(initial.score, now),
            "received_at": now,
            "instances": len({one.sop_uid for one in instances}),
            "series": len({one.series_uid for one in instances}),
            "modalities": _modalities(one.modality for one in instances),
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
            return str(values["id"]), True  # our own new row: nobody else can see it yet
        columns = tables.studies.c
        query = select(columns.id).where(columns.site == site, columns.study_uid == study_uid)
        study_id = self._session.connection.execute(query).scalar_one()
        self._session.lock_study(study_id)
        return study_id, False

    def _insert(
        self, study_id: str, site: str, instances: list[NewInstance], made: bool
    ) -> set[str]:
        """The SOP Instance UIDs that were not there, or were corrected.

        Raises:
            InstancesDiffer: nothing of this call is left, the study neither if it was ``made`` now.
        """
        first: dict[str, NewInstance] = {}
        for one in instances:
            first.setdefault(one.sop_uid, one)
        there = {} if made else self._stored(site, list(first))
        new: dict[str, str] = {}  # SOP Instance UID -> the row's id
        for one in first.values():
            if one.sop_uid not in there:
                row = self._row(study_id, site, one)
                if self._session.insert_new(tables.instances, row):
                    new[one.sop_uid] = row["id"]
                else:  # another study has it, or another request came first
                    there |= self._stored(site, [one.sop_uid])
        changed = {
            uid: first[uid]
            for uid, known in there.items()
            if known != (study_id, first[uid].sha256)
        }
        corrected = {
            uid: one for uid, one in changed.items() if one.correction and there[uid][0] == study_id
        }
        differ = [
            one.sop_uid
            for one in instances
            if (one.sop_uid in changed and one.sop_uid not in corrected)
            or first[one.sop_uid].sha256 != one.sha256
        ]
        if differ:
            self._undo(study_id if made else None, list(new.values()))
            raise InstancesDiffer(tuple(dict.fromkeys(differ)))
        for one in corrected.values():
            self._correct(study_id, site, one)
        return {*new, *corrected}

    def _correct(self, study_id: str, site: str, one: NewInstance) -> None:
        """The row names the newer bytes; the earlier ones stay in the store under their hash."""
        values = self._row(study_id, site, one)
        del values["id"]
        columns = tables.instances.c
        change = update(tables.instances).where(
            columns.site == site, columns.study_id == study_id, columns.sop_uid == one.sop_uid
        )
        self._session.connection.execute(change.values(**values))

    def _undo(self, study_id: str | None, rows: list[str]) -> None:
        """Take back what this call wrote; cheaper than a savepoint for the many that do not fail."""
        columns = tables.instances.c
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            self._session.connection.execute(delete(tables.instances).where(columns.id.in_(batch)))
        if study_id is not None:
            change = delete(tables.studies).where(tables.studies.c.id == study_id)
            self._session.connection.execute(change)

    def _stored(self, site: str, sop_uids: list[str]) -> dict[str, tuple[str, str]]:
        """SOP Instance UID → (study id, SHA-256) of those that are there."""
        columns = tables.instances.c
        stored: dict[str, tuple[str, str]] = {}
        for start in range(0, len(sop_uids), _BATCH):
            query = select(columns.sop_uid, columns.study_id, columns.sha256).where(
                columns.site == site, columns.sop_uid.in_(sop_uids[start : start + _BATCH])
            )
            for sop_uid, study_id, sha256 in self._session.connection.execute(query):
                stored[sop_uid] = (study_id, sha256)
        return stored

    def _row(self, study_id: str, site: str, one: NewInstance) -> dict[str, Any]:
        return {
            "id": new_id(),
            "study_id": study_id,
            "site": site,
            "series_uid": one.series_uid,
            "sop_uid": one.sop_uid,
            "sop_class": one.sop_class,
            "transfer_syntax": one.transfer_syntax,
            "modality": one.modality,
            "sha256": one.sha256,
            "size": one.size,
            "rows": one.rows,
            "columns": one.columns,
            "frames": one.frames,
            "attributes": one.attributes,
            "received_at": self._session.now(),
        }

    def _refresh(
        self, study_id: str, attributes: dict[str, Any], urgent: bool, corrects: bool
    ) -> None:
        """Counts and modalities from the rows; attributes that were missing; urgency only rises.

        ``corrects``: attributes that say something replace those that are there.
        """
        columns = tables.instances.c
        query = select(columns.series_uid, columns.modality, func.count().label("count"))
        query = query.where(columns.study_id == study_id)
        rows = self._session.connection.execute(
            query.group_by(columns.series_uid, columns.modality)
        ).all()
        study = self._session.lock_study(study_id)
        merged = {**attributes, **study["attributes"]}
        if corrects:
            merged |= {tag: entry for tag, entry in attributes.items() if entry.get("Value")}
        values: dict[str, Any] = {
            "instances": sum(row[2] for row in rows),
            "series": len({row.series_uid for row in rows}),
            "modalities": _modalities(row.modality for row in rows),
        }
        if merged != study["attributes"]:
            values |= {"attributes": merged, **searched_columns(merged)}
        if urgent and not study["urgent"]:
            score = study["score"] + triage(urgent=True).score
            values |= {"urgent": True, "score": score, "reasons": ["urgent", *study["reasons"]]}
            values["priority_key"] = priority_key(score, study["received_at"])
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(**values))

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


def _modalities(values: Iterable[str]) -> str:
    """Between backslashes, so that one can be searched for."""
    folded = sorted({fold(one) for one in values if one})
    return "\\" + "\\".join(folded) + "\\" if folded else ""
