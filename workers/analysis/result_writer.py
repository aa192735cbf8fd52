"""From judged frames to what is kept of them: pictures, DICOM objects and the report, all confirmed by
the store. What is noted on the way and what a result holds are made by the same steps.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.domain.report import FrameReading, Origin, ReleaseId, Report
from services.domain.triage import Triage, triage_readings
from services.examinations import examination_of
from services.index.port import Artefact, Index, Job, NewInstance, ReadFrame
from services.result_objects import new_instances
from services.storage.port import ObjectStore
from workers.analysis import artefacts
from workers.analysis.artefacts import ArtefactUploader
from workers.analysis.noted import NotedFrame, row_of
from workers.analysis.phase_timer import PhaseTimer
from workers.analysis.study_loader import LoadedStudy
from workers.analysis.study_reader import (
    JudgedFrames,
    JudgedStudy,
    noted_readings,
    skipped_of,
)


@dataclass(frozen=True, slots=True)
class WrittenResult:
    """What a job is finished with.

    ``instances`` are FADA's own DICOM objects, which become further series of the study. ``uploader``
    still holds the bytes, see ``ArtefactUploader.assure``.
    """

    report: Report
    artefacts: list[Artefact]
    triage: Triage
    instances: list[NewInstance]
    uploader: ArtefactUploader


def note_frames(
    job: Job, study: LoadedStudy, frames: JudgedFrames, store: ObjectStore
) -> list[ReadFrame]:
    """Store what was made of each frame; the rows to be noted, with those that wait.

    Raises:
        StoreUnavailable: not all could be stored; nothing of it may be noted.
    """
    release, report = _release(study), _report(job, study, ())
    rows, study.to_note = study.to_note, []
    for image, judged in zip(frames.images, frames.judged, strict=True):
        with ArtefactUploader(store, job.site) as uploader:
            (reading,) = artefacts.of_frames(uploader, [image], [judged], release)
            objects = artefacts.segmentations(uploader, [image], [judged], report, job.id)
            noted = NotedFrame(reading, tuple(uploader.settle()), tuple(new_instances(objects)))
        where = image.where
        study.noted.frames[where.sop_uid, where.frame] = noted
        rows.append(row_of(image.source.instance, where.frame, release.sha256, noted))
    return rows


def write_result(
    job: Job, judged: JudgedStudy, index: Index, store: ObjectStore, timer: PhaseTimer
) -> WrittenResult:
    """Draw, make the DICOM objects and documents, and have the store confirm them all.

    Nothing of this is in the index yet. The same bytes get the same key when it is done again.

    Raises:
        StoreUnavailable: not all could be stored; the job must not be done.
        IndexUnavailable: the pregnancy's other examinations cannot be read now.
    """
    study, known, last = judged.study, judged.study.known, judged.last
    with ArtefactUploader(store, job.site) as uploader:
        with timer.phase("draw"):
            readings = artefacts.of_frames(uploader, last.images, last.judged, _release(study))
        report = _report(job, study, [*judged.kept, *noted_readings(study), *readings])
        with index.read() as tx:
            whole = examination_of(tx, known.study, report.frames).examination
        carried = artefacts.carried(known.hub, judged.kept, study.noted.frames.values())
        with timer.phase("objects"):
            objects = artefacts.segmentations(uploader, last.images, last.judged, report, job.id)
            sources = [
                study.sources[image.sop_uid]
                for image in known.images
                if image.sop_uid in study.sources
            ]
            objects += artefacts.structured_reports(
                uploader, report, sources, job.id, known.documents, whole
            )
        report = replace(report, seconds=timer.rounded())
        artefacts.documents(uploader, report, known.study, known.images, whole)
        written = uploader.settle()
    triage = triage_readings(
        urgent=known.study.urgent, hub=report, phone=known.phone, lmp_days=known.lmp_days
    )
    noted = [one for frame in study.noted.frames.values() for one in frame.objects]
    instances = [*noted, *new_instances(objects)]
    return WrittenResult(report, [*carried, *written], triage, instances, uploader)


def _release(study: LoadedStudy) -> ReleaseId:
    return ReleaseId(study.manifest.name, study.manifest.version, study.manifest.sha256)


def _report(job: Job, study: LoadedStudy, frames: Sequence[FrameReading]) -> Report:
    """``frames`` in the order of the instances."""
    order = {image.sop_uid: place for place, image in enumerate(study.known.images)}
    ordered = sorted(frames, key=lambda frame: (order[frame.sop_uid], frame.frame))
    return Report(
        job.study_uid, Origin.HUB, _release(study), datetime.now(UTC), tuple(ordered),
        skipped=tuple(skipped_of(study)),
    )  # fmt: skip
