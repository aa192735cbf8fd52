"""Reads the frames of a study: asks the model in batches, and judges the answers by the rules of the
release that answered.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass, replace

from services.domain.errors import InvalidDicom, InvalidModelOutput, ModelCrashed
from services.domain.report import FrameReading
from services.inference.port import Inference
from services.reading.contract import ALL_PHASES, RawReading
from services.reading.images.picture import flag_text
from services.reading.judge import JudgedFrame, date_by_head, judge
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import Manifests
from workers.analysis.clip_survey import Check
from workers.analysis.study_loader import FrameImage, LoadedStudy

MOST = 8  # squares in one call of the model server
CALL_SECONDS = 0.7  # of one call: so long an urgent study may have to wait for a long one


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


class BatchSize:
    """How many frames go in one call: as many as the model reads in ``CALL_SECONDS``.

    A processor reads one after the other, so a larger batch saves nothing there and others wait longer.
    """

    def __init__(self) -> None:
        self._size = 2

    def __call__(self) -> int:
        """Frames of the next call."""
        return self._size

    def took(self, frames: int, seconds: float) -> None:
        """A call of so many frames took so long."""
        per_frame = max(seconds / frames, 1e-3)
        self._size = int(min(max(CALL_SECONDS / per_frame, 1), MOST))


@dataclass(frozen=True, slots=True)
class JudgedFrames:
    """Images and what was judged of them, in the same order."""

    images: list[FrameImage]
    judged: list[JudgedFrame]


@dataclass(frozen=True, slots=True)
class JudgedStudy:
    """A study after the model: all that its report is made of.

    ``last`` was read now and is not noted; ``kept`` are readings of the version before.
    """

    study: LoadedStudy
    last: JudgedFrames
    kept: list[FrameReading]


def batches(
    frames: Iterator[FrameImage], size: Callable[[], int]
) -> Iterator[tuple[list[FrameImage], bool]]:
    """``frames`` in lists of ``size``, each with whether it is the last; one at least, maybe empty."""
    batch: list[FrameImage] = []
    for frame in frames:
        if len(batch) >= size():
            yield batch, False
            batch = []
        batch.append(frame)
    yield batch, True


def infer(
    images: Sequence[FrameImage], inference: Inference, size: BatchSize, *, request_id: str
) -> list[RawReading]:
    """Read a batch, in its order.

    Raises:
        InvalidModelOutput: another number of answers than images.
        InferenceBusy, InferenceUnavailable: the model server is not there; try again.
    """
    if not images:
        return []
    began = time.perf_counter()
    squares = [image.square.pixels for image in images]
    answers = inference.read(squares, ALL_PHASES, request_id=request_id)
    if len(answers) != len(squares):
        raise InvalidModelOutput("The model server answered for another number of images.")
    size.took(len(images), time.perf_counter() - began)
    return answers


def read_batch(
    study: LoadedStudy,
    images: Sequence[FrameImage],
    inference: Inference,
    size: BatchSize,
    *,
    request_id: str,
    check: Check = lambda: None,
) -> tuple[list[FrameImage], list[RawReading]]:
    """The images that the model could read, and its answers, in the same order.

    A batch fails as a whole and does not say for which image. It is asked for again image by image, so
    that each one that the model fails on is noted as failed and the others are kept. ``check`` is called
    before each of them; what it raises ends the reading.

    Raises:
        InferenceBusy, InferenceUnavailable, ModelCrashed: see ``infer``.
    """
    try:
        return list(images), infer(images, inference, size, request_id=request_id)
    except InvalidModelOutput as error:
        if len(images) == 1:
            study.failed(images[0].source.instance, images[0].where.frame, error)
            return [], []
    read: list[FrameImage] = []
    answers: list[RawReading] = []
    for image in images:
        check()
        kept, answer = read_batch(study, [image], inference, size, request_id=request_id)
        read += kept
        answers += answer
    return read, answers


def judge_frames(
    study: LoadedStudy,
    images: Sequence[FrameImage],
    answers: Sequence[RawReading],
    manifests: Manifests,
) -> JudgedFrames:
    """Judge a batch; a frame whose answer is not usable is noted as failed and left out.

    Raises:
        ReleaseChanged: another release answered than the one whose readings are kept.
        ReleaseUnknown: the release that answered is not known here; later it may be.
    """
    if answers:
        begun = bool(study.before) or any(one.reading for one in study.noted.frames.values())
        releases = {one.release for one in answers}
        study.manifest = release_for(releases, study.manifest, manifests, begun=begun)
    kept: list[tuple[FrameImage, JudgedFrame]] = []
    for answer, image in zip(answers, images, strict=True):
        try:
            kept.append((image, _judge(answer, image, study.manifest, study.known.lmp_days)))
        except InvalidModelOutput as error:
            study.failed(image.source.instance, image.where.frame, error)
    return JudgedFrames([image for image, _ in kept], [judged for _, judged in kept])


def release_for(
    answered: Collection[str], present: Manifest, manifests: Manifests, *, begun: bool
) -> Manifest:
    """The release that a study is judged by: the one that answered. Gateway, workers and model server may
    have different ones for a while, as in an upgrade.

    Args:
        answered: by which releases, as the model server signs its answers.
        present: the one in use here.
        begun: some of the study was read by ``present`` already.

    Raises:
        ReleaseChanged: several answered, or another one than read the rest.
        ReleaseUnknown: it is not known here.
    """
    (first, *others) = sorted(set(answered))
    manifest = manifests.of_answer(first)
    if not others and manifest.sha256 == present.sha256:
        return present
    if others or begun:
        raise ReleaseChanged
    return manifest


def _judge(
    answer: RawReading, image: FrameImage, manifest: Manifest, lmp_days: float | None
) -> JudgedFrame:
    judged = judge(
        answer, image.square, image.where, manifest, image.calibration, lmp_days=lmp_days
    )
    return replace(judged, reading=flag_text(judged.reading, image.pixels))


def judged_study(study: LoadedStudy, last: JudgedFrames) -> JudgedStudy:
    """All frames are read, ``last`` among them, and all sources are complete.

    Raises:
        NothingReadable: no instance could be decoded.
        InvalidModelOutput, ModelCrashed: what the model made of the only frames.
    """
    kept = [
        replace(frame, centiles=date_by_head(frame.measurements, study.known.lmp_days)[1])
        for frame in study.before
        if frame.sop_uid in study.sources
    ]
    if not last.judged and not kept and not any(f.reading for f in study.noted.frames.values()):
        if isinstance(study.fault, (InvalidModelOutput, ModelCrashed)):
            raise study.fault
        skipped = skipped_of(study)
        codes = ", ".join(sorted({code for _, code in skipped})) or "no pixels"
        raise NothingReadable(f"{len(skipped)} images, none readable: {codes}.")
    return JudgedStudy(study, last, kept)


def noted_readings(study: LoadedStudy) -> list[FrameReading]:
    """Readings of earlier batches and turns, with centiles for the last period as it is known now."""
    return [
        replace(frame.reading, centiles=date_by_head(frame.reading.measurements, lmp)[1])
        for lmp in [study.known.lmp_days]
        for frame in study.noted.frames.values()
        if frame.reading is not None
    ]


def skipped_of(study: LoadedStudy) -> list[tuple[str, str]]:
    """(SOP Instance UID, code of the error) of images of which nothing could be read."""
    skipped = []
    for image in study.known.images:
        noted = study.noted.instances.get(image.sop_uid)
        if noted is None:
            continue
        frames = [study.noted.frames.get((image.sop_uid, number)) for number in noted.frames]
        if noted.error:
            skipped.append((image.sop_uid, noted.error))
        elif frames and all(frame is not None and frame.error for frame in frames):
            skipped.append((image.sop_uid, next(frame.error for frame in frames if frame)))
    return skipped
