"""Reviews: a correction, acceptance or signature is a further version, also beside another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Request

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Reader, Sonographer, StudyId
from gateway.http.request_logging import request_id
from gateway.representations import images, serializers
from gateway.representations.drawing_turns import drawing_turn
from gateway.representations.images import CalibrationCache
from gateway.representations.results import frame_of
from gateway.reviews import final_objects, masks
from gateway.reviews.final_objects import FinalObjects
from gateway.reviews.schemas import FrameIn, MeasureIn, ReviewIn
from services.actors import names_of
from services.domain.biometry import age_by_last_period
from services.domain.calibration import Calibration
from services.domain.errors import NotFound, StaleVersion
from services.domain.report import FrameReading, Origin, Report
from services.domain.study import Principal
from services.domain.triage import triage
from services.examinations import known_last_period
from services.index.port import Result, Study
from services.reading.images import overlay
from services.reading.images.drawn_mask import check_area
from services.reading.review_edits import EditedFrame, apply_edit

router = APIRouter(prefix="/api", tags=["Review"])


class ReviewConflict(StaleVersion):
    """The review is kept, beside another version from the same start; ``members`` say which."""

    def __init__(self, result: Result, latest: int) -> None:
        between = list(range((result.based_on or 0) + 1, result.version))
        super().__init__(
            f"Your changes are kept as version {result.version}. Meanwhile version "
            f"{', '.join(map(str, between))} was made from the same start: compare them."
        )
        self.members = {
            "version": result.version,
            "based_on": result.based_on,
            "latest": latest,
            "conflicting": between,
        }


@router.post(
    "/studies/{study_id}/reviews",
    summary="Create a review",
    operation_id="review",
    status_code=201,
    responses={
        409: {"description": "Kept beside another version from the same start (``stale_version``)."}
    },
)
def review(
    study_id: StudyId, body: ReviewIn, who: Sonographer, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """Corrects, accepts or signs a version, which makes a further one. Measurements, age and centile
    are computed here from what was drawn. A version that is accepted or signed makes its own final SEG,
    SR, printed page and FHIR, which go where results go.
    """
    calibrations: CalibrationCache = request.app.state.calibrations
    body.check_words()
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
        base = tx.results.get(who.site, study_id, body.based_on)
        name = serializers.display_name(tx, who)
        age = _age(study, base, body.last_period or known_last_period(tx, study))
    report, drawn = _revised(services, calibrations, study, base, who, body, age)
    report, artefacts = masks.store(services, who.site, _as_review(report, body, name), base, drawn)
    final = FinalObjects([], [])
    if report.reviewed_by is not None:
        final = final_objects.make(services, study, report, who, body.language, body.last_period)
    triaged = triage(urgent=study.urgent) if body.action != "save" else None
    with services.index.begin() as tx:
        if body.last_period is not None:
            tx.facts.state(who, study_id, last_period=body.last_period.isoformat())
        if final.instances:
            tx.studies.receive(
                who, study.study_uid, {}, final.instances, source=study.source, urgent=False,
                request_id=request_id(request),
            )  # fmt: skip
        result = tx.results.add(
            who, study_id, report, [*artefacts, *final.artefacts],
            origin=Origin.REVIEW,
            based_on=body.based_on,
            scores=body.scores.given(),
            score=triaged.score if triaged else None,
            reasons=triaged.reasons if triaged else None,
        )  # fmt: skip
        tx.audit.add(who, f"review.{body.action}", study_id, {"version": result.version})
        latest = tx.studies.get(who.site, study_id).latest_version
        names = names_of(tx, who.site)
    if result.based_on != result.version - 1:
        raise ReviewConflict(result, latest)
    return serializers.result(result, names)


@router.post("/measure", summary="Measure an edit", operation_id="measure")
def measure(
    body: MeasureIn, who: Reader, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """The measurements, ages and centiles of an edited frame; nothing is stored."""
    calibrations: CalibrationCache = request.app.state.calibrations
    with services.index.read() as tx:
        study = tx.studies.get(who.site, body.study_id)
        base = tx.results.get(who.site, body.study_id, body.version)
        age = _age(study, base, body.last_period or known_last_period(tx, study))
    frame = _reading(services, study, base, body.sop_uid, body.frame)
    scale = _scale(services, calibrations, study, body.sop_uid)
    with drawing_turn(who):
        reading = _edit(services, scale, frame, body, age).reading
    return {
        "structures": reading.structures,
        "measurements": reading.measurements,
        "datings": reading.datings,
        "centiles": reading.centiles,
        "abstentions": reading.abstentions,
    }


def _as_review(report: Report, body: ReviewIn, name: str) -> Report:
    """The report as this person's; unless only saved, it counts as reviewed from now on."""
    now = datetime.now(UTC)
    done = body.action != "save"
    return replace(
        report,
        origin=Origin.REVIEW,
        created_at=now,
        comment=body.comment,
        reviewed_by=name if done else None,
        reviewed_at=now if done else None,
    )


def _revised(
    services: Services,
    calibrations: CalibrationCache,
    study: Study,
    base: Result,
    who: Principal,
    body: ReviewIn,
    age: float | None,
) -> tuple[Report, masks.Fresh]:
    edits = {(f.sop_uid, f.frame): f for f in body.frames}
    read = {(f.sop_uid, f.frame) for f in base.report.frames}
    unread = [_unread(services, study, *key) for key in edits if key not in read]
    frames: list[FrameReading] = []
    fresh: masks.Fresh = {}
    pixels = 0
    for reading in (*base.report.frames, *unread):
        key = (reading.sop_uid, reading.frame)
        given = edits.get(key)
        if given is None and body.last_period is None:
            frames.append(reading)
            continue
        given = given or FrameIn(sop_uid=reading.sop_uid, frame=reading.frame)
        scale = _scale(services, calibrations, study, given.sop_uid)
        with drawing_turn(who):
            revised = _edit(services, scale, reading, given, age)
            frames.append(revised.reading)
            pixels += sum(mask.size for mask in revised.masks.values())
            masks.check_sum(pixels)
            # As PNG from here on: the masks of all frames at once would not fit.
            fresh[key] = {name: overlay.mask_png(mask) for name, mask in revised.masks.items()}
    return replace(base.report, frames=tuple(frames)), fresh


def _reading(
    services: Services, study: Study, base: Result, sop_uid: str, frame: int
) -> FrameReading:
    try:
        return frame_of(base, sop_uid, frame)
    except NotFound:
        return _unread(services, study, sop_uid, frame)


def _unread(services: Services, study: Study, sop_uid: str, frame: int) -> FrameReading:
    """A frame of the study that no model has read: a person may measure it all the same.

    Raises NotFound: the study has no such frame.
    """
    with services.index.read() as tx:
        instance = images.find_instance(tx, study.site, study.study_uid, sop_uid)
    if not 1 <= frame <= instance.frames:
        raise NotFound("This image has no such frame.")
    return FrameReading(
        instance.series_uid, sop_uid, frame, instance.columns, instance.rows,
        in_scope=False, scope_confidence=0.0, quality=0.0, plane=None,
    )  # fmt: skip


def _scale(
    services: Services, calibrations: CalibrationCache, study: Study, sop_uid: str
) -> Calibration:
    try:
        with services.index.read() as tx:
            instance = images.find_instance(tx, study.site, study.study_uid, sop_uid)
        return calibrations.of(instance)
    except NotFound:  # a phone's report whose image has not arrived: pixels only
        return Calibration()


def _edit(
    services: Services, scale: Calibration, reading: FrameReading, given: FrameIn, age: float | None
) -> EditedFrame:
    """Holds all new masks of the frame in memory: in a drawing turn alone."""
    if count := sum(one.mask_png is not None for one in given.structures or ()):
        check_area(reading.width, reading.height, count)
    edit = given.edit(lambda text: masks.decode(services, text, reading))
    return apply_edit(reading, edit, scale, age)


def _age(study: Study, base: Result, last_period: date | None) -> float | None:
    """Age in days by last period: as stated, as the study says, as the version before had it."""
    age = age_by_last_period(study.attributes, last_period)
    if age is not None:
        return age
    return next((c.at_days for f in base.report.frames for c in f.centiles), None)
