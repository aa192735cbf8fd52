"""From the model's answers to readings: judged by the rules of the release that answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from services.domain.errors import InvalidDicom
from services.domain.report import FrameReading
from services.reading.contract import RawReading
from services.reading.images import burned_in_text
from services.reading.judge import JudgedFrame, date_by_head, judge
from services.reading.releases.manifest import Manifest
from workers.analysis.manifests import Manifests
from workers.analysis.model_calls import ReleaseChanged
from workers.analysis.study_loader import FrameImage, LoadedStudy


class NothingReadable(InvalidDicom):
    """The report would be blank: the job fails instead, and people see why."""

    code, title = "nothing_readable", "No image of this study can be read"


@dataclass(frozen=True, slots=True)
class JudgedStudy:
    """A study after the model: all that its report is made of.

    ``judged`` stands in the order of ``study.images``; ``kept`` are readings of the version before.
    """

    study: LoadedStudy
    manifest: Manifest
    judged: list[JudgedFrame]
    kept: list[FrameReading]


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
    return replace(judged, reading=burned_in_text.flag_text(judged.reading, image.pixels))


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
