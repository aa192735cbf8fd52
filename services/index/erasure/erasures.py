"""Erasure: a study and all that is known of it leaves the index in one transaction; its objects follow."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Table,
    Text,
    cast,
    delete,
    insert,
    literal,
    or_,
    select,
    union,
    union_all,
    update,
)

from services.domain.errors import Conflict, NotFound
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import idempotency, shares, uploads, webhooks
from services.index.database.tables.cases import (
    case_pictures,
    case_previews,
    case_versions,
    cases,
)
from services.index.database.tables.commitments import commitment_requests
from services.index.database.tables.destinations import destinations
from services.index.database.tables.erasure import (
    erased_cases,
    erased_objects,
    erased_studies,
    erasures,
)
from services.index.database.tables.messaging import deliveries, events, outbox
from services.index.database.tables.orders import orders, patient_news, procedure_steps
from services.index.database.tables.patients import facts, patients, pregnancies
from services.index.database.tables.progress import read_frames
from services.index.database.tables.workitems import (
    workitem_events,
    workitem_subscriptions,
    workitems,
)
from services.index.erasure.port import Erasure
from services.index.erasure.records import ErasureRecords
from services.index.messaging.events import EventsTable
from services.index.records import JobState


class ErasuresTable(ErasureRecords):
    """The port's ``Erasures``."""

    def __init__(self, session: Session, events: EventsTable, audit: AuditTable) -> None:
        super().__init__(session, audit)
        self._events = events
        self._removed: dict[str, int] = {}  # rows by table, of the erasure under way

    def of_patient(self, principal: Principal, patient_id: str, reason: str) -> Erasure:
        """All her studies and her record. Raises NotFound, Conflict."""
        site = principal.site
        where = (patients.c.id == patient_id, patients.c.site == site)
        number = self._execute(select(patients.c.number).where(*where).with_for_update()).scalar()
        if number is None:
            raise NotFound
        chosen = select(tables.studies.c.id).where(tables.studies.c.patient_key == patient_id)
        study_ids = list(self._execute(chosen.order_by(tables.studies.c.id)).scalars())
        erasure_id = self._erase(principal, "patient", patient_id, study_ids, reason)
        self._remove_orders(orders.c.site == site, orders.c.number == number)
        news = or_(patient_news.c.number == number, patient_news.c.prior == number)
        self._remove(patient_news, patient_news.c.site == site, news)
        removed = {
            "pregnancies": self._delete(pregnancies, pregnancies.c.patient_id == patient_id),
            "patients": self._delete(patients, patients.c.id == patient_id),
        }
        return self._close(principal, erasure_id, removed)

    def of_study(
        self, principal: Principal, study_id: str, reason: str, *, kind: str = "study"
    ) -> Erasure:
        """One study. Raises NotFound, Conflict."""
        erasure_id = self._erase(principal, kind, study_id, [study_id], reason)
        return self._close(principal, erasure_id, {})

    # --- one erasure ------------------------------------------------------------------------------
    def _erase(
        self, principal: Principal, kind: str, subject: str, study_ids: Sequence[str], reason: str
    ) -> str:
        for study_id in study_ids:
            self._session.lock_study(study_id, principal.site)
        self._refuse_while_read(study_ids)
        row = {
            "id": new_id(),
            "site": principal.site,
            "kind": kind,
            "subject": subject,
            "actor": principal.subject,
            "reason": reason,
            "asked_at": self._session.now(),
            "removed": {},
            "receivers": self._receivers(study_ids),
        }
        self._execute(insert(erasures), row)
        self._removed = {}
        for study_id in study_ids:
            self._erase_study(principal.site, str(row["id"]), study_id)
        return str(row["id"])

    def _refuse_while_read(self, study_ids: Sequence[str]) -> None:
        columns, now = tables.jobs.c, self._session.now()
        running = select(columns.id).where(
            columns.study_id.in_(study_ids),
            columns.state == JobState.LEASED.value,
            columns.lease_until > now,
        )
        if self._execute(running).first() is not None:
            raise Conflict("A study of hers is being read just now. Try again in a minute.")

    def _receivers(self, study_ids: Sequence[str]) -> list[str]:
        """Who outside had been sent something of these: it has to be asked by people."""
        columns = deliveries.c
        tried = (columns.study_id.in_(study_ids), columns.attempts > 0)
        named = union(
            select(destinations.c.name).join(
                deliveries, columns.destination_id == destinations.c.id
            ).where(*tried),
            select(webhooks.c.url).join(deliveries, columns.webhook_id == webhooks.c.id).where(*tried),
        )  # fmt: skip
        return sorted(self._execute(named).scalars())

    def _erase_study(self, site: str, erasure_id: str, study_id: str) -> None:
        mark = {"study_id": study_id, "erasure_id": erasure_id, "site": site}
        self._execute(insert(erased_studies), mark)
        self._note_objects(site, erasure_id, study_id)
        results = select(tables.results.c.id).where(tables.results.c.study_id == study_id)
        jobs = select(tables.jobs.c.id).where(tables.jobs.c.study_id == study_id)
        sent = select(deliveries.c.id).where(deliveries.c.study_id == study_id)
        self._remove(outbox, outbox.c.subject.in_(union_all(jobs, sent)))
        self._remove(commitment_requests, commitment_requests.c.delivery_id.in_(sent))
        self._remove(deliveries, deliveries.c.study_id == study_id)
        self._remove(events, events.c.study_id == study_id)
        self._remove_workitems(site, study_id)
        self._remove(read_frames, read_frames.c.study_id == study_id)
        self._remove(shares, shares.c.study_id == study_id)
        self._remove(facts, facts.c.study_id == study_id)
        self._remove_cases(site, erasure_id, study_id)
        self._remove_answers(site, study_id)
        self._remove(tables.artefacts, tables.artefacts.c.result_id.in_(results))
        for table in (tables.results, tables.jobs, tables.instances):
            self._remove(table, table.c.study_id == study_id)
        met = select(tables.studies.c.order_id).where(tables.studies.c.id == study_id)
        self._remove_orders(orders.c.id.in_(met))
        uid = select(tables.studies.c.study_uid).where(tables.studies.c.id == study_id)
        steps = procedure_steps.c
        self._remove(procedure_steps, steps.site == site, steps.study_uid.in_(uid))
        self._remove(tables.studies, tables.studies.c.id == study_id)
        self._events.add(site, "study.erased", study_id, {})

    def _note_objects(self, site: str, erasure_id: str, study_id: str) -> None:
        made = (
            select(tables.artefacts.c.sha256)
            .join(tables.results, tables.results.c.id == tables.artefacts.c.result_id)
            .where(tables.results.c.study_id == study_id)
        )
        came = select(tables.instances.c.sha256).where(tables.instances.c.study_id == study_id)
        for sha256 in self._execute(union(made, came)).scalars().all():
            values = {"erasure_id": erasure_id, "sha256": sha256, "site": site}
            self._session.insert_new(erased_objects, values)

    def _remove_cases(self, site: str, erasure_id: str, study_id: str) -> None:
        self._remove(case_previews, case_previews.c.study_id == study_id)
        columns = case_versions.c
        case_ids = select(columns.case_id).where(columns.site == site, columns.study_id == study_id)
        for case_id in set(self._execute(case_ids).scalars()):
            mine = (cases.c.site == site, cases.c.id == case_id)
            owner = self._execute(select(cases.c.owner).where(*mine)).scalar_one()
            values = {"site": site, "case_id": case_id, "erasure_id": erasure_id, "owner": owner}
            self._session.insert_new(erased_cases, values)
            for table in (case_previews, case_pictures, case_versions):
                self._remove(table, table.c.site == site, table.c.case_id == case_id)
            self._remove(cases, *mine)

    def _remove_orders(self, *where: ColumnElement[bool]) -> None:
        """Orders, and what machines said of them."""
        ids = select(orders.c.id).where(*where)
        self._remove(procedure_steps, procedure_steps.c.order_id.in_(ids))
        self._remove(orders, *where)

    def _remove_workitems(self, site: str, study_id: str) -> None:
        """Work items that name the study, and what was told of them."""
        named = select(tables.studies.c.study_uid).where(tables.studies.c.id == study_id)
        uid = str(self._execute(named).scalar_one())
        of_site = workitems.c.site == site
        words = cast(workitems.c.attributes, Text).contains(f'"{uid}"', autoescape=True)
        uids = list(self._execute(select(workitems.c.uid).where(of_site, words)).scalars())
        for table in (workitem_events, workitem_subscriptions, workitems):
            self._remove(table, table.c.site == site, table.c.uid.in_(uids))

    def _remove_answers(self, site: str, study_id: str) -> None:
        """Finished uploads and remembered answers that name the study."""
        query = select(uploads.c.id, uploads.c.outcome).where(
            uploads.c.site == site, uploads.c.state != "open"
        )
        for row in self._execute(query).all():
            if study_id in str(row.outcome):
                self._remove(uploads, uploads.c.id == row.id)
        kept = select(idempotency.c.key, idempotency.c.body).where(idempotency.c.site == site)
        for row in self._execute(kept).all():
            if study_id.encode() in row.body:
                self._remove(idempotency, idempotency.c.site == site, idempotency.c.key == row.key)

    def _close(self, principal: Principal, erasure_id: str, more: dict[str, int]) -> Erasure:
        removed = {name: count for name, count in {**self._removed, **more}.items() if count}
        change = update(erasures).where(erasures.c.id == erasure_id)
        self._execute(change.values(removed=removed))
        self._finish(erasure_id)
        made = self.get(principal.site, erasure_id)
        detail = {"kind": made.kind, "erasure": made.id, "studies": list(made.studies)}
        self._audit.add(principal, "erasure.asked", made.subject, {**detail, "reason": made.reason})
        return made

    def _remove(self, table: Table, *where: ColumnElement[bool]) -> None:
        self._removed[table.name] = self._removed.get(table.name, 0) + self._delete(table, *where)

    def _delete(self, table: Table, *where: ColumnElement[bool]) -> int:
        return int(self._execute(delete(table).where(*where)).rowcount)

    # --- what goes from the store -----------------------------------------------------------------
    def waiting_objects(self, limit: int = 500) -> list[tuple[str, str, str, bool]]:
        """(erasure, site, SHA-256, whether the site needs it still)."""
        columns = erased_objects.c
        query = select(columns.erasure_id, columns.site, columns.sha256).where(
            columns.gone_at.is_(None)
        )
        rows = self._execute(query.order_by(columns.erasure_id).limit(limit)).all()
        return [
            (row.erasure_id, row.site, row.sha256, self._is_needed(row.site, row.sha256))
            for row in rows
        ]

    def _is_needed(self, site: str, sha256: str) -> bool:
        needing: list[Any] = [
            select(literal(1)).where(table.c.sha256 == sha256, table.c.site == site)
            for table in (tables.instances, tables.artefacts)
        ]
        return self._execute(union_all(*needing).limit(1)).first() is not None

    def object_gone(self, erasure_id: str, sha256: str, *, kept: bool) -> None:
        """It went, or stays; the last one finishes the erasure."""
        columns = erased_objects.c
        change = update(erased_objects).where(
            columns.erasure_id == erasure_id, columns.sha256 == sha256
        )
        self._execute(change.values(gone_at=self._session.now(), kept=int(kept)))
        self._finish(erasure_id)

    def _finish(self, erasure_id: str) -> None:
        """Finished, and noted so, when nothing waits."""
        columns = erased_objects.c
        waiting = select(columns.sha256).where(
            columns.erasure_id == erasure_id, columns.gone_at.is_(None)
        )
        if self._execute(waiting.limit(1)).first() is not None:
            return
        change = update(erasures).where(
            erasures.c.id == erasure_id, erasures.c.finished_at.is_(None)
        )
        if self._execute(change.values(finished_at=self._session.now())).rowcount:
            row = (
                self._execute(select(erasures).where(erasures.c.id == erasure_id)).mappings().one()
            )
            self._note_end(row)

    # --- whose time is over -----------------------------------------------------------------------
    def over(self, limit: int = 20) -> list[tuple[str, str]]:
        """(site, study): signed by a person, or withdrawn by one, and old enough."""
        columns, over_age = tables.studies.c, []
        for site, kept in self._policies():
            old: list[ColumnElement[bool]] = []
            if kept.reviewed_days is not None:
                before = self._days_ago(kept.reviewed_days)
                old.append((columns.signed_version > 0) & (columns.received_at < before))
            if kept.withdrawn_days is not None:
                before = self._days_ago(kept.withdrawn_days)
                old.append(columns.withdrawn_at < before)
            if old:
                query = select(columns.id).where(
                    columns.site == site, columns.clash.is_(None), or_(*old)
                )
                ids = self._execute(query.order_by(columns.received_at).limit(limit)).scalars()
                over_age += [(site, study_id) for study_id in ids]
        return over_age[:limit]
