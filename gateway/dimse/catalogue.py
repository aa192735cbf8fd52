"""C-FIND by patient, study, series and image (PS3.4 annex C) in one site, as DICOM JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.domain.dicom.matching import matches
from services.domain.dicom.values import first_text
from services.domain.errors import InvalidInput, NotFound
from services.index.port import Index, Instance, StudyQuery, Transaction

Json = dict[str, Any]
LEVEL, STUDY, SERIES, IMAGE = "00080052", "0020000D", "0020000E", "00080018"
_PATIENT = ("00100010", "00100020", "00100030", "00100040")
_KEYWORDS = {
    STUDY: "StudyInstanceUID", "00100010": "PatientName", "00100020": "PatientID",
    "00100030": "PatientBirthDate", "00100040": "PatientSex", "00080050": "AccessionNumber",
    "00080020": "StudyDate", "00080030": "StudyTime", "00200010": "StudyID",
    "00081030": "StudyDescription", "00080090": "ReferringPhysicianName",
    "00080061": "ModalitiesInStudy",
}  # fmt: skip
_PAGE, _MOST = 200, 10_000


def find(index: Index, site: str, aet: str, query: Json) -> Iterator[Json]:
    """The matches at the level of (0008,0052). Raises InvalidInput: no level, or no UID of the one above."""
    level, patterns = first_text(query, LEVEL), patterns_of(query)
    with index.read() as tx:
        if level == "STUDY":
            matches = _studies(tx, site, patterns)
        elif level == "PATIENT":
            matches = _patients(tx, site, patterns)
        elif level == "SERIES":
            matches = _series(tx, site, patterns)
        elif level == "IMAGE":
            matches = _images(tx, site, patterns)
        else:
            raise InvalidInput("(0008,0052) is PATIENT, STUDY, SERIES or IMAGE.")
        for item in matches:
            yield _answer(item, query, level, aet)


def named_instances(index: Index, site: str, query: Json) -> list[Instance]:
    """The objects that a retrieval's unique keys name; replaced ones only by their own UIDs, withdrawn
    studies not at all. Raises InvalidInput: it names none of the level's keys."""
    patterns = patterns_of(query)
    uids = {tag: _uids(patterns.get(tag, "")) for tag in (STUDY, SERIES, IMAGE)}
    instances: list[Instance] = []
    with index.read() as tx:
        studies = uids[STUDY] or _studies_of_patient(tx, site, query, patterns)
        for study_uid in studies:
            if not _shown(tx, site, study_uid):
                continue
            rows = tx.studies.instances(site, study_uid=study_uid, replaced=bool(uids[IMAGE]))
            instances += [
                one
                for one in rows
                if (not uids[SERIES] or one.series_uid in uids[SERIES])
                and (not uids[IMAGE] or one.sop_uid in uids[IMAGE])
            ]
    return instances


def patterns_of(query: Json) -> dict[str, str]:
    """Tag → pattern of what is matched; sequences, the level and empty keys are not."""
    patterns = {}
    for tag, entry in query.items():
        values = entry.get("Value") or []
        if entry.get("vr") == "SQ" or tag in (LEVEL, "00080005") or not values:
            continue
        texts = [one.get("Alphabetic", "") if isinstance(one, dict) else str(one) for one in values]
        if any(texts):
            patterns[tag] = "\\".join(texts)
    return patterns


def _studies_of_patient(
    tx: Transaction, site: str, query: Json, patterns: dict[str, str]
) -> list[str]:
    number = patterns.get("00100020", "")
    if first_text(query, LEVEL) != "PATIENT" or not number or "*" in number or "?" in number:
        raise InvalidInput("A retrieval names the UIDs of its level, or one patient's number.")
    rows = tx.studies.find(site, StudyQuery(match={"PatientID": number}, limit=_MOST))
    return [row.study_uid for row in rows]


def _shown(tx: Transaction, site: str, study_uid: str) -> bool:
    try:
        return tx.studies.by_uid(site, study_uid).withdrawn_at is None
    except NotFound:
        return False


def _studies(tx: Transaction, site: str, patterns: dict[str, str]) -> Iterator[Json]:
    match = {_KEYWORDS[tag]: p for tag, p in patterns.items() if tag in _KEYWORDS}
    for offset in range(0, _MOST, _PAGE):
        rows = tx.studies.find(site, StudyQuery(match=match, limit=_PAGE, offset=offset))
        for row in rows:
            yield {**row.attributes, STUDY: {"vr": "UI", "Value": [row.study_uid]}}
        if len(rows) < _PAGE:
            return


def _patients(tx: Transaction, site: str, patterns: dict[str, str]) -> Iterator[Json]:
    seen: set[str] = set()
    of_patient = {tag: p for tag, p in patterns.items() if tag in _PATIENT}
    for study in _studies(tx, site, of_patient):
        number = first_text(study, "00100020")
        if number and number not in seen:
            seen.add(number)
            yield {tag: study[tag] for tag in _PATIENT if tag in study}


def _series(tx: Transaction, site: str, patterns: dict[str, str]) -> Iterator[Json]:
    for study_uid in _above(patterns, STUDY):
        if not _shown(tx, site, study_uid):
            continue
        of = tx.studies.by_uid(site, study_uid)
        for attributes in tx.studies.series(site, study_uid):
            item = {**of.attributes, **attributes, STUDY: {"vr": "UI", "Value": [study_uid]}}
            if matches(item, {tag: p for tag, p in patterns.items() if tag in item}):
                yield item


def _images(tx: Transaction, site: str, patterns: dict[str, str]) -> Iterator[Json]:
    for study_uid in _above(patterns, STUDY):
        if not _shown(tx, site, study_uid):
            continue
        for series_uid in _above(patterns, SERIES):
            rows = tx.studies.instances(
                site, study_uid=study_uid, series_uid=series_uid, replaced=False
            )
            for row in rows:
                item = {
                    **row.attributes,
                    STUDY: {"vr": "UI", "Value": [study_uid]},
                    SERIES: {"vr": "UI", "Value": [series_uid]},
                }
                if matches(item, {tag: p for tag, p in patterns.items() if tag in item}):
                    yield item


def _above(patterns: dict[str, str], tag: str) -> list[str]:
    """The UIDs of the level above: without them there is no answer (PS3.4 C.4.1.2.1)."""
    uids = _uids(patterns.get(tag, ""))
    if not uids:
        raise InvalidInput("A query below the study names the UIDs of the levels above.")
    return uids


def _uids(pattern: str) -> list[str]:
    return [one for one in pattern.replace(",", "\\").split("\\") if one and "*" not in one]


def _answer(item: Json, query: Json, level: str, aet: str) -> Json:
    """What the query names; what is not known here comes back empty."""
    answer = {tag: item.get(tag, {"vr": entry.get("vr", "UN")}) for tag, entry in query.items()}
    unique = {"STUDY": STUDY, "SERIES": SERIES, "IMAGE": IMAGE, "PATIENT": "00100020"}[level]
    if unique in item:
        answer[unique] = item[unique]
    answer[LEVEL] = {"vr": "CS", "Value": [level]}
    answer["00080054"] = {"vr": "AE", "Value": [aet]}
    answer["00080056"] = {"vr": "CS", "Value": ["ONLINE"]}
    return answer
