"""Studies: what came in, the worklist and QIDO-RS."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    RowMapping,
    Select,
    bindparam,
    func,
    literal,
    null,
    or_,
    select,
    tuple_,
    union,
    update,
)

from services.domain.errors import InvalidInput, NotFound
from services.domain.study import Principal
from services.domain.triage import triage
from services.index.clinical import matching
from services.index.clinical.conditions import conditions_of, sort_key
from services.index.clinical.receive import StudyReceiver
from services.index.clinical.study_columns import priority_key, study_of
from services.index.database import tables
from services.index.port import MOST_COUNTED, Instance, Study, StudyQuery, StudyState

_RARE = 5000  # fewer studies that have a text are looked up one by one
_BATCH = 500  # values in one IN (…); SQLite takes at most 32766
_HELD = select(tables.studies.c.id).where(
    or_(tables.studies.c.clash.is_not(null()), tables.studies.c.withdrawn_at.is_not(None))
)
_HELD_ONE = _HELD.where(tables.studies.c.id == bindparam("of_study"))
_SERIES_TAGS = (
    "00080021",
    "00080031",
    "00080060",
    "0008103E",
    "00180015",
    "0020000E",
    "00200011",
    "00200060",
    "00400244",
    "00400245",
)


class StudiesTable(StudyReceiver):
    """The port's ``Studies``; how they are received stands in ``receive``."""

    def get(self, site: str, study_id: str) -> Study:
        """Raises NotFound."""
        return self._one(tables.studies.c.site == site, tables.studies.c.id == study_id)

    def by_uid(self, site: str, study_uid: str) -> Study:
        """By Study Instance UID. Raises NotFound."""
        return self._one(tables.studies.c.site == site, tables.studies.c.study_uid == study_uid)

    def find(self, site: str, query: StudyQuery) -> list[Study]:
        """A page of the worklist. Raises InvalidInput for a key that cannot be matched."""
        columns = tables.studies.c
        order = columns.priority_key if query.by_need else columns.received_at
        ids = self._with_words(site, query)
        narrow = ids is not None or (matching.is_narrow(query.match) and not query.fuzzy)
        statement = (
            select(tables.studies)
            .where(*conditions_of(site, query, ids), *self._behind(site, query, order))
            .order_by(sort_key(order, narrow=narrow).desc(), columns.id.desc())
            .limit(query.limit)
            .offset(query.offset)
        )
        return [study_of(row) for row in self._rows(statement)]

    def _with_words(self, site: str, query: StudyQuery) -> list[str] | None:
        """The ids of the few studies that may have the words of a free text, where SQLite's index knows
        them. What many studies have is met soon enough along the order of the list."""
        words = matching.words_of(query.text)
        return self._words.find(site, words, _RARE) if words else None

    def _behind(
        self, site: str, query: StudyQuery, order: ColumnElement[Any]
    ) -> list[ColumnElement[bool]]:
        """A page that goes on where another ended needs no rows of those before. Raises InvalidInput."""
        if query.after is None:
            return []
        columns = tables.studies.c
        place = select(order).where(columns.site == site, columns.id == query.after)
        at = self._session.connection.execute(place).scalar()
        if at is None:
            raise InvalidInput("The study that the page goes on after is not here any more.")
        return [tuple_(order, columns.id) < tuple_(literal(at, order.type), query.after)]

    def count(self, site: str, query: StudyQuery) -> int:
        """How many ``find`` would list without limit, ``MOST_COUNTED`` at most. Raises InvalidInput."""
        ids = self._with_words(site, query)
        conditions = conditions_of(site, query, ids)
        known = None if ids is not None else self._words.rows(matching.words_of(query.text))
        if known is None:
            return self._count(tables.studies, *conditions)
        columns, (filled, matched) = tables.studies.c, known
        both = filled.join(tables.studies, columns.id == filled.c.study_id)
        count = self._count(both, matched, *conditions)
        waiting = self._count(tables.studies, columns.words.is_(None), *conditions)
        return min(count + waiting, MOST_COUNTED)

    def _count(self, rows: FromClause, *conditions: ColumnElement[bool]) -> int:
        matches = select(literal(1)).select_from(rows).where(*conditions).limit(MOST_COUNTED)
        statement = select(func.count()).select_from(matches.subquery())
        return self._session.connection.execute(statement).scalar_one()

    def fill_words(self, limit: int) -> int:
        """Studies that came since go into the index of words; see the port."""
        return self._words.fill(limit)

    def words_waiting(self) -> bool:
        """Whether any study is not there yet; see the port."""
        return self._words.waiting()

    def series(self, site: str, study_uid: str) -> list[dict[str, Any]]:
        """DICOM JSON of each series, with its number of instances. Raises NotFound."""
        study_id = self.by_uid(site, study_uid).id
        columns = tables.instances.c
        groups = (
            select(func.count().label("count"), func.min(columns.id).label("first"))
            .where(columns.study_id == study_id, columns.replaced_version.is_(None))
            .group_by(columns.series_uid)
            .subquery()
        )
        statement = (
            select(columns.series_uid, columns.modality, columns.attributes, groups.c.count)
            .join(groups, columns.id == groups.c.first)
            .order_by(columns.id)
        )
        return [_series(row) for row in self._rows(statement)]

    def instances(
        self,
        site: str,
        *,
        study_uid: str | None = None,
        series_uid: str | None = None,
        sop_uid: str | None = None,
        replaced: bool = True,
        limit: int = 10_000,
        offset: int = 0,
    ) -> list[Instance]:
        """Those that fit every UID that is given, in the order of receipt; see the port."""
        columns = tables.instances.c
        statement = (
            select(tables.instances, tables.studies.c.study_uid, tables.studies.c.corrected)
            .join(tables.studies, tables.studies.c.id == columns.study_id)
            .where(columns.site == site)
        )
        for column, wanted in (
            (tables.studies.c.study_uid, study_uid),
            (columns.series_uid, series_uid),
            (columns.sop_uid, sop_uid),
        ):
            if wanted is not None:
                statement = statement.where(column == wanted)
        if not replaced:
            statement = statement.where(columns.replaced_version.is_(None))
        statement = statement.order_by(columns.id).limit(limit).offset(offset)
        return [_instance(row) for row in self._rows(statement)]

    def set_urgent(self, principal: Principal, study_id: str, urgent: bool) -> None:
        """The study, its queued job, and its place in the worklist. Raises NotFound."""
        row = self._session.lock_study(study_id, principal.site)
        if row["urgent"] == urgent:
            return
        reasons = [reason for reason in row["reasons"] if reason != "urgent"]
        score = row["score"] + triage(urgent=True).score * (1 if urgent else -1)
        reviewed = row["state"] == StudyState.REVIEWED
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        change = change.values(
            urgent=urgent,
            score=score,
            reasons=["urgent", *reasons] if urgent else reasons,
            priority_key=priority_key(score, row["received_at"], reviewed=reviewed),
        )
        self._session.connection.execute(change)
        self._jobs.follow_urgency(study_id, urgent, triage(urgent=urgent).score)
        self._audit.add(principal, "study.urgent", study_id, {"urgent": urgent})

    def complete(self, principal: Principal, study_id: str) -> str | None:
        """End the quiet time of the study's queued job; see the port. Raises NotFound."""
        self._session.lock_study(study_id, principal.site)
        job_id = self._jobs.end_quiet_time(study_id)
        if job_id is not None:
            self._audit.add(principal, "study.complete", study_id, {"job_id": job_id})
        return job_id

    def held(self, study_ids: Collection[str]) -> set[str]:
        """Those of which nothing may be sent out; see the port."""
        if not study_ids:
            return set()
        if len(study_ids) == 1:
            (study_id,) = study_ids
            rows = self._session.connection.execute(_HELD_ONE, {"of_study": study_id})
            return set(rows.scalars())
        query = _HELD.where(tables.studies.c.id.in_(study_ids))
        return set(self._session.connection.execute(query).scalars())

    def withdraw(self, principal: Principal, study_id: str, reason: str) -> None:
        """Out of worklist, QIDO-RS and deliveries; see the port. Raises NotFound."""
        row = self._session.lock_study(study_id, principal.site)
        if row["withdrawn_at"] is not None:
            return
        self._change(study_id, withdrawn_at=self._session.now())
        self._events.add(principal.site, "study.withdrawn", study_id, {})
        self._audit.add(principal, "study.withdraw", study_id, {"reason": reason})

    def restore(self, principal: Principal, study_id: str) -> None:
        """Back in worklist and deliveries; see the port. Raises NotFound."""
        row = self._session.lock_study(study_id, principal.site)
        if row["withdrawn_at"] is None:
            return
        self._change(study_id, withdrawn_at=None)
        payload = {"version": row["latest_version"]} if row["latest_version"] else {}
        self._events.add(principal.site, "study.corrected", study_id, payload)
        self._audit.add(principal, "study.restore", study_id)

    def claim(self, principal: Principal, study_id: str, name: str | None) -> None:
        """Who reads this case; see the port. Raises NotFound."""
        row = self._session.lock_study(study_id, principal.site)
        claim = row["claim"] or {}
        if name is None and not claim:
            return
        if name is not None and claim.get("by") != principal.subject:
            claim = {
                "by": principal.subject,
                "name": name,
                "since": self._session.now().isoformat(),
            }
        self._change(study_id, claim=claim if name is not None else null())
        action = "study.claim" if name is not None else "study.unclaim"
        self._events.add(principal.site, action, study_id, {})
        self._audit.add(principal, action, study_id)

    def _change(self, study_id: str, **values: Any) -> None:
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(**values))

    def referenced(self, sha256: Sequence[str]) -> set[str]:
        """Which of these SHA-256 an instance or artefact of any site needs."""
        known: set[str] = set()
        for start in range(0, len(sha256), _BATCH):
            batch = list(sha256[start : start + _BATCH])
            of_instances = select(tables.instances.c.sha256)
            of_artefacts = select(tables.artefacts.c.sha256)
            statement = union(
                of_instances.where(tables.instances.c.sha256.in_(batch)),
                of_artefacts.where(tables.artefacts.c.sha256.in_(batch)),
            )
            known.update(self._session.connection.execute(statement).scalars())
        return known

    def _one(self, *conditions: ColumnElement[bool]) -> Study:
        rows = self._rows(select(tables.studies).where(*conditions))
        if not rows:
            raise NotFound
        return study_of(rows[0])

    def _rows(self, statement: Select[Any]) -> Sequence[RowMapping]:
        return self._session.connection.execute(statement).mappings().all()


def _series(row: RowMapping) -> dict[str, Any]:
    attributes = {tag: row["attributes"][tag] for tag in _SERIES_TAGS if tag in row["attributes"]}
    attributes["00080060"] = {"vr": "CS", "Value": [row["modality"]]}
    attributes["0020000E"] = {"vr": "UI", "Value": [row["series_uid"]]}
    attributes["00201209"] = {"vr": "IS", "Value": [row["count"]]}
    return attributes


def _instance(row: RowMapping) -> Instance:
    values = {key: value for key, value in row.items() if key != "id"}
    corrected = (row["corrected"] or {}).get("now")
    return Instance(**{**values, "corrected": corrected})
