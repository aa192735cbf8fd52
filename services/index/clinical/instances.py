"""The rows of instances: which are new, contradict stored ones, correct or replace them, and how many count.

FADA's own objects of a study are instances of it with the hash of a version's artefact. One is replaced by
the first later version that has own objects and does not list it: it is kept, and marked. A machine's version
replaces machines' objects alone, never those of one that a person has signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import delete, func, select, update

from services.domain.patient import fold
from services.domain.report import Origin
from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.port import InstancesDiffer, NewInstance
from services.index.records import Result

OWN = ("seg", "sr", "sr_obgyn", "pdf_dicom")  # kinds of artefacts that are objects of the study
STUDY_UID = "0020000D"
_BATCH = 500


class InstanceRows:
    """Written in the transaction that receives their study."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert(
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
        if not made:
            there = self._without_split_off(study_id, there)
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

    def _without_split_off(
        self, study_id: str, there: dict[str, tuple[str, str]]
    ) -> dict[str, tuple[str, str]]:
        """Images that a person moved from this study to one of their own are known here, too."""
        others = {of for of, _ in there.values() if of != study_id}
        if not others:
            return there
        columns = tables.studies.c
        query = select(columns.id, columns.corrected).where(columns.id.in_(others))
        rows = {row.id: row.corrected or {} for row in self._session.connection.execute(query)}
        uid = self._session.lock_study(study_id)["study_uid"]
        was = {of: rows[of].get("was", {}).get(STUDY_UID, {}).get("Value") for of in rows}
        return {
            sop_uid: (study_id if was.get(of) == [uid] else of, sha256)
            for sop_uid, (of, sha256) in there.items()
        }

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


def mark_replaced(session: Session, result: Result) -> None:
    """Mark what ``result``, just added, replaces. The study is locked."""
    current = [one.sha256 for one in result.artefacts if one.kind in OWN]
    if not current:
        return
    older = set(_older(session, result)) - set(current)
    changed = _mark(session, result.study_id, sorted(older), result.version)
    changed += _mark(session, result.study_id, current, None)
    if changed:
        change = update(tables.studies).where(tables.studies.c.id == result.study_id)
        session.connection.execute(change.values(**counts_of(session, result.study_id)))


def counts_of(session: Session, study_id: str) -> dict[str, Any]:
    """The study's columns that count its instances, without replaced ones."""
    columns = tables.instances.c
    query = select(columns.series_uid, columns.modality, func.count().label("count")).where(
        columns.study_id == study_id, columns.replaced_version.is_(None)
    )
    rows = session.connection.execute(query.group_by(columns.series_uid, columns.modality)).all()
    return {
        "instances": sum(row[2] for row in rows),
        "series": len({row.series_uid for row in rows}),
        "modalities": modalities_of(row.modality for row in rows),
    }


def modalities_of(values: Iterable[str]) -> str:
    """Between backslashes, so that one can be searched for."""
    folded = sorted({fold(one) for one in values if one})
    return "\\" + "\\".join(folded) + "\\" if folded else ""


def _older(session: Session, result: Result) -> Iterable[str]:
    """Hashes of the own objects of versions before."""
    results, artefacts = tables.results.c, tables.artefacts.c
    query = (
        select(artefacts.sha256)
        .join(tables.results, results.id == artefacts.result_id)
        .where(
            results.study_id == result.study_id,
            results.version < result.version,
            artefacts.kind.in_(OWN),
        )
    )
    if result.origin is not Origin.REVIEW:
        query = query.where(results.origin != Origin.REVIEW.value)
    return session.connection.execute(query).scalars()


def _mark(session: Session, study_id: str, hashes: Sequence[str], version: int | None) -> int:
    columns, count = tables.instances.c, 0
    unlike = (
        columns.replaced_version.is_(None) if version else columns.replaced_version.is_not(None)
    )
    for start in range(0, len(hashes), _BATCH):
        change = update(tables.instances).where(
            columns.study_id == study_id,
            columns.frames == 0,
            columns.sha256.in_(hashes[start : start + _BATCH]),
            unlike,
        )
        count += session.connection.execute(change.values(replaced_version=version)).rowcount
    return count
