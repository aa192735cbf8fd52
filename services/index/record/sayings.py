"""What a study says, put right without a change of its objects: ``was`` they say, ``now`` is said."""

from __future__ import annotations

from typing import Any

from sqlalchemy import RowMapping, update

from services.index.clinical.study_columns import searched_columns
from services.index.database import tables
from services.index.database.connection import Session


def say(session: Session, row: RowMapping, now: dict[str, Any]) -> None:
    """The study says ``now``, DICOM JSON, from now on; the row is locked."""
    before = row["corrected"] or {"was": {}, "now": {}}
    was = {tag: row["attributes"].get(tag, {"vr": entry["vr"]}) for tag, entry in now.items()}
    attributes = {**row["attributes"], **now}
    change = update(tables.studies).where(tables.studies.c.id == row["id"])
    change = change.values(
        attributes=attributes,
        corrected={
            "was": {**was, **before["was"]},
            "now": {**before["now"], **now},
            "at": session.now().isoformat(),
        },
        **searched_columns(attributes),
    )
    session.connection.execute(change)
