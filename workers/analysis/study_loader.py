"""What a job needs of its study: what the index knows, and the frames that the model is to read."""

from __future__ import annotations

import base64
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dicom.objects import image_header
from services.dicom.parser.correction import correct
from services.domain.biometry import age_by_last_period
from services.domain.calibration import Calibration
from services.domain.errors import FadaError
from services.domain.report import FrameReading, Origin, Report
from services.domain.study import FrameRef
from services.examinations import known_last_period
from services.index.port import Index, Instance, Job, ReadFrame, Result, Study
from services.reading.images.picture import Square, square
from services.reading.releases.manifest import Manifest
from services.result_objects import Predecessors, documents_before
from workers.analysis.clip_survey import Check, FrameChooser, Surveys
from workers.analysis.image_opener import ImageOpener, OpenedImage
from workers.analysis.noted import Noted, NotedFrame, NotedInstance, noted_of, row_of
from workers.analysis.phase_timer import UNTIL_REPORT
from workers.resources import Resources


@dataclass(frozen=True, slots=True)
class KnownStudy:
    """What the index knows of a study when its job begins.

    ``hub`` is the hub's latest result, ``phone`` the latest report by a phone, ``lmp_days`` the age
    by last period in days. ``images`` leaves out objects without frames, such as FADA's own;
    ``documents`` are the SRs of the hub's version before, by kind.
    """

    study: Study
    images: list[Instance]
    hub: Result | None
    phone: Report | None
    lmp_days: float | None
    documents: Predecessors = field(default_factory=dict)

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
    """One instance without its pixels. ``header`` is what SEG and SR name as their evidence."""

    instance: Instance
    header: bytes

    @property
    def dataset(self) -> Any:
        """The header as a data set; it names the woman whose it is, also where a person put that right."""
        dataset = image_header.unpack(self.header)
        if self.instance.corrected is not None:
            correct(dataset, self.instance.corrected)
        return dataset


@dataclass(frozen=True, slots=True)
class FrameImage:
    """One frame to be read: ``pixels`` (H, W) or (H, W, 3) uint8, ``square`` (S, S)."""

    source: SourceInstance
    calibration: Calibration
    where: FrameRef
    pixels: NDArray[np.uint8]
    square: Square


@dataclass(slots=True)
class LoadedStudy:
    """A study in a worker's hands.

    ``manifest`` is that of the release in use, ``before`` what this release has read for the version
    before, ``noted`` what it has read for this one. ``to_note`` are rows that are not in the index
    yet; ``fault`` is the first error that cost a frame.
    """

    known: KnownStudy
    manifest: Manifest
    before: tuple[FrameReading, ...] = ()
    noted: Noted = field(default_factory=Noted)
    sources: dict[str, SourceInstance] = field(default_factory=dict)
    to_note: list[ReadFrame] = field(default_factory=list)
    fault: FadaError | None = None

    def opened(self, instance: Instance, noted: NotedInstance) -> None:
        """An image was opened, or cannot be."""
        self.noted.instances[instance.sop_uid] = noted
        self.to_note.append(row_of(instance, 0, self.manifest.sha256, noted))

    def failed(self, instance: Instance, frame: int, error: FadaError) -> None:
        """A frame cannot be read; the others can."""
        noted = NotedFrame(error=error.code)
        self.fault = self.fault or error
        self.noted.frames[instance.sop_uid, frame] = noted
        self.to_note.append(row_of(instance, frame, self.manifest.sha256, noted))

    @property
    def share_read(self) -> float:
        """0 to 1, by images."""
        images = len(self.known.images)
        return min(len(self.noted.instances) / images, 1.0) if images else 1.0


def load_study(job: Job, resources: Resources) -> LoadedStudy:
    """What is known of a job's study, without any of its images.

    Raises:
        IndexUnavailable: it may be known later.
        NotFound, ReleaseRefused: there is no usable release here.
    """
    known = _known_study(job, resources.index)
    manifest = resources.manifests.active()
    with resources.index.read() as tx:
        rows = tx.progress.of_study(job.site, job.study_id)
    noted = noted_of(rows, known.images, manifest.sha256)
    return LoadedStudy(known, manifest, known.readings_of(manifest), noted)


def _known_study(job: Job, index: Index) -> KnownStudy:
    with index.read() as tx:
        study = tx.studies.get(job.site, job.study_id)
        instances = tx.studies.instances(job.site, study_uid=study.study_uid)
        versions = tx.results.versions(job.site, job.study_id) if study.latest_version else []
        last_period = known_last_period(tx, study)
    latest = {result.origin: result for result in versions}
    phone = latest.get(Origin.PHONE)
    return KnownStudy(
        study,
        [one for one in instances if one.frames > 0],
        latest.get(Origin.HUB),
        phone.report if phone is not None else None,
        age_by_last_period(study.attributes, last_period),
        documents_before([one for one in versions if one.origin is Origin.HUB], instances),
    )


def frames_to_read(
    study: LoadedStudy,
    resources: Resources,
    opener: ImageOpener,
    *,
    request_id: str,
    surveys: Surveys,
    check: Check = lambda: None,
    pause: Check = lambda: None,
) -> Generator[FrameImage]:
    """The frames that nobody has read, each decoded when it is asked for.

    ``check`` is called before each image, ``pause`` within the survey of a clip; what they raise ends
    the loading.

    Raises:
        StoreUnavailable: nothing is skipped for a reason that passes.
    """
    chooser = FrameChooser(opener, resources.inference, request_id, pause, surveys)
    read_before = {frame.sop_uid for frame in study.before}
    for instance in study.known.images:
        check()
        if instance.sop_uid in read_before:
            continue
        noted = study.noted.instances.get(instance.sop_uid)
        if noted is not None and not _frames_left(study, instance, noted):
            continue
        try:
            yield from _frames_of(study, instance, resources, opener, chooser)
        except FadaError as error:
            if error.retryable:
                raise
            study.fault = study.fault or error
            study.opened(instance, NotedInstance(error=error.code))


def _frames_left(study: LoadedStudy, instance: Instance, noted: NotedInstance) -> list[int]:
    return [n for n in noted.frames if (instance.sop_uid, n) not in study.noted.frames]


def _frames_of(
    study: LoadedStudy,
    instance: Instance,
    resources: Resources,
    opener: ImageOpener,
    chooser: FrameChooser,
) -> Iterator[FrameImage]:
    """Of a cine those that are chosen; one that cannot be decoded costs itself alone."""
    data = resources.store.get(instance.site, instance.sha256)
    noted = study.noted.instances.get(instance.sop_uid)
    with opener.open(data) as image:
        source = SourceInstance(instance, image.header)
        study.sources[instance.sop_uid] = source
        if noted is None:
            header = base64.b64encode(image.header).decode()
            frames = chooser.choose(
                image, instance.sha256, study.manifest, resources.settings.key_frames
            )
            noted = NotedInstance(header, frames)
            study.opened(instance, noted)
        for number in _frames_left(study, instance, noted):
            try:
                one = _image(study, source, opener, image, number)
            except FadaError as error:
                if error.retryable:
                    raise
                study.failed(instance, number, error)
                continue
            yield one


def _image(
    study: LoadedStudy,
    source: SourceInstance,
    opener: ImageOpener,
    image: OpenedImage,
    number: int,
) -> FrameImage:
    pixels = opener.frame(image, number)
    where = FrameRef(source.instance.series_uid, source.instance.sop_uid, number)
    return FrameImage(source, image.calibration, where, pixels, square(pixels, study.manifest.side))


def complete_sources(
    study: LoadedStudy, resources: Resources, opener: ImageOpener, *, check: Check = lambda: None
) -> None:
    """The headers of all readable images, for SEG and SR; only those not opened yet are opened.

    Raises:
        StoreUnavailable: they may be had later.
    """
    for instance in study.known.images:
        noted = study.noted.instances.get(instance.sop_uid)
        if instance.sop_uid in study.sources or (noted is not None and noted.error):
            continue
        if noted is not None:
            header = base64.b64decode(noted.header)
            study.sources[instance.sop_uid] = SourceInstance(instance, header)
            continue
        check()
        try:
            data = resources.store.get(instance.site, instance.sha256)
            with opener.open(data) as image:
                study.sources[instance.sop_uid] = SourceInstance(instance, image.header)
        except FadaError as error:
            if error.retryable:
                raise
            study.opened(instance, NotedInstance(error=error.code))
