"""What a job needs of its study: what the index knows, and the frames that the model is to read."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dicom.parser.frames import Frames, calibration
from services.domain.biometry import age_by_last_period
from services.domain.calibration import Calibration
from services.domain.errors import FadaError
from services.domain.report import FrameReading, Origin, Report
from services.domain.study import FrameRef
from services.index.port import Index, Instance, Job, Result, Study
from services.reading.images.picture import Square, square
from services.reading.releases.manifest import Manifest
from services.storage.port import ObjectStore
from workers.analysis.keyframes import candidates, key_frames
from workers.analysis.leased_job import UNTIL_REPORT
from workers.resources import Resources

Check = Callable[[], None]


@dataclass(frozen=True, slots=True)
class KnownStudy:
    """What the index knows of a study when its job begins.

    ``hub`` is the hub's latest result, ``phone`` the latest report by a phone, ``lmp_days`` the age
    by last period in days. ``images`` leaves out objects without frames, such as FADA's own.
    """

    study: Study
    images: list[Instance]
    hub: Result | None
    phone: Report | None
    lmp_days: float | None

    def readings_of(self, manifest: Manifest) -> tuple[FrameReading, ...]:
        """Frames that this very release has read before: a further image does not cost them again.

        An instance that came after that reading began was corrected since, and is read anew.
        """
        if self.hub is None or not self.was_read_by(manifest):
            return ()
        report = self.hub.report
        seconds = sum(report.seconds.get(phase, 0.0) for phase in UNTIL_REPORT)
        began = report.created_at - timedelta(seconds=seconds)
        corrected = {one.sop_uid for one in self.images if one.received_at > began}
        return tuple(frame for frame in report.frames if frame.sop_uid not in corrected)

    def was_read_by(self, manifest: Manifest) -> bool:
        """Whether the hub's latest result is by this very release."""
        return self.hub is not None and self.hub.report.release.sha256 == manifest.sha256


@dataclass(frozen=True, slots=True)
class SourceInstance:
    """One instance without its pixels. ``dataset`` is what SEG and SR name as their evidence."""

    instance: Instance
    dataset: Any
    calibration: Calibration
    frames: int


@dataclass(frozen=True, slots=True)
class FrameImage:
    """One frame to be read: ``pixels`` (H, W) or (H, W, 3) uint8, ``square`` (S, S)."""

    source: SourceInstance
    where: FrameRef
    pixels: NDArray[np.uint8]
    square: Square


@dataclass(slots=True)
class LoadedStudy:
    """A study whose images are in memory.

    ``manifest`` is that of the release in use, ``before`` what this release has read already, and
    ``skipped`` what could not be read: (SOP Instance UID, code of the error).
    """

    known: KnownStudy
    manifest: Manifest
    before: tuple[FrameReading, ...] = ()
    sources: list[SourceInstance] = field(default_factory=list)
    images: list[FrameImage] = field(default_factory=list)
    skipped: list[tuple[str, str]] = field(default_factory=list)


def load_study(job: Job, resources: Resources, *, check: Check = lambda: None) -> LoadedStudy:
    """Load a job's study. ``check`` is called before each image; what it raises ends the loading.

    Raises:
        StoreUnavailable, IndexUnavailable: nothing is skipped for a reason that passes.
        NotFound, ReleaseRefused: there is no usable release here.
    """
    known = _known_study(job, resources.index)
    manifest = resources.manifests.active()
    study = LoadedStudy(known, manifest, known.readings_of(manifest))
    read_before = {frame.sop_uid for frame in study.before}
    for instance in known.images:
        check()
        # Of what was read before only the header is needed.
        limit = 0 if instance.sop_uid in read_before else resources.settings.key_frames
        _load_instance(study, instance, resources.store, limit)
    return study


def _known_study(job: Job, index: Index) -> KnownStudy:
    with index.read() as tx:
        study = tx.studies.get(job.site, job.study_id)
        instances = tx.studies.instances(job.site, study_uid=study.study_uid)
        versions = tx.results.versions(job.site, job.study_id) if study.latest_version else []
    latest = {result.origin: result for result in versions}
    phone = latest.get(Origin.PHONE)
    return KnownStudy(
        study,
        [one for one in instances if one.frames > 0],
        latest.get(Origin.HUB),
        phone.report if phone is not None else None,
        age_by_last_period(study.attributes),
    )


def _load_instance(study: LoadedStudy, instance: Instance, store: ObjectStore, limit: int) -> None:
    """At most ``limit`` frames of a cine are kept in memory."""
    try:
        frames = Frames.of_bytes(store.get(instance.site, instance.sha256))
        scale = calibration(frames.dataset)
        source = SourceInstance(instance, frames.dataset, scale, frames.count)
        images = _images(source, frames, study.manifest.side, limit) if limit else []
    except FadaError as error:
        if error.retryable:
            raise
        study.skipped.append((instance.sop_uid, error.code))
        return
    # The pixels are in the images by now; a large cine must not lie in memory twice.
    frames.dataset.pop("PixelData", None)
    study.sources.append(source)
    study.images += images


def _images(source: SourceInstance, frames: Frames, side: int, limit: int) -> list[FrameImage]:
    images = []
    for number in _frame_numbers(frames, limit):
        pixels = frames.read(number)
        where = FrameRef(source.instance.series_uid, source.instance.sop_uid, number)
        images.append(FrameImage(source, where, pixels, square(pixels, side)))
    return images


def _frame_numbers(frames: Frames, limit: int) -> Sequence[int]:
    if frames.count == 1:
        return [1]
    return key_frames(frames.readable(candidates(frames.count)), limit)
