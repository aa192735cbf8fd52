"""The study and its report as FHIR: ImagingStudy and DiagnosticReport."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from services.domain.examination.examination import Examination
from services.publish.fhir.codes import LOINC, SYSTEM, Json
from services.publish.fhir.version import Version, clean, instant, reference, resource_id

DCM = "http://dicom.nema.org/resources/ontology/DCM"


@dataclass(frozen=True, slots=True)
class ImageRef:
    """One instance of the study, as ImagingStudy names it."""

    series_uid: str
    sop_uid: str
    sop_class: str
    modality: str
    frames: int


def imaging_study(version: Version, images: Sequence[ImageRef]) -> Json:
    """The study with its series and instances."""
    report = version.report
    series: dict[str, list[ImageRef]] = {}
    for image in images:
        series.setdefault(image.series_uid, []).append(image)
    return clean(
        {
            "resourceType": "ImagingStudy",
            "id": resource_id("study", report.study_uid),
            "identifier": [{"system": "urn:dicom:uid", "value": f"urn:oid:{report.study_uid}"}],
            "status": "available",
            "modality": [{"system": DCM, "code": "US"}],
            "subject": version.subject(),
            "basedOn": based_on(version),
            "started": version.day,
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


def diagnostic_report(
    version: Version, observations: Sequence[Json], examination: Examination | None
) -> Json:
    """The report: what it concludes, and the observations that it rests on."""
    report = version.report
    reviewed = report.reviewed_by is not None
    impression = examination.fact("impression") if examination is not None else None
    return clean(
        {
            "resourceType": "DiagnosticReport",
            "id": resource_id("report", report.study_uid),
            "identifier": [{"system": f"{SYSTEM}/report", "value": report.study_uid}],
            "basedOn": based_on(version),
            "text": {
                "status": "generated",
                "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{_escape(report.label)}</div>',
            },
            "status": version.status,
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
            "subject": version.subject(),
            "effectiveDateTime": version.day,
            "issued": instant(report.created_at),
            "performer": [
                {"display": f"FADA, release {report.release.name} {report.release.version}"}
            ],
            "resultsInterpreter": [{"display": report.reviewed_by}] if reviewed else None,
            "imagingStudy": [reference("ImagingStudy", resource_id("study", report.study_uid))],
            "result": [reference("Observation", one["id"]) for one in observations],
            "conclusion": f"{impression} ({report.label})" if impression else report.label,
        }
    )


def based_on(version: Version) -> list[Json]:
    """The order, where the study names one."""
    return [reference("ServiceRequest", one["id"]) for one in version.order()]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
