"""From a judged study to its result: report, pictures and DICOM objects, all confirmed by the store."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from services.domain.report import Origin, ReleaseId, Report
from services.domain.triage import Triage, triage_readings
from services.index.port import Artefact, Job, NewInstance
from services.storage.port import ObjectStore
from workers.analysis import artefacts
from workers.analysis.artefacts import ArtefactUploader
from workers.analysis.leased_job import PhaseTimer
from workers.analysis.study_reader import JudgedStudy


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


def write_result(
    job: Job, judged: JudgedStudy, store: ObjectStore, timer: PhaseTimer
) -> WrittenResult:
    """Draw, make the DICOM objects and documents, and have the store confirm them all.

    Nothing of this is in the index yet. The same bytes get the same key when it is done again.

    Raises:
        StoreUnavailable: not all could be stored; the job must not be done.
    """
    study, known = judged.study, judged.study.known
    release = ReleaseId(judged.manifest.name, judged.manifest.version, judged.manifest.sha256)
    with ArtefactUploader(store, job.site) as uploader:
        with timer.phase("draw"):
            readings = artefacts.of_frames(uploader, study.images, judged.judged, release)
        order = {source.instance.sop_uid: place for place, source in enumerate(study.sources)}
        frames = sorted([*judged.kept, *readings], key=lambda f: (order[f.sop_uid], f.frame))
        report = Report(
            job.study_uid, Origin.HUB, release, datetime.now(UTC), tuple(frames),
            skipped=tuple(study.skipped),
        )  # fmt: skip
        carried = artefacts.carried(known.hub, judged.kept)
        with timer.phase("objects"):
            objects = artefacts.of_study(uploader, report, study.sources, judged.judged, job.id)
        report = replace(report, seconds=timer.rounded())
        artefacts.documents(uploader, report, known.study, known.images)
        written = uploader.settle()
    triage = triage_readings(
        urgent=known.study.urgent, hub=report, phone=known.phone, lmp_days=known.lmp_days
    )
    return WrittenResult(
        report, [*carried, *written], triage, artefacts.instances(objects), uploader
    )
