"""A report as FHIR R4: ImagingStudy, DiagnosticReport and one Observation for each figure.

Built on the R4B models of ``fhir.resources`` (these three resources are the same in R4 4.0.1); every
resource is validated by them when it is made. The patient is a logical reference to the identifier of
the DICOM study, where it has one: FADA keeps no patient register.
"""

from __future__ import annotations

import hashlib
import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.imagingstudy import ImagingStudy
from fhir.resources.R4B.observation import Observation

from services.domain.dicom_values import STUDY_DATE, first_text, iso_date
from services.domain.report import Dating, FrameReading, Measurement, Report

Json = dict[str, Any]
MEDIA_TYPE = "application/fhir+json"
LOINC, UCUM, DCM = (
    "http://loinc.org",
    "http://unitsofmeasure.org",
    ("http://dicom.nema.org/resources/ontology/DCM"),
)
_SYSTEM = "https://fada.health/fhir"
# LOINC codes of the AIUM/DICOM obstetric set (PS3.16 CID 12005, 12013, 12019).
_MEASURES = {
    "HC": ("11984-2", "Fetal Head Circumference US"),
    "BPD": ("11820-8", "Fetal Head Diameter.biparietal US"),
    "OFD": ("11851-3", "Fetal Head Diameter.occipital-frontal US"),
}
_AGE = ("18185-9", "Gestational age")
_NAMESPACE = uuid.UUID("5b0f1c3e-7c0c-5b59-9d4e-6d0a3f3f8b11")


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One instance of the study, as ImagingStudy names it."""

    series_uid: str
    sop_uid: str
    sop_class: str
    modality: str
    frames: int


def document(report: Report, attributes: Json, images: Sequence[ImageRef]) -> bytes:
    """A collection bundle as UTF-8 JSON.

    Args:
        attributes: the study's DICOM JSON (PatientID, StudyDate, AccessionNumber are used).

    Raises:
        ValueError: the resources are not valid FHIR.
    """
    study = _imaging_study(report, attributes, images)
    observations = _observations(report, attributes)
    final = _diagnostic_report(report, attributes, observations)
    resources = [final, study, *observations]
    entries = [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in resources]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": entries}
    bundle["timestamp"] = _instant(report.created_at)
    Bundle.model_validate(bundle)
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


def models() -> tuple[type, ...]:
    """The classes that validate; naming them here loads them before the first report."""
    return (Bundle, DiagnosticReport, ImagingStudy, Observation)


def _imaging_study(report: Report, attributes: Json, images: Sequence[ImageRef]) -> Json:
    series: dict[str, list[ImageRef]] = {}
    for image in images:
        series.setdefault(image.series_uid, []).append(image)
    return _clean(
        {
            "resourceType": "ImagingStudy",
            "id": _id("study", report.study_uid),
            "identifier": _study_identifiers(report, attributes),
            "status": "available",
            "modality": [{"system": DCM, "code": "US"}],
            "subject": _subject(attributes),
            "started": iso_date(attributes, STUDY_DATE) or None,
            "numberOfSeries": len(series),
            "numberOfInstances": len(images),
            "series": [
                {
                    "uid": uid,
                    "modality": {"system": DCM, "code": members[0].modality},
                    "numberOfInstances": len(members),
                    "instance": [
                        {
                            "uid": one.sop_uid,
                            "sopClass": {
                                "system": "urn:ietf:rfc:3986",
                                "code": f"urn:oid:{one.sop_class}",
                            },
                        }
                        for one in members
                    ],
                }
                for uid, members in series.items()
            ],
        }
    )


def _diagnostic_report(report: Report, attributes: Json, observations: Sequence[Json]) -> Json:
    reviewed = report.reviewed_by is not None
    return _clean(
        {
            "resourceType": "DiagnosticReport",
            "id": _id("report", report.study_uid, report.created_at.isoformat()),
            "text": {
                "status": "generated",
                "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{_escape(report.label)}</div>',
            },
            # Until a person has looked at it nothing in it is more than preliminary.
            "status": "final" if reviewed else "preliminary",
            "category": [
                {
                    "coding": [
                        {"system": "http://terminology.hl7.org/CodeSystem/v2-0074", "code": "OUS"}
                    ]
                }
            ],
            "code": {
                "coding": [
                    {"system": LOINC, "code": "11525-3", "display": "US Pelvis Fetus for pregnancy"}
                ]
            },
            "subject": _subject(attributes),
            "effectiveDateTime": iso_date(attributes, STUDY_DATE) or None,
            "issued": _instant(report.created_at),
            "performer": [
                {"display": f"FADA, release {report.release.name} {report.release.version}"}
            ],
            "resultsInterpreter": [{"display": report.reviewed_by}] if reviewed else None,
            "imagingStudy": [_reference("ImagingStudy", _id("study", report.study_uid))],
            "result": [_reference("Observation", one["id"]) for one in observations],
            "conclusion": report.label,
        }
    )


def _observations(report: Report, attributes: Json) -> list[Json]:
    observations: list[Json] = []
    for frame in report.frames:
        if frame.plane is not None:
            observations.append(_plane(report, frame))
        observations += [_measurement(report, frame, m) for m in frame.measurements]
        observations += [_dating(report, frame, d) for d in frame.datings]
    for one in observations:
        one["subject"] = _subject(attributes)
        one["effectiveDateTime"] = iso_date(attributes, STUDY_DATE) or None
    return [_clean(one) for one in observations]


def _base(report: Report, frame: FrameReading, what: str) -> Json:
    return {
        "resourceType": "Observation",
        "id": _id(what, frame.sop_uid, str(frame.frame), report.created_at.isoformat()),
        "status": "final" if report.reviewed_by is not None else "preliminary",
        "device": {
            "display": f"{report.release.name} {report.release.version} sha256:{report.release.sha256}"
        },
        "derivedFrom": [_reference("ImagingStudy", _id("study", report.study_uid))],
        "note": [{"text": f"{report.label} · {frame.sop_uid} frame {frame.frame}"}],
    }


def _plane(report: Report, frame: FrameReading) -> Json:
    assert frame.plane is not None
    return _base(report, frame, "plane") | {
        "code": {"coding": [{"system": _SYSTEM, "code": "plane"}], "text": "Ultrasound plane"},
        "valueCodeableConcept": {
            "coding": [{"system": f"{_SYSTEM}/plane", "code": frame.plane.label}],
            "text": frame.plane.label.replace("_", " "),
        },
    }


def _measurement(report: Report, frame: FrameReading, measurement: Measurement) -> Json:
    code, words = _MEASURES.get(measurement.name, ("", measurement.name))
    coding = [{"system": LOINC, "code": code, "display": words}] if code else None
    made = _base(report, frame, measurement.name) | {
        "code": _clean({"coding": coding, "text": measurement.name}),
        "method": {"text": measurement.method} if measurement.method else None,
    }
    if measurement.mm is None:
        made["valueQuantity"] = {"value": measurement.px, "unit": "px", "code": "{pixels}"}
        made["valueQuantity"]["system"] = UCUM
        made["note"] = [*made["note"], {"text": "px only: not calibrated"}]
        return made
    made["valueQuantity"] = _quantity(measurement.mm, "mm")
    if measurement.mm_low is not None and measurement.mm_high is not None:
        made["note"] = [
            *made["note"],
            {"text": f"95 % interval {measurement.mm_low} to {measurement.mm_high} mm"},
        ]
    return made


def _dating(report: Report, frame: FrameReading, dating: Dating) -> Json:
    code, words = _AGE
    made = _base(report, frame, f"age {dating.equation}") | {
        "code": {"coding": [{"system": LOINC, "code": code, "display": words}]},
        "method": {"text": dating.equation},
        "valueQuantity": _quantity(round(dating.days, 1), "d"),
    }
    interval = ""
    if dating.low_days is not None and dating.high_days is not None:
        interval = f" (2 SD: {dating.low_days:.1f} to {dating.high_days:.1f} d)"
    made["note"] = [*made["note"], {"text": f"{dating.text} by {dating.equation}{interval}"}]
    return made


def _quantity(value: float, unit: str) -> Json:
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}


def _study_identifiers(report: Report, attributes: Json) -> list[Json]:
    identifiers = [{"system": "urn:dicom:uid", "value": f"urn:oid:{report.study_uid}"}]
    accession = first_text(attributes, "00080050")
    if accession:
        kind = {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0203", "code": "ACSN"}]
        }
        identifiers.append({"type": kind, "value": accession})  # type: ignore[dict-item]
    return identifiers


def _subject(attributes: Json) -> Json:
    """FHIR asks for a subject. Without a number in the study it is said to be unknown."""
    patient = first_text(attributes, "00100020")
    if not patient:
        return {"type": "Patient", "display": "unknown"}
    return {"type": "Patient", "identifier": {"value": patient}}


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def _reference(kind: str, identity: str) -> Json:
    return {"reference": f"urn:uuid:{identity}", "type": kind}


def _id(*cause: str) -> str:
    return str(uuid.uuid5(_NAMESPACE, hashlib.sha256("\x1f".join(cause).encode()).hexdigest()))


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _clean(resource: Json) -> Json:
    """FHIR has no null and no empty list."""
    return {k: v for k, v in resource.items() if v is not None and v != [] and v != {}}
