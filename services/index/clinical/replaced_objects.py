"""The newest of FADA's own objects of a study: those of an older version are kept, and marked.

An own object is an instance of the study with the hash of a version's artefact. It is replaced by the
first later version that has own objects and does not list it. A machine's version replaces machines'
objects alone, never those of one that a person has signed.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from sqlalchemy import func, select, update

from services.domain.patient import fold
from services.domain.report import Origin
from services.index.database import tables
from services.index.database.connection import Session
from services.index.records import Result

OWN = ("seg", "sr", "sr_obgyn", "pdf_dicom")  # kinds of artefacts that are objects of the study
_BATCH = 500


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
