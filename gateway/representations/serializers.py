"""Index records as the JSON of the API. The one place that knows both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from services.domain.biometry import weeks_and_days
from services.domain.dicom.values import LAST_MENSTRUAL_DATE, STUDY_DATE, first_text, iso_date
from services.domain.report import Origin
from services.domain.review import disagreements
from services.domain.study import Principal
from services.index.port import (
    Artefact,
    Instance,
    Job,
    Order,
    Patient,
    Result,
    Study,
    Transaction,
    WaitingNews,
)


def study(row: Study, now: datetime | None = None) -> dict[str, Any]:
    """One row of the worklist."""
    waiting = (now or datetime.now(UTC)) - row.received_at
    return {
        "id": row.id,
        "study_uid": row.study_uid,
        "state": row.state.value,
        "source": row.source.value,
        "urgent": row.urgent,
        "score": round(row.score, 2),
        "reasons": list(row.reasons),
        "received_at": row.received_at,
        "waiting_hours": round(max(waiting.total_seconds(), 0.0) / 3600, 2),
        "instances": row.instances,
        "latest_version": row.latest_version,
        "newest_version": row.newest_version,
        "signed_version": row.signed_version or None,
        "has_new_version": row.has_new_version,
        "plane": row.plane,
        "ga_days": row.ga_days,
        "ga_text": weeks_and_days(row.ga_days) if row.ga_days is not None else None,
        "patient": {
            "name": _name(row.attributes),
            "id": first_text(row.attributes, "00100020"),
            "birth_date": iso_date(row.attributes, "00100030"),
        },
        "accession": first_text(row.attributes, "00080050"),
        "study_date": iso_date(row.attributes, STUDY_DATE),
        "description": first_text(row.attributes, "00081030"),
        "last_period": iso_date(row.attributes, LAST_MENSTRUAL_DATE) or None,
        "error_code": row.error_code,
        "headline": row.headline,
        "claim": row.claim,
        "withdrawn_at": row.withdrawn_at,
        "patient_id": row.patient_id,
        "pregnancy_id": row.pregnancy_id,
        "order_id": row.order_id,
    }


def patient(row: Patient) -> dict[str, Any]:
    """A woman in the record; ``name`` is DICOM PN text."""
    return {
        "id": row.id,
        "number": row.number,
        "name": row.name,
        "birth_date": row.birth_date or None,
    }


def order(row: Order, studies: Sequence[Study]) -> dict[str, Any]:
    """An order with the studies that met it; ``name`` and ``referring`` are DICOM PN text."""
    return {
        "id": row.id,
        "accession": row.accession,
        "placer": row.placer,
        "source": row.source.value,
        "state": row.state.value,
        "urgent": row.urgent,
        "number": row.number,
        "name": row.name,
        "birth_date": row.birth_date or None,
        "sex": row.sex,
        "procedure": row.procedure,
        "reason": row.reason,
        "referring": row.referring,
        "station": row.station,
        "day": row.day,
        "time": row.time,
        "study_uid": row.study_uid,
        "created_at": row.created_at,
        "changed_at": row.changed_at,
        "studies": [study(one) for one in studies],
    }


def news(row: WaitingNews) -> dict[str, Any]:
    """What a hospital says of a woman, beside what her record says. ``prior``: the number that is to be
    merged into ``number``; empty for a change of name or birth date."""
    said, recorded = row.identity, row.recorded
    return {
        "id": row.id,
        "received_at": row.received_at,
        "patient_id": row.patient_id,
        "number": said.number,
        "prior": row.prior,
        "name": said.name,
        "birth_date": said.birth_date or None,
        "recorded": {"name": recorded.name, "birth_date": recorded.birth_date or None},
    }


def instance(row: Instance) -> dict[str, Any]:
    """An instance; ``size`` in bytes."""
    return {
        "series_uid": row.series_uid,
        "sop_uid": row.sop_uid,
        "sop_class": row.sop_class,
        "transfer_syntax": row.transfer_syntax,
        "modality": row.modality,
        "rows": row.rows,
        "columns": row.columns,
        "frames": row.frames,
        "sha256": row.sha256,
        "size": row.size,
        "received_at": row.received_at,
    }


def job(row: Job) -> dict[str, Any]:
    """An analysis job."""
    return {
        "id": row.id,
        "study_id": row.study_id,
        "study_uid": row.study_uid,
        "state": row.state.value,
        "urgent": row.urgent,
        "attempts": row.attempts,
        "created_at": row.created_at,
        "due_at": row.due_at,
        "finished_at": row.finished_at,
        "error_code": row.error_code,
        "error_detail": row.error_detail,
        "request_id": row.request_id,
    }


def result_summary(row: Result, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A result version without its report. ``names``: of authors by subject (``names_of``)."""
    release = row.report.release
    return {
        "id": row.id,
        "study_id": row.study_id,
        "version": row.version,
        "origin": row.origin.value,
        "author": row.author,
        "author_name": (names or {}).get(row.author, row.author),
        "created_at": row.created_at,
        "based_on": row.based_on,
        "release": {"name": release.name, "version": release.version, "sha256": release.sha256},
        "reviewed_by": row.report.reviewed_by,
        "reviewed_at": row.report.reviewed_at,
        "label": row.report.label,
        "scores": row.scores,
    }


def result(row: Result, names: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A result version with its report. ``stale``: it started from one that was not the latest."""
    stale = row.based_on is not None and row.based_on != row.version - 1
    return {
        **result_summary(row, names),
        "report": row.report,
        "artefacts": [artefact(a) for a in row.artefacts],
        "stale": stale,
    }


def shared_result(row: Result) -> dict[str, Any]:
    """For whoever has a link: without who made the version. Who stands for it (``reviewed_by``) is part of
    the report."""
    return {k: v for k, v in result(row).items() if k not in ("author", "author_name")}


def compare_phone_and_hub(versions: list[Result]) -> dict[str, Any] | None:
    """The latest phone and hub versions beside each other; None when one is missing."""
    phone = next((r for r in reversed(versions) if r.origin is Origin.PHONE), None)
    hub = next((r for r in reversed(versions) if r.origin is Origin.HUB), None)
    if phone is None or hub is None:
        return None
    differences = disagreements(phone.report, hub.report)
    return {
        "phone_version": phone.version,
        "hub_version": hub.version,
        "agree": not differences,
        "differences": [{"what": d.what, "phone": d.phone, "hub": d.hub} for d in differences],
        "phone_release": result_summary(phone)["release"],
        "hub_release": result_summary(hub)["release"],
    }


def artefact(row: Artefact) -> dict[str, Any]:
    """A stored artefact and the URL of its bytes."""
    return {
        "kind": row.kind,
        "sha256": row.sha256,
        "media_type": row.media_type,
        "size": row.size,
        "sop_uid": row.sop_uid,
        "frame": row.frame,
        "label": row.label,
        "url": f"/api/artefacts/{row.sha256}",
    }


def display_name(tx: Transaction, who: Principal) -> str:
    """A person's name: that of the key, else the subject. "Reviewed by" shows it."""
    kind, _, identity = who.subject.partition(":")
    if kind == "key":
        name = next((k.name for k in tx.keys.find(who.site) if k.id == identity), "")
        return name or who.subject
    if kind == "person":
        return next((a.name for a in tx.accounts.find(who.site) if a.id == identity), who.subject)
    return identity or who.subject


def _name(attributes: dict[str, Any]) -> str:
    values = attributes.get("00100010", {}).get("Value") or [{}]
    first = values[0] if isinstance(values[0], dict) else {}
    return str(first.get("Alphabetic", "")).replace("^", " ").strip()
