"""Results: versions that are added and never changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, insert, select, update

from services.domain.errors import NotFound
from services.domain.report import Origin, Report
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.clinical.instances import mark_replaced
from services.index.clinical.study_columns import priority_key
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.messaging.events import EventsTable
from services.index.port import Artefact, Result, StudyState
from services.index.record.examinations import ExaminationsTable
from services.reading import report_json

# A phone's own report makes nothing ready: the hub has still to read the images.
_EVENTS = {
    Origin.HUB: "study.ready",
    Origin.REVIEW: "study.reviewed",
    Origin.PHONE: "study.received",
}


class ResultsTable:
    """The port's ``Results``."""

    def __init__(
        self,
        session: Session,
        examinations: ExaminationsTable,
        events: EventsTable,
        audit: AuditTable,
    ) -> None:
        self._session = session
        self._examinations = examinations
        self._events = events
        self._audit = audit

    def versions(self, site: str, study_id: str) -> list[Result]:
        """Oldest first."""
        query = select(tables.results).where(
            tables.results.c.site == site, tables.results.c.study_id == study_id
        )
        rows = self._session.connection.execute(query.order_by(tables.results.c.version))
        return self._with_artefacts(list(rows.mappings()))

    def get(self, site: str, study_id: str, version: int | None = None) -> Result:
        """A version; the latest with None. Raises NotFound."""
        columns = tables.results.c
        query = select(tables.results).where(columns.site == site, columns.study_id == study_id)
        if version is not None:
            return self._only(query.where(columns.version == version))
        shown = select(tables.studies.c.latest_version).where(tables.studies.c.id == study_id)
        return self._only(query.where(columns.version == shown.scalar_subquery()))

    def of_job(self, job_id: str) -> Result:
        """The result that a job became. Raises NotFound."""
        return self._only(select(tables.results).where(tables.results.c.job_id == job_id))

    def add(
        self,
        principal: Principal,
        study_id: str,
        report: Report,
        artefacts: list[Artefact],
        *,
        origin: Origin,
        based_on: int | None,
        scores: dict[str, int] | None = None,
        score: float | None = None,
        reasons: tuple[str, ...] | None = None,
    ) -> Result:
        """A further version by a person or a phone; see the port. Raises NotFound."""
        study = self._session.lock_study(study_id, principal.site)
        result = Result(
            id=new_id(),
            study_id=study_id,
            site=principal.site,
            version=study["newest_version"] + 1,
            origin=origin,
            author=principal.subject,
            created_at=self._session.now(),
            report=report,
            based_on=based_on,
            artefacts=tuple(artefacts),
            scores=dict(scores or {}),
        )
        reviewed = _is_signed(result)
        state = StudyState.REVIEWED if reviewed else StudyState(study["state"])
        by_machine = origin is not Origin.REVIEW
        if by_machine and _is_beside_signed(study, result) and state is StudyState.REVIEWED:
            state = StudyState.READY  # there is something new to look at
        self.append(study, result, state=state, score=score, reasons=reasons)
        kind = "study.reviewed" if reviewed else "study.reported"
        self._audit.add(principal, kind, study_id, {"version": result.version, "origin": origin})
        return result

    def append(
        self,
        study: RowMapping,
        result: Result,
        *,
        state: StudyState,
        score: float | None,
        reasons: tuple[str, ...] | None,
    ) -> None:
        """The one way a result comes to be. ``study`` is its row, locked, so versions cannot race."""
        self._insert(result)
        self._update_study(study, result, state, score, reasons)
        mark_replaced(self._session, result)
        self._examinations.refresh(result.study_id)
        payload = {"version": result.version, "result_id": result.id, "origin": result.origin.value}
        if result.job_id is not None:
            payload["job_id"] = result.job_id
        self._events.add(result.site, _EVENTS[result.origin], result.study_id, payload)

    def artefact(self, site: str, sha256: str) -> Artefact:
        """Raises NotFound, also in another site."""
        columns = tables.artefacts.c
        query = select(tables.artefacts).where(columns.site == site, columns.sha256 == sha256)
        row = self._session.connection.execute(query.limit(1)).mappings().first()
        if row is None:
            raise NotFound
        return _artefact(row)

    def study_of_artefact(self, site: str, sha256: str) -> str:
        """The id of the study that it was made for last. Raises NotFound, also in another site."""
        made, of = tables.artefacts.c, tables.results.c
        query = (
            select(of.study_id)
            .join(tables.artefacts, made.result_id == of.id)
            .where(made.site == site, made.sha256 == sha256)
            .order_by(of.created_at.desc())
            .limit(1)
        )
        study_id: str | None = self._session.connection.execute(query).scalar_one_or_none()
        if study_id is None:
            raise NotFound
        return study_id

    def _insert(self, result: Result) -> None:
        values: dict[str, Any] = {
            "id": result.id,
            "study_id": result.study_id,
            "site": result.site,
            "version": result.version,
            "origin": result.origin.value,
            "author": result.author,
            "created_at": result.created_at,
            "report": report_json.dump(result.report).decode(),
            "based_on": result.based_on,
            "job_id": result.job_id,
            "scores": result.scores,
        }
        self._session.connection.execute(insert(tables.results), values)
        rows = [
            {
                "result_id": result.id,
                "position": position,
                "site": result.site,
                "kind": one.kind,
                "sha256": one.sha256,
                "media_type": one.media_type,
                "size": one.size,
                "sop_uid": one.sop_uid,
                "frame": one.frame,
                "label": one.label,
            }
            for position, one in enumerate(result.artefacts)
        ]
        if rows:
            self._session.connection.execute(insert(tables.artefacts), rows)

    def _update_study(
        self,
        study: RowMapping,
        result: Result,
        state: StudyState,
        score: float | None,
        reasons: tuple[str, ...] | None,
    ) -> None:
        best = result.report.best
        new_score = study["score"] if score is None else score
        reviewed = state is StudyState.REVIEWED
        values: dict[str, Any] = {
            "newest_version": result.version,
            "state": state.value,
            "score": new_score,
            "priority_key": priority_key(new_score, study["received_at"], reviewed=reviewed),
        }
        if not _is_beside_signed(study, result):
            values |= {
                "latest_version": result.version,
                "plane": best.plane.label if best is not None and best.plane is not None else "",
                "ga_days": best.datings[0].days if best is not None and best.datings else None,
            }
        if _is_signed(result):
            values["signed_version"] = result.version
        if reasons is not None:
            values["reasons"] = list(reasons)
        change = update(tables.studies).where(tables.studies.c.id == result.study_id)
        self._session.connection.execute(change.values(**values))

    def _only(self, query: Any) -> Result:
        rows = list(self._session.connection.execute(query).mappings())
        if not rows:
            raise NotFound
        return self._with_artefacts(rows)[0]

    def _with_artefacts(self, rows: list[RowMapping]) -> list[Result]:
        columns = tables.artefacts.c
        query = select(tables.artefacts).where(columns.result_id.in_([row["id"] for row in rows]))
        artefacts: dict[str, list[Artefact]] = {row["id"]: [] for row in rows}
        if rows:
            ordered = query.order_by(columns.result_id, columns.position)
            for row in self._session.connection.execute(ordered).mappings():
                artefacts[row["result_id"]].append(_artefact(row))
        return [_result(row, tuple(artefacts[row["id"]])) for row in rows]


def _is_beside_signed(study: RowMapping, result: Result) -> bool:
    """Neither a machine's version nor a draft takes the place of one that a person has signed."""
    return bool(study["signed_version"]) and not _is_signed(result)


def _is_signed(result: Result) -> bool:
    return result.origin is Origin.REVIEW and result.report.reviewed_by is not None


def _artefact(row: RowMapping) -> Artefact:
    return Artefact(
        kind=row["kind"],
        sha256=row["sha256"],
        media_type=row["media_type"],
        size=row["size"],
        sop_uid=row["sop_uid"],
        frame=row["frame"],
        label=row["label"],
    )


def _result(row: RowMapping, artefacts: tuple[Artefact, ...]) -> Result:
    return Result(
        id=row["id"],
        study_id=row["study_id"],
        site=row["site"],
        version=row["version"],
        origin=Origin(row["origin"]),
        author=row["author"],
        created_at=row["created_at"],
        report=report_json.load(row["report"]),
        based_on=row["based_on"],
        job_id=row["job_id"],
        artefacts=artefacts,
        scores=row["scores"],
    )
