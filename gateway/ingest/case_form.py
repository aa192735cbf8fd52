"""A case as a phone sends it, and how it becomes the hub's own records."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from services.domain.dicom import values as dicom_values
from services.domain.dicom.values import parse_uid
from services.domain.errors import InvalidInput
from services.domain.fetal_sex_filter import cleaned
from services.domain.report import Origin, Report
from services.domain.study import Principal
from services.index.port import Case, CasePicture
from services.reading import report_json
from services.reading.images.drawn_mask import check_area, check_drawn

_LO = 64  # characters of a Long String (PS3.5 6.2)
_LONGEST_SIDE = 8192  # pixels
_MOST_FRAMES = 1000
SopUid = Annotated[str, Field(max_length=64, pattern=r"^[0-9.]+$")]
Fetus = Literal["", "A", "B", "C", "D", "E", "F", "G", "H", "I"]
_MOST_CROSSINGS = 2**22  # points of an outline times rows of its frame: what filling it may hold
_PLAIN = r"^[^\x00-\x1f\x7f\\]*$"


class PictureIn(BaseModel):
    """A picture that will follow. ``size`` in bytes."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=2**40)
    media_type: str = Field(default="", max_length=100)


class CaseIn(BaseModel):
    """``pixel_mm``: by the phone's scale bar. ``study_uid``: of DICOM images that have one.

    ``study_date``: the day of the examination. ``fetus_images``: SOP Instance UID → which of several
    fetuses the image shows; empty where that was taken back.
    """

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "urgent": False,
                "pictures": [{"sha256": "0" * 64, "size": 43210, "media_type": "image/png"}],
                "pixel_mm": None,
                "report": None,
            }
        }
    )

    urgent: bool = False
    pictures: list[PictureIn] = Field(default_factory=list, max_length=200)
    pixel_mm: tuple[float, float] | None = None
    study_uid: str = Field(default="", max_length=64)
    report: dict[str, Any] | None = None
    patient_name: str = Field(default="", max_length=64, pattern=_PLAIN)
    patient_id: str = Field(default="", max_length=64, pattern=_PLAIN)
    study_date: date | None = None
    last_period: date | None = None
    indication: str = Field(default="", max_length=200, pattern=_PLAIN)
    fetuses: int | None = Field(default=None, ge=1, le=9)
    fetus_images: dict[SopUid, Fetus] = Field(default_factory=dict, max_length=2000)


def parse_case(data: bytes) -> CaseIn:
    """Raises InvalidInput; nothing of the content is echoed."""
    try:
        sent = CaseIn.model_validate_json(data)
    except ValidationError as error:
        field = ".".join(str(p) for p in error.errors()[0]["loc"])
        raise InvalidInput(f"The case is malformed at {field[:80]!r}.") from error
    if sent.study_uid:
        parse_uid(sent.study_uid)
    if sent.pixel_mm and not all(0.005 <= v <= 5.0 for v in sent.pixel_mm):
        raise InvalidInput("A pixel is between 0.005 and 5 mm wide.")
    return sent


def case_of(who: Principal, case_id: str, sent: CaseIn) -> Case:
    """The case as this version describes it. Its study's UID is its own or follows from its id."""
    return Case(
        id=case_id,
        owner=who.subject,
        study_uid=sent.study_uid or dicom_values.case_study_uid(case_id),
        pictures=tuple(CasePicture(p.sha256, p.size, p.media_type) for p in sent.pictures),
        urgent=sent.urgent,
        pixel_mm=sent.pixel_mm,
        patient_name=sent.patient_name,
        patient_id=sent.patient_id,
        study_date=_day_of(sent.study_date),
    )


def _day_of(stated: date | None) -> str:
    """YYYYMMDD; empty for a day that has not come anywhere yet: that phone's clock is wrong."""
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    return stated.strftime("%Y%m%d") if stated is not None and stated <= tomorrow else ""


def report_of(sent: CaseIn, case: Case) -> Report | None:
    """The phone's report under the hub's names. A phone cannot say that somebody reviewed it.

    Raises InvalidInput, TooLarge.
    """
    if sent.report is None:
        return None
    try:
        report = report_json.load(json.dumps(sent.report, allow_nan=False))
        report = report_json.load(report_json.dump(report))  # what is kept must be readable again
    except (ValueError, RecursionError) as error:
        raise InvalidInput("The report is not of the form that this hub knows.") from error
    _check_sizes(report)
    pictures = [p.sha256 for p in sent.pictures]
    frames = []
    for reading in report.frames:
        # Devices name pictures by ``case_picture_uid``. Agents before 0.2 named their case and counted.
        if reading.sop_uid in ("", case.id) and 1 <= reading.frame <= len(pictures):
            uid = dicom_values.case_picture_uid(case.id, pictures[reading.frame - 1])
            series = dicom_values.case_series_uid(case.id)
            reading = replace(reading, series_uid=series, sop_uid=uid, frame=1)
        # A mask is one of the hub's own objects: a phone has stored none, and sends outlines.
        bare = tuple(replace(one, mask=None) for one in reading.structures)
        frames.append(replace(reading, structures=bare))
    named = replace(
        report,
        study_uid=case.study_uid,
        origin=Origin.PHONE,
        frames=tuple(frames),
        reviewed_by=None,
        reviewed_at=None,
    )
    return cleaned(named)


def _check_sizes(report: Report) -> None:
    """Masks are filled and pictures drawn at a frame's size: so it is bounded here, to what a SEG and a page
    of it can be drawn at.

    Raises InvalidInput, TooLarge.
    """
    for reading in report.frames:
        sides = (reading.width, reading.height)
        if not all(1 <= side <= _LONGEST_SIDE for side in sides) or len(reading.structures) > 200:
            raise InvalidInput("A frame of the report has a size that no image has.")
        check_area(*sides)
        check_drawn(*sides, reading.structures)
        if any(len(s.polygon) * reading.height > _MOST_CROSSINGS for s in reading.structures):
            raise InvalidInput("An outline of the report has more points than anybody draws.")
    if len(report.frames) > _MOST_FRAMES:
        raise InvalidInput(f"A report has at most {_MOST_FRAMES} frames.")


def facts_of(sent: CaseIn) -> dict[str, Any]:
    """What a person said when the case was taken, as facts of its examination; what is empty is not said."""
    said: dict[str, Any] = {
        "last_period": sent.last_period.isoformat() if sent.last_period else "",
        "indication": sent.indication,
        "fetuses": sent.fetuses,
    }
    if sent.fetus_images:  # what was taken back is said, too
        said["fetus_images"] = {uid: one for uid, one in sent.fetus_images.items() if one}
    return {name: value for name, value in said.items() if value or value == {}}


def study_attributes(case: Case, sent: CaseIn) -> dict[str, Any]:
    """DICOM JSON of the study (PS3.18 annex F), from what the phone knows."""
    attributes: dict[str, Any] = {
        "00080005": {"vr": "CS", "Value": ["ISO_IR 192"]},
        "0020000D": {"vr": "UI", "Value": [case.study_uid]},
    }
    if sent.patient_name:
        attributes["00100010"] = {"vr": "PN", "Value": [{"Alphabetic": sent.patient_name}]}
    for tag, vr, value in (
        ("00100020", "LO", sent.patient_id),
        ("00080020", "DA", case.study_date),
        ("001021D0", "DA", sent.last_period.strftime("%Y%m%d") if sent.last_period else ""),
        ("00401002", "LO", sent.indication[:_LO]),
    ):
        if value:
            attributes[tag] = {"vr": vr, "Value": [value]}
    return attributes


def case_json_schema() -> dict[str, Any]:
    """The JSON Schema of a case in one piece: inside an OpenAPI document ``#/$defs`` leads nowhere."""
    schema = CaseIn.model_json_schema()
    definitions = schema.pop("$defs", {})

    def inlined(value: Any) -> Any:
        if isinstance(value, list):
            return [inlined(item) for item in value]
        if not isinstance(value, dict):
            return value
        if "$ref" in value:
            return inlined(definitions[value["$ref"].rpartition("/")[2]])
        return {key: inlined(item) for key, item in value.items()}

    return {key: inlined(value) for key, value in schema.items()}
