"""Questions about one frame: the phases that a question names are run, and its findings are the answer."""

from __future__ import annotations

from collections.abc import Collection
from typing import Annotated, Any

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Language, Reader, StudyId
from gateway.representations.images import CalibrationCache
from gateway.representations.pixels import find_frame, frame_pixels
from services.domain.biometry import age_by_last_period
from services.domain.errors import InferenceUnavailable, NotFound
from services.domain.questions.answer import answer
from services.domain.questions.question import Question, askable, understand
from services.domain.report import FrameReading
from services.domain.study import FrameRef
from services.index.port import Study
from services.reading.contract import Phase
from services.reading.images.picture import square
from services.reading.judge import judge
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import Manifests

router = APIRouter(prefix="/api/studies", tags=["Results"])


class AskIn(BaseModel):
    """A question in any of the five languages. Without an image, the study's best frame is asked."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"question": "Where is the nasal bone?", "language": "en"}}
    )
    question: Annotated[str, Field(min_length=1, max_length=500)]
    sop_uid: Annotated[str | None, Field(max_length=64, pattern=r"^[0-9.]+$")] = None
    frame: Annotated[int, Field(ge=1, le=100_000)] = 1
    language: Language = "en"


@router.post("/{study_id}/ask", summary="Ask about one frame", operation_id="ask")
def ask(
    study_id: StudyId, body: AskIn, who: Reader, services: ServicesDep, request: Request
) -> dict[str, Any]:
    """What the question was taken for, the phases that were run for it by the release in use, the
    findings, and the answer from them alone. Outside of that it is declined; nothing is stored."""
    asked = understand(body.question)
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
    if asked.declined:
        return _told(asked, None, None, body.language)
    sop_uid, frame = (body.sop_uid, body.frame) if body.sop_uid else _best(services, study)
    state = request.app.state
    reading, manifest = _read(
        services, state.calibrations, state.manifests, study, asked, sop_uid, frame
    )
    return _told(asked, reading, manifest, body.language)


def _told(
    asked: Question, reading: FrameReading | None, manifest: Manifest | None, language: str
) -> dict[str, Any]:
    release = manifest and {"name": manifest.name, "version": manifest.version}
    return {
        "declined": asked.declined or None,
        "task": asked.task or None,
        "structures": asked.structures,
        "phases": asked.phases,
        "answer": answer(asked, reading, _looked_for(manifest), language),
        "language": language,
        "reading": reading,
        "release": release,
    }


def _looked_for(manifest: Manifest | None) -> Collection[str]:
    """The labels that a release can find: without heads, those of phase 3, if it has a prompt for them."""
    if manifest is None:
        return askable()
    if manifest.has_heads:
        return manifest.boxes
    return askable() if manifest.prompts.detect or manifest.prompts.segment else ()


def _best(services: Services, study: Study) -> tuple[str, int]:
    """The frame that speaks for the study, else its first image."""
    with services.index.read() as tx:
        versions = tx.results.versions(study.site, study.id) if study.latest_version else []
        instances = tx.studies.instances(study.site, study_uid=study.study_uid)
    best = versions[-1].report.best if versions else None
    if best is not None:
        return best.sop_uid, best.frame
    first = next((one for one in instances if one.frames > 0), None)
    if first is None:
        raise NotFound("This study has no image to ask about.")
    return first.sop_uid, 1


def _read(
    services: Services,
    calibrations: CalibrationCache,
    manifests: Manifests,
    study: Study,
    asked: Question,
    sop_uid: str,
    frame: int,
) -> tuple[FrameReading, Manifest]:
    if services.inference is None:
        raise InferenceUnavailable("This gateway has no way to the model.")
    instance = find_frame(services, study, sop_uid, frame)
    image = square(frame_pixels(services, instance, frame), manifests.active().side)
    phases = tuple(Phase(name) for name in asked.phases)
    (raw,) = services.inference.read([image.pixels], phases, structures=asked.asked_labels)
    manifest = manifests.of_answer(raw.release)
    where = FrameRef(instance.series_uid, sop_uid, frame)
    judged = judge(
        raw,
        image,
        where,
        manifest,
        calibrations.of(instance),
        lmp_days=age_by_last_period(study.attributes),
        asked=asked.found_labels,
    )
    return judged.reading, manifest
