"""Reviews: a correction, acceptance or signature is a further version, also beside another's."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

from fastapi import APIRouter, Request

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Reader, Sonographer, StudyId
from gateway.representations import images, serializers
from gateway.representations.images import CalibrationCache
from gateway.representations.results import frame_of
from gateway.reviews.schemas import FrameIn, MeasureIn, ReviewIn
from services.domain.biometry import age_by_last_period
from services.domain.calibration import Calibration
from services.domain.errors import NotFound, StaleVersion
from services.domain.report import FrameReading, Origin, Report
from services.domain.triage import triage
from services.index.port import Artefact, Result, Study
from services.reading.images import overlay
from services.reading.review_edits import EditedFrame, Mask, apply_edit

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
    are computed here from what was drawn.
    """
    calibrations: CalibrationCache = request.app.state.calibrations
    body.check_words()
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
        base = tx.results.get(who.site, study_id, body.based_on)
        name = serializers.display_name(tx, who)
    report, masks = _revised(services, calibrations, study, base, body)
    report = _as_review(report, body, name)
    report, artefacts = _store_masks(services, who.site, report, base, masks)
    triaged = triage(urgent=study.urgent) if body.action != "save" else None
    with services.index.begin() as tx:
        result = tx.results.add(
            who,
            study_id,
            report,
            artefacts,
            origin=Origin.REVIEW,
            based_on=body.based_on,
            scores=body.scores.given(),
            score=triaged.score if triaged else None,
            reasons=triaged.reasons if triaged else None,
        )
        tx.audit.add(who, f"review.{body.action}", study_id, {"version": result.version})
        latest = tx.studies.get(who.site, study_id).latest_version
    if result.based_on != result.version - 1:
        raise ReviewConflict(result, latest)
    return serializers.result(result)


@router.post("/measure", summary="Measure an edit", operation_id="measure")
def measure(
    body: MeasureIn, who: Reader, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """The measurements, ages and centiles of an edited frame; nothing is stored."""
    calibrations: CalibrationCache = request.app.state.calibrations
    with services.index.read() as tx:
        study = tx.studies.get(who.site, body.study_id)
        base = tx.results.get(who.site, body.study_id, body.version)
    age = _age(study, base, body.last_period)
    reading = _edit(services, calibrations, study, base, body, age).reading
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
    services: Services, calibrations: CalibrationCache, study: Study, base: Result, body: ReviewIn
) -> tuple[Report, dict[tuple[str, int], dict[str, Mask]]]:
    age = _age(study, base, body.last_period)
    edits = {(f.sop_uid, f.frame): f for f in body.frames}
    for sop_uid, number in edits:
        frame_of(base, sop_uid, number)
    frames: list[FrameReading] = []
    fresh: dict[tuple[str, int], dict[str, Mask]] = {}
    for reading in base.report.frames:
        key = (reading.sop_uid, reading.frame)
        given = edits.get(key)
        if given is None and body.last_period is None:
            frames.append(reading)
            continue
        given = given or FrameIn(sop_uid=reading.sop_uid, frame=reading.frame)
        revised = _edit(services, calibrations, study, base, given, age)
        frames.append(revised.reading)
        fresh[key] = revised.masks
    return replace(base.report, frames=tuple(frames)), fresh


def _edit(
    services: Services,
    calibrations: CalibrationCache,
    study: Study,
    base: Result,
    given: FrameIn,
    age: float | None,
) -> EditedFrame:
    reading = frame_of(base, given.sop_uid, given.frame)
    try:
        with services.index.read() as tx:
            instance = images.find_instance(tx, study.site, study.study_uid, given.sop_uid)
        scale = calibrations.of(instance)
    except NotFound:  # a phone's report whose image has not arrived: pixels only
        scale = Calibration()
    return apply_edit(reading, given.edit(reading), scale, age)


def _age(study: Study, base: Result, last_period: date | None) -> float | None:
    """Age in days by last period: as given now, as the study says, as the version before had it."""
    age = age_by_last_period(study.attributes, last_period)
    if age is not None:
        return age
    return next((c.at_days for f in base.report.frames for c in f.centiles), None)


def _store_masks(
    services: Services,
    site: str,
    report: Report,
    base: Result,
    fresh: dict[tuple[str, int], dict[str, Mask]],
) -> tuple[Report, list[Artefact]]:
    """New masks go to the store first; those that are still in use come along."""
    artefacts: list[Artefact] = []
    frames: list[FrameReading] = []
    for reading in report.frames:
        masks = fresh.get((reading.sop_uid, reading.frame), {})
        structures = []
        for structure in reading.structures:
            if structure.label in masks:
                data = overlay.mask_png(masks[structure.label])
                kept = services.store.put(site, data, "image/png")
                structure = replace(structure, mask=kept.sha256)
                artefacts.append(
                    Artefact(
                        "mask",
                        kept.sha256,
                        "image/png",
                        kept.size,
                        reading.sop_uid,
                        reading.frame,
                        structure.label,
                    )
                )
            structures.append(structure)
        frames.append(replace(reading, structures=tuple(structures)))
    used = {s.mask for f in frames for s in f.structures}
    fresh_hashes = {a.sha256 for a in artefacts}
    artefacts += [
        a
        for a in base.artefacts
        if a.kind == "mask" and a.sha256 in used and a.sha256 not in fresh_hashes
    ]
    return replace(report, frames=tuple(frames)), artefacts
