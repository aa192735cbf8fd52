"""A bundle as one server gets it: with the numbers that the server knows the woman and the order by, and
with what earlier versions said and this one does not, taken back.

Observations are put under their identifiers. One that a correction no longer has would stay on the server as
it was, final and wrong: it becomes ``entered-in-error``, without its value.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

from services.publish.fhir.bundle import request_for
from services.publish.fhir.codes import Json

_V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"


@dataclass(frozen=True, slots=True)
class Known:
    """By what the server knows them. ``patient_system``: of patient numbers, empty for the hub's own.
    ``order_system`` and ``order_number``: of the order where it was placed; both, or the accession number
    under the hub's own system stays the order's identifier."""

    patient_system: str = ""
    order_system: str = ""
    order_number: str = ""


def for_server(
    bundle: bytes, known: Known, earlier: Sequence[bytes] = (), *, corrected: bool = False
) -> bytes:
    """The transaction to send.

    Args:
        bundle: of the version, as ``document`` makes it; a collection from before results were
            transactions is given back as it is.
        earlier: bundles of versions that may have been sent.
        corrected: a person put right whose the study is: its ImagingStudy is put, not only created.
    """
    content: Json = json.loads(bundle)
    if content.get("type") != "transaction":
        return bundle
    entries = [_entry(one, known, corrected=corrected) for one in content["entry"]]
    content["entry"] = [*entries, *_taken_back(entries, earlier)]
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def _entry(entry: Json, known: Known, *, corrected: bool) -> Json:
    resource: Json = entry["resource"]
    kind, identifiers = resource["resourceType"], list(resource["identifier"])
    if kind == "Patient" and known.patient_system:
        identifiers[0] = {**identifiers[0], "system": known.patient_system}
    if kind == "ServiceRequest" and known.order_system and known.order_number:
        placer = {
            "type": {"coding": [{"system": _V2, "code": "PLAC"}]},
            "system": known.order_system,
            "value": known.order_number,
        }
        identifiers.insert(0, placer)
    resource = {**resource, "identifier": identifiers}
    put = corrected and kind == "ImagingStudy"
    return {**entry, "resource": resource, "request": request_for(resource, put=put)}


def _taken_back(entries: Sequence[Json], earlier: Sequence[bytes]) -> list[Json]:
    """Entries for the observations of ``earlier`` that ``entries`` do not have."""
    said = {one["fullUrl"] for one in entries}
    report = next(
        one["resource"] for one in entries if one["resource"]["resourceType"] == "DiagnosticReport"
    )
    made: dict[str, Json] = {}
    for bundle in earlier:
        for one in json.loads(bundle).get("entry", ()):
            resource = one["resource"]
            identified = resource["resourceType"] == "Observation" and "identifier" in resource
            if identified and one["fullUrl"] not in said:
                made[one["fullUrl"]] = _in_error(one["fullUrl"], resource, report)
    return list(made.values())


def _in_error(url: str, observation: Json, report: Json) -> Json:
    kept: Json = {name: observation[name] for name in ("resourceType", "identifier", "code")}
    whose: Json = {
        name: report[name] for name in ("subject", "effectiveDateTime") if name in report
    }
    resource: Json = {**kept, "status": "entered-in-error", **whose}
    return {"fullUrl": url, "resource": resource, "request": request_for(resource)}
