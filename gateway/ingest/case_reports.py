"""A version of a phone's case becomes the hub's own records, whichever way it came."""

from __future__ import annotations

import hashlib
from typing import Any

from gateway.ingest.case_form import (
    CaseIn,
    case_of,
    facts_of,
    parse_case,
    report_of,
    study_attributes,
)
from gateway.ingest.site_room import Claim, SiteRoom
from services.domain.biometry import age_by_last_period
from services.domain.errors import Gone
from services.domain.report import Origin, Report
from services.domain.study import IngestSource, Principal, Role
from services.domain.triage import triage_readings
from services.examinations import known_last_period
from services.index.port import Artefact, Case, CaseVersion, Index, Study, Transaction
from services.reading import report_json
from services.storage.port import ObjectStore


def receive_case(
    index: Index,
    store: ObjectStore,
    room: SiteRoom,
    who: Principal,
    case_id: str,
    number: int,
    data: bytes,
    *,
    request_id: str,
) -> tuple[bool, dict[str, Any]]:
    """Object first, then one transaction; (whether the version is new, the answer). ``data`` is the
    JSON that the phone made.

    Raises:
        InvalidInput: it is not of the form that this hub knows.
        TooLarge: the report has a frame that nothing can be drawn on.
        DifferentBytes: this version came before with other content.
        Conflict: the case is another phone's.
        Gone: it was erased at the hub.
        SiteQuotaReached: the case is new, and its site has no room.
    """
    sent = parse_case(data)
    case, claim, new = case_of(who, case_id, sent), Claim(who.site), False
    try:
        room.claim(claim, case.study_uid, "", len(data))
        new, answer = _keep(index, store, who, (case, sent), number, data, request_id)
    finally:
        room.settle(claim, len(data) if new else 0)
    return new, answer


def _keep(
    index: Index,
    store: ObjectStore,
    who: Principal,
    parsed: tuple[Case, CaseIn],
    number: int,
    data: bytes,
    request_id: str,
) -> tuple[bool, dict[str, Any]]:
    (case, sent), digest = parsed, hashlib.sha256(data).hexdigest()
    case_id = case.id
    report = report_of(sent, case)
    artefacts = []
    if report is not None:
        stored = store.put(who.site, report_json.dump(report), "application/json")
        artefacts = [Artefact("report", stored.sha256, "application/json", stored.size)]
    with index.begin() as tx:
        if tx.erasures.is_erased(who.site, case_id):
            raise Gone("This case was erased at the hub. Erase it here too.")
        # Locks the study, so that the same case sent twice at once comes one after the other.
        tx.studies.receive(
            who, case.study_uid, study_attributes(case, sent), [],
            source=IngestSource.PHONE, urgent=sent.urgent, request_id=request_id,
        )  # fmt: skip
        study = tx.studies.by_uid(who.site, case.study_uid)
        tx.cases.open(who.site, case)
        version = tx.cases.known_version(who.site, case_id, number, digest)
        new = version is None
        if version is None:
            became = _add_result(tx, who, study, sent.urgent, report, artefacts)
            version = CaseVersion(number, study.id, digest, case.pictures, became)
            tx.cases.add_version(who.site, case_id, version)
            _state_facts(tx, who, study.id, facts_of(sent))
        missing = tx.cases.missing(who.site, case_id, number)
    return new, {
        "case_id": case_id,
        "study_id": study.id,
        "study_uid": study.study_uid,
        "version": number,
        "result_version": version.result_version or None,
        "missing": missing,
    }


def _add_result(
    tx: Transaction,
    who: Principal,
    study: Study,
    urgent: bool,
    report: Report | None,
    artefacts: list[Artefact],
) -> int:
    """The version that the report became among the study's results; 0 without one."""
    if urgent and not study.urgent:
        tx.studies.set_urgent(who, study.id, True)
        study = tx.studies.get(who.site, study.id)
    if report is None:
        return 0
    _note_release(tx, who, report)
    versions = tx.results.versions(who.site, study.id)
    triaged = triage_readings(
        urgent=study.urgent,
        hub=next((r.report for r in reversed(versions) if r.origin is Origin.HUB), None),
        phone=report,
        lmp_days=age_by_last_period(study.attributes, known_last_period(tx, study)),
    )
    added = tx.results.add(
        who,
        study.id,
        report,
        artefacts,
        origin=Origin.PHONE,
        based_on=None,
        score=triaged.score,
        reasons=triaged.reasons,
    )
    return added.version


def _state_facts(tx: Transaction, who: Principal, study_id: str, said: dict[str, Any]) -> None:
    """What was said at the capture, where nobody at the hub has said it already."""
    known = tx.facts.latest(who.site, study_id)
    mine = known.author in ("", who.subject)
    new = {name: value for name, value in said.items() if mine or not known.values.get(name)}
    if "fetus_images" in said and not mine:  # image by image: each may have been said elsewhere
        new["fetus_images"] = {**said["fetus_images"], **(known.values.get("fetus_images") or {})}
    if new:
        tx.facts.state(who, study_id, **new)


def _note_release(tx: Transaction, who: Principal, report: Report) -> None:
    """Which release the phone runs, for the hub's list of phones."""
    if who.role is Role.DEVICE and who.subject.startswith("device:"):
        release = f"{report.release.name}-{report.release.version}"
        tx.devices.seen(who.subject.partition(":")[2], release[:100])
