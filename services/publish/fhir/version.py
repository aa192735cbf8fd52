"""What all FHIR resources of one version of a report share: status, subject, order, identities."""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime

from services.domain.dicom.values import STUDY_DATE, first_text, iso_date
from services.domain.report import Report
from services.publish.fhir.codes import SYSTEM, Json

_V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
_NAMESPACE = uuid.UUID("5b0f1c3e-7c0c-5b59-9d4e-6d0a3f3f8b11")


@dataclass(frozen=True, slots=True)
class Version:
    """What all resources of one version share."""

    report: Report
    attributes: Json
    site: str
    amends: bool

    @property
    def status(self) -> str:
        """Until a person has looked at it nothing in it is more than preliminary."""
        if self.report.reviewed_by is None:
            return "preliminary"
        return "amended" if self.amends else "final"

    @property
    def day(self) -> str | None:
        """The day of the study, YYYY-MM-DD; None where it has none."""
        return iso_date(self.attributes, STUDY_DATE) or None

    def system(self, of: str) -> str:
        """The system of identifiers of this kind, by site."""
        return f"{SYSTEM}/site/{self.site}/{of}" if self.site else f"{SYSTEM}/{of}"

    @property
    def patient_number(self) -> str:
        """The patient's number; empty where there is none."""
        return first_text(self.attributes, "00100020")

    @property
    def accession(self) -> str:
        """The order's number; empty where there is none."""
        return first_text(self.attributes, "00080050")

    def subject(self) -> Json:
        """FHIR asks for one. Without a number in the study it is said to be unknown."""
        if not self.patient_number:
            return {"type": "Patient", "display": "unknown"}
        return reference("Patient", resource_id("patient", self.site, self.patient_number))

    def patient(self) -> list[Json]:
        """The patient, where the study has a number."""
        if not self.patient_number:
            return []
        identifier = {
            "use": "usual",
            "type": {"coding": [{"system": _V2, "code": "MR"}]},
            "system": self.system("patient"),
            "value": self.patient_number,
        }
        made = {
            "resourceType": "Patient",
            "id": resource_id("patient", self.site, self.patient_number),
            "identifier": [identifier],
            "name": _names(self.attributes),
            "birthDate": iso_date(self.attributes, "00100030") or None,
        }
        return [clean(made)]

    def order(self) -> list[Json]:
        """The order, where the study names one."""
        if not self.accession:
            return []
        identifier = {
            "type": {"coding": [{"system": _V2, "code": "ACSN"}]},
            "system": self.system("order"),
            "value": self.accession,
        }
        return [
            {
                "resourceType": "ServiceRequest",
                "id": resource_id("order", self.site, self.accession),
                "identifier": [identifier],
                "status": "completed",
                "intent": "order",
                "subject": self.subject(),
            }
        ]


def _names(attributes: Json) -> list[Json]:
    """The name in each script in which it is written."""
    values = attributes.get("00100010", {}).get("Value") or [{}]
    groups = values[0] if isinstance(values[0], dict) else {"Alphabetic": str(values[0])}
    names = []
    for text in (groups.get(name) for name in ("Alphabetic", "Ideographic", "Phonetic")):
        if not text or not text.replace("^", "").strip():
            continue
        family, _, given = text.partition("^")
        given_names = [part for part in given.replace("^", " ").split() if part]
        whole = " ".join(part for part in (*given_names, family.strip()) if part)
        names.append(clean({"text": whole, "family": family.strip() or None, "given": given_names}))
    return names


def instant(at: datetime) -> str:
    """A FHIR instant, in UTC."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")


def reference(kind: str, identity: str) -> Json:
    """A reference within the transaction."""
    return {"reference": f"urn:uuid:{identity}", "type": kind}


def resource_id(*cause: str) -> str:
    """A UUID that stays the same for the same cause."""
    return str(uuid.uuid5(_NAMESPACE, hashlib.sha256("\x1f".join(cause).encode()).hexdigest()))


def clean(resource: Json) -> Json:
    """FHIR has no null and no empty list."""
    return {k: v for k, v in resource.items() if v is not None and v != [] and v != {}}
