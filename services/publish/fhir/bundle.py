"""A report as a FHIR R4 transaction: Patient, order, ImagingStudy, DiagnosticReport and Observations.

Built on the R4B models of ``fhir.resources`` (these resources are the same in R4 4.0.1); every resource is
validated by them when it is made. Sending it again changes nothing: what others own (the patient, the order,
the study) is created only where it is not there, what is ours is put under its identifier, which stays the
same from the preliminary to the amended version.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from urllib.parse import quote

from fhir.resources.R4B.bundle import Bundle
from fhir.resources.R4B.diagnosticreport import DiagnosticReport
from fhir.resources.R4B.imagingstudy import ImagingStudy
from fhir.resources.R4B.observation import Observation
from fhir.resources.R4B.patient import Patient
from fhir.resources.R4B.servicerequest import ServiceRequest

from services.domain.examination.examination import Examination
from services.domain.report import Report
from services.publish.fhir.codes import Json
from services.publish.fhir.observations import observations_of
from services.publish.fhir.study import ImageRef, diagnostic_report, imaging_study
from services.publish.fhir.version import Version, instant

MEDIA_TYPE = "application/fhir+json"
_OTHERS = ("Patient", "ServiceRequest", "ImagingStudy")  # created where they are not, never changed


def document(
    report: Report,
    attributes: Json,
    images: Sequence[ImageRef],
    examination: Examination | None = None,
    *,
    site: str = "",
    amends: bool = False,
) -> bytes:
    """A transaction bundle as UTF-8 JSON.

    Args:
        attributes: the study's DICOM JSON (patient, StudyDate, AccessionNumber are used).
        examination: its images read as one; without it each image's figures are told.
        site: patient and order numbers are unique within it.
        amends: whether a person has signed an earlier version.

    Raises:
        ValueError: the resources are not valid FHIR.
    """
    version = Version(report, attributes, site, amends)
    observations = observations_of(version, examination)
    resources = [
        diagnostic_report(version, observations, examination),
        imaging_study(version, images),
        *observations,
        *version.patient(),
        *version.order(),
    ]
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [_entry(one) for one in resources],
        "timestamp": instant(report.created_at),
    }
    Bundle.model_validate(bundle)
    return json.dumps(bundle, ensure_ascii=False, separators=(",", ":")).encode()


def _entry(resource: Json) -> Json:
    """``id`` is the entry's own; a server gives its own."""
    body = {key: value for key, value in resource.items() if key != "id"}
    url = f"urn:uuid:{resource['id']}"
    return {"fullUrl": url, "resource": body, "request": request_for(resource)}


def request_for(resource: Json, *, put: bool = False) -> Json:
    """What a server does with a resource, by the first of its identifiers; ``put``: also with what others
    own."""
    kind, identifier = resource["resourceType"], resource["identifier"][0]
    # A number may hold what means something in a query.
    query = "identifier=" + quote(f"{identifier['system']}|{identifier['value']}", safe=":/|")
    if kind in _OTHERS and not put:
        return {"method": "POST", "url": kind, "ifNoneExist": query}
    return {"method": "PUT", "url": f"{kind}?{query}"}


def models() -> tuple[type, ...]:
    """The classes that validate; naming them here loads them before the first report."""
    return (Bundle, DiagnosticReport, ImagingStudy, Observation, Patient, ServiceRequest)
