"""Reads a loaded study: asks the model for its frames, and judges the answers by the rules of the
release that answered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.domain.errors import InvalidDicom, InvalidModelOutput
from services.domain.report import FrameReading
from services.inference.port import Inference
from services.reading.contract import ALL_PHASES, RawReading
from services.reading.images.picture import flag_text
from services.reading.judge import JudgedFrame, date_by_head, judge
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import Manifests
from workers.analysis.study_loader import Check, FrameImage, LoadedStudy

BATCH = 8  # squares in one call of the model server


class NothingReadable(InvalidDicom):
    """The report would be blank: the job fails instead, and people see why."""

    code, title = "nothing_readable", "No image of this study can be read"


class ReleaseChanged(InvalidModelOutput):
    """Half a study read by one release and half by another: read it again, whole."""

    code, title, retryable = (
        "release_changed",
        "The model release changed during the analysis",
        True,
    )


@dataclass(frozen=True, slots=True)
class JudgedStudy:
    """A study after the model: all that its report is made of.

    ``judged`` stands in the order of ``study.images``; ``kept`` are readings of the version before.
    """

    study: LoadedStudy
    manifest: Manifest
    judged: list[JudgedFrame]
    kept: list[FrameReading]


def infer(
    images: Sequence[FrameImage], inference: Inference, *, request_id: str, check: Check
) -> list[RawReading]:
    """Read all images, in their order. Key frames go together; a large study in several calls.

    Raises:
        InvalidModelOutput: another number of answers than images.
        ReleaseChanged: the answers are of two releases.
        InferenceBusy, InferenceUnavailable: the model server is not there; try again.
    """
    answers: list[RawReading] = []
    for start in range(0, len(images), BATCH):
        check()
        squares = [image.square.pixels for image in images[start : start + BATCH]]
        batch = inference.read(squares, ALL_PHASES, request_id=request_id)
        if len(batch) != len(squares):
            raise InvalidModelOutput("The model server answered for another number of images.")
        answers += batch
    if len({answer.release for answer in answers}) > 1:
        raise ReleaseChanged
    return answers


def judge_study(
    study: LoadedStudy, answers: Sequence[RawReading], manifests: Manifests
) -> JudgedStudy:
    """Judge the answers to ``study.images``, in their order.

    Raises:
        NothingReadable: no instance could be decoded.
        ReleaseChanged: another release answered than the one whose readings are kept.
        InvalidModelOutput: an answer is not usable; there is no report then.
    """
    manifest = manifests.of_answer(answers[0].release) if answers else study.manifest
    lmp_days = study.known.lmp_days
    judged = [
        _judge(answer, image, manifest, lmp_days)
        for answer, image in zip(answers, study.images, strict=True)
    ]
    kept = _kept(study, manifest)
    if not judged and not kept:
        codes = ", ".join(sorted({code for _, code in study.skipped})) or "no pixels"
        raise NothingReadable(f"{len(study.skipped)} images, none readable: {codes}.")
    return JudgedStudy(study, manifest, judged, kept)


def _judge(
    answer: RawReading, image: FrameImage, manifest: Manifest, lmp_days: float | None
) -> JudgedFrame:
    scale = image.source.calibration
    judged = judge(answer, image.square, image.where, manifest, scale, lmp_days=lmp_days)
    return replace(judged, reading=flag_text(judged.reading, image.pixels))


def _kept(study: LoadedStudy, manifest: Manifest) -> list[FrameReading]:
    """Readings of the version before, with centiles for the last period as it is known now."""
    if not study.before:
        return []
    if not study.known.was_read_by(manifest):
        raise ReleaseChanged
    present = {source.instance.sop_uid for source in study.sources}
    return [
        replace(frame, centiles=date_by_head(frame.measurements, study.known.lmp_days)[1])
        for frame in study.before
        if frame.sop_uid in present
    ]
