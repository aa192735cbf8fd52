"""A study's row: the order of need, folded text of its header that is searched, and its record."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from services.domain.patient import fold
from services.domain.study import IngestSource
from services.domain.triage import PER_HOUR_WAITING
from services.index.database.tables import studies
from services.index.records import Study, StudyState

_LAST = 1e9  # reviewed studies stand behind all that wait; above 2000 years of waiting
# The folded columns: keyword -> (tag, column).
COLUMNS = {
    "PatientName": ("00100010", studies.c.patient_name),
    "PatientID": ("00100020", studies.c.patient_id),
    "PatientBirthDate": ("00100030", studies.c.birth_date),
    "PatientSex": ("00100040", studies.c.sex),
    "AccessionNumber": ("00080050", studies.c.accession),
    "StudyDate": ("00080020", studies.c.study_date),
    "StudyTime": ("00080030", studies.c.study_time),
    "StudyID": ("00200010", studies.c.dicom_study_id),
    "StudyDescription": ("00081030", studies.c.description),
    "ReferringPhysicianName": ("00080090", studies.c.referring),
}


def priority_key(score: float, received_at: datetime, *, reviewed: bool = False) -> float:
    """Higher first. Sorting by this is sorting by ``triage.aged(score, hours waiting)`` at any time.

    Every study gains the same per hour, so two studies never change places: the score at the hour
    of receipt zero is enough, and it needs no clock when the list is asked for.
    """
    hours = received_at.timestamp() / 3600.0
    return score - PER_HOUR_WAITING * hours - (_LAST if reviewed else 0.0)


def _value(attributes: dict[str, Any], tag: str) -> str:
    values = (attributes.get(tag) or {}).get("Value") or [""]
    first = values[0]
    if isinstance(first, dict):  # a person's name
        first = first.get("Alphabetic") or first.get("Ideographic") or first.get("Phonetic") or ""
    return fold(str(first)).rstrip("^")


def _all_names(attributes: dict[str, Any]) -> str:
    values = (attributes.get("00100010") or {}).get("Value") or []
    names = [part for name in values if isinstance(name, dict) for part in name.values()]
    return " ".join(fold(str(name)).replace("^", " ") for name in names)


def searched_columns(attributes: dict[str, Any]) -> dict[str, str]:
    """The folded columns of a study's row from its DICOM JSON."""
    columns = {column.name: _value(attributes, tag) for tag, column in COLUMNS.values()}
    columns["searched"] = " ".join(
        (_all_names(attributes), columns["patient_id"], columns["accession"])
    )
    return columns


def study_of(row: RowMapping) -> Study:
    """The record of a study's row."""
    modalities = [one for one in row["modalities"].split("\\") if one]
    derived = {
        "00080061": {"vr": "CS", "Value": [one.upper() for one in modalities]},
        "00201206": {"vr": "IS", "Value": [row["series"]]},
        "00201208": {"vr": "IS", "Value": [row["instances"]]},
    }
    return Study(
        id=row["id"],
        site=row["site"],
        study_uid=row["study_uid"],
        state=StudyState(row["state"]),
        source=IngestSource(row["source"]),
        urgent=row["urgent"],
        score=row["score"],
        reasons=tuple(row["reasons"]),
        received_at=row["received_at"],
        instances=row["instances"],
        latest_version=row["latest_version"],
        newest_version=row["newest_version"],
        signed_version=row["signed_version"],
        plane=row["plane"],
        ga_days=row["ga_days"],
        attributes={**row["attributes"], **derived},
        error_code=row["error_code"],
        patient_id=row["patient_key"],
        pregnancy_id=row["pregnancy_id"],
        order_id=row["order_id"],
        withdrawn_at=row["withdrawn_at"],
        clash=row["clash"],
        corrected=row["corrected"],
        claim=row["claim"],
        headline=row["headline"],
    )
