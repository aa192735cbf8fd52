"""What a report says as FHIR observations, frame by frame and of the whole examination."""

from __future__ import annotations

from services.domain.examination.examination import Examination
from services.domain.report import Angle, Dating, FrameReading, Measurement
from services.publish.fhir import examination_observations
from services.publish.fhir.codes import (
    LOINC,
    LOINC_CODES,
    SYSTEM,
    UCUM,
    Json,
    quantity,
)
from services.publish.fhir.version import Version, clean, reference, resource_id


def observations_of(version: Version, examination: Examination | None) -> list[Json]:
    """All observations of a version; without ``examination`` each image tells its own figures."""
    report = version.report
    made: list[Json] = []
    # Of several fetuses, images of which nobody has said whose they are tell their own figures.
    left_over = examination.summary.unassigned if examination is not None else ()
    unassigned = {one.sop_uid for one in left_over}
    for frame in report.frames:
        if frame.plane is not None:
            made.append(_plane(version, frame))
        made += [_angle(version, frame, a) for a in frame.angles]
        if examination is not None and frame.sop_uid in unassigned:
            made += [_measurement(version, frame, m) for m in frame.measurements]
        if examination is None:
            made += [_measurement(version, frame, m) for m in frame.measurements]
            made += [_dating(version, frame, d) for d in frame.datings]
    if examination is not None:
        made += examination_observations.observations(
            examination, report, lambda what: observation(version, what)
        )
    return [clean(one) for one in made]


def observation(version: Version, what: str, *where: str) -> Json:
    """An observation that says nothing yet; ``what`` it is about is its identity within the study."""
    report = version.report
    key = (report.study_uid, *where, what)
    return {
        "resourceType": "Observation",
        "id": resource_id(*key),
        "identifier": [{"system": f"{SYSTEM}/observation", "value": resource_id(*key)}],
        "status": version.status,
        "subject": version.subject(),
        "effectiveDateTime": version.day,
        "device": {
            "display": f"{report.release.name} {report.release.version} sha256:{report.release.sha256}"
        },
        "partOf": [reference("ImagingStudy", resource_id("study", report.study_uid))],
        "note": [{"text": report.label}],
    }


def _base(version: Version, frame: FrameReading, what: str) -> Json:
    made = observation(version, what, frame.sop_uid, str(frame.frame))
    made["note"] = [{"text": f"{version.report.label} · {frame.sop_uid} frame {frame.frame}"}]
    return made


def _plane(version: Version, frame: FrameReading) -> Json:
    assert frame.plane is not None
    return _base(version, frame, "plane") | {
        "code": {"coding": [{"system": SYSTEM, "code": "plane"}], "text": "Ultrasound plane"},
        "valueCodeableConcept": {
            "coding": [{"system": f"{SYSTEM}/plane", "code": frame.plane.label}],
            "text": frame.plane.label.replace("_", " "),
        },
    }


def _measurement(version: Version, frame: FrameReading, measurement: Measurement) -> Json:
    code, words = LOINC_CODES.get(measurement.name, ("", measurement.name))
    coding = [{"system": LOINC, "code": code, "display": words}] if code else None
    made = _base(version, frame, measurement.name) | {
        "code": clean({"coding": coding, "text": measurement.name}),
        "method": {"text": measurement.method} if measurement.method else None,
    }
    if measurement.mm is None:
        made["valueQuantity"] = {"value": measurement.px, "unit": "px", "code": "{pixels}"}
        made["valueQuantity"]["system"] = UCUM
        made["note"] = [*made["note"], {"text": "px only: not calibrated"}]
        return made
    made["valueQuantity"] = quantity(measurement.mm, "mm")
    if measurement.mm_low is not None and measurement.mm_high is not None:
        made["note"] = [
            *made["note"],
            {"text": f"95 % interval {measurement.mm_low} to {measurement.mm_high} mm"},
        ]
    return made


def _angle(version: Version, frame: FrameReading, angle: Angle) -> Json:
    return _base(version, frame, angle.name) | {
        "code": {"text": angle.name},
        "method": {"text": angle.method} if angle.method else None,
        "valueQuantity": quantity(angle.degrees, "deg"),
    }


def _dating(version: Version, frame: FrameReading, dating: Dating) -> Json:
    code, words = LOINC_CODES["age"]
    made = _base(version, frame, f"age {dating.equation}") | {
        "code": {"coding": [{"system": LOINC, "code": code, "display": words}]},
        "method": {"text": dating.equation},
        "valueQuantity": quantity(round(dating.days, 1), "d"),
    }
    interval = ""
    if dating.low_days is not None and dating.high_days is not None:
        interval = f" (2 SD: {dating.low_days:.1f} to {dating.high_days:.1f} d)"
    made["note"] = [*made["note"], {"text": f"{dating.text} by {dating.equation}{interval}"}]
    return made
