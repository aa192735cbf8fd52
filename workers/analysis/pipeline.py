"""A job's way: load, infer, judge, draw, store. No Celery in here, and nothing is done by halves.

``analyse`` changes nothing in the index: its caller finishes the job with what it returns, in one
transaction, after every artefact was confirmed by the store.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

from services.domain.dating import age_by_last_period
from services.domain.errors import InvalidDicom, InvalidModelOutput
from services.domain.report import FrameReading, Origin, ReleaseId, Report
from services.domain.study import IngestSource
from services.domain.triage import Triage, triage_readings
from services.index.port import Artefact, Instance, Job, NewInstance, Result, Study
from services.reading.contract import ALL_PHASES, RawReading
from services.reading.images import burned_in_text
from services.reading.judge import JudgedFrame, date_by_head, judge
from services.reading.releases.manifest import Manifest
from workers.analysis import artefacts
from workers.analysis.artefact_uploader import Shelf
from workers.analysis.phase_timer import Clock
from workers.analysis.study_loader import Loaded, Picture, load
from workers.resources import Ports

Tell = Callable[[str, int], None]
Check = Callable[[], None]
MODEL_PHASE = "model_"  # before the names of the model server's own phases
BATCH = 8  # squares in one call of the model server


class NothingReadable(InvalidDicom):
    """The report would be blank: the job fails instead, and people see why."""

    code, title = "nothing_readable", "No image of this study can be read"


@dataclass(frozen=True, slots=True)
class Analysis:
    """What a job is finished with.

    ``instances`` are FADA's own DICOM objects, which become further series of the study. ``shelf``
    still holds the bytes, see ``Shelf.assure``.
    """

    report: Report
    artefacts: list[Artefact]
    triage: Triage
    instances: list[NewInstance]
    source: IngestSource
    shelf: Shelf
    read: int
    reused: int


@dataclass(frozen=True, slots=True)
class Known:
    """What the index knows of a study when its job begins."""

    study: Study
    instances: list[Instance]
    hub: Result | None
    phone: Report | None
    lmp_days: float | None


@dataclass(frozen=True, slots=True)
class Reading:
    """A study after the model: all that writing needs."""

    job: Job
    known: Known
    manifest: Manifest
    loaded: Loaded
    judged: list[JudgedFrame]
    kept: list[FrameReading]
    clock: Clock


def analyse(
    job: Job, ports: Ports, *, tell: Tell = lambda _p, _n: None, check: Check = lambda: None
) -> Analysis:
    """Read a study and store all that belongs to its report. Raises what ``read`` and ``write`` do."""
    return write(read(job, ports, tell=tell, check=check), ports)


def read(
    job: Job, ports: Ports, *, tell: Tell = lambda _p, _n: None, check: Check = lambda: None
) -> Reading:
    """Load a study, ask the model, judge.

    Raises:
        NothingReadable: no instance could be decoded.
        InvalidModelOutput: the model's answer is not usable; there is no report then.
        InferenceBusy, InferenceUnavailable, StoreUnavailable, IndexUnavailable: try again.
        LeaseLost: from ``check``, when another worker has the job by now.
    """
    clock = Clock()
    with clock.phase("load"):
        known = know(job, ports)
        manifest = ports.manifests.present()
        before = reusable(known.hub, manifest, known.instances)
        loaded = load(
            known.instances, ports.store, manifest.side, ports.settings.key_frames,
            known=frozenset(frame.sop_uid for frame in before), check=check,
        )  # fmt: skip
    tell("infer", 20)
    with clock.phase("infer"):
        answers = infer(loaded.pictures, ports, job.request_id, check)
    if answers:
        manifest = ports.manifests.of_answer(answers[0].release)
        _add_seconds(clock, answers)
    check()
    tell("judge", 70)
    with clock.phase("judge"):
        judged = [
            _judge(raw, picture, manifest, known.lmp_days)
            for raw, picture in zip(answers, loaded.pictures, strict=True)
        ]
        kept = _still(before, manifest, known, loaded)
        if not judged and not kept:
            raise NothingReadable(_why(loaded))
    tell("store", 80)
    return Reading(job, known, manifest, loaded, judged, kept, clock)


def _judge(
    raw: RawReading, picture: Picture, manifest: Manifest, lmp_days: float | None
) -> JudgedFrame:
    scale = picture.source.calibration
    judged = judge(raw, picture.square, picture.where, manifest, scale, lmp_days=lmp_days)
    return replace(judged, reading=burned_in_text.flag_text(judged.reading, picture.pixels))


def know(job: Job, ports: Ports) -> Known:
    """All that is asked of the index, in one look."""
    with ports.index.read() as tx:
        study = tx.studies.get(job.site, job.study_id)
        instances = tx.studies.instances(job.site, study_uid=study.study_uid)
        versions = tx.results.versions(job.site, job.study_id) if study.latest_version else []
    hub = next((v for v in reversed(versions) if v.origin is Origin.HUB), None)
    phone = next((v.report for v in reversed(versions) if v.origin is Origin.PHONE), None)
    images = [one for one in instances if one.frames > 0]
    return Known(study, images, hub, phone, age_by_last_period(study.attributes))


def reusable(
    hub: Result | None, manifest: Manifest, instances: Sequence[Instance]
) -> tuple[FrameReading, ...]:
    """Frames that the present release has read before: a further image does not cost them again.

    An instance that came after that reading began was corrected since, and is read anew.
    """
    if hub is None or hub.report.release.sha256 != manifest.sha256:
        return ()
    phases = hub.report.seconds.items()
    seconds = sum(value for name, value in phases if not name.startswith(MODEL_PHASE))
    began = hub.report.created_at - timedelta(seconds=seconds)
    corrected = {one.sop_uid for one in instances if one.received_at > began}
    return tuple(frame for frame in hub.report.frames if frame.sop_uid not in corrected)


def infer(
    pictures: Sequence[Picture], ports: Ports, request_id: str, check: Check
) -> list[RawReading]:
    """Key frames go together; a large study in several calls."""
    answers: list[RawReading] = []
    for start in range(0, len(pictures), BATCH):
        check()
        squares = [picture.square.pixels for picture in pictures[start : start + BATCH]]
        read = ports.inference.read(squares, ALL_PHASES, request_id=request_id)
        if len(read) != len(squares):
            raise InvalidModelOutput("The model server answered for another number of images.")
        answers += read
    if len({answer.release for answer in answers}) > 1:
        raise ReleaseChanged
    return answers


class ReleaseChanged(InvalidModelOutput):
    """Half a study read by one release and half by another: read it again, whole."""

    code, title, retryable = (
        "release_changed",
        "The model release changed during the analysis",
        True,
    )


def _still(
    before: Sequence[FrameReading], manifest: Manifest, known: Known, loaded: Loaded
) -> list[FrameReading]:
    """Readings kept from the version before, with centiles for the last period as known now."""
    if not before:
        return []
    if known.hub is None or known.hub.report.release.sha256 != manifest.sha256:
        raise ReleaseChanged
    there = {source.instance.sop_uid for source in loaded.sources}
    return [
        replace(frame, centiles=date_by_head(frame.measurements, known.lmp_days)[1])
        for frame in before
        if frame.sop_uid in there
    ]


def _why(loaded: Loaded) -> str:
    codes = sorted({code for _, code in loaded.skipped})
    return f"{len(loaded.skipped)} images, none readable: {', '.join(codes) or 'no pixels'}."


def _add_seconds(clock: Clock, answers: Sequence[RawReading]) -> None:
    """The server's own phases stand beside ours; a batch tells the same figures for each image."""
    for name, value in answers[0].seconds.items():
        clock.seconds[f"{MODEL_PHASE}{name}"] = float(value)


def write(done: Reading, ports: Ports) -> Analysis:
    """Draw, make the DICOM objects and documents, and have the store confirm them all.

    Raises:
        StoreUnavailable: try again; the same bytes get the same key then.
    """
    job, known, loaded, clock = done.job, done.known, done.loaded, done.clock
    release = ReleaseId(done.manifest.name, done.manifest.version, done.manifest.sha256)
    with Shelf(ports.store, job.site) as shelf:
        with clock.phase("draw"):
            readings = artefacts.of_frames(shelf, loaded.pictures, done.judged, release)
        order = {source.instance.sop_uid: n for n, source in enumerate(loaded.sources)}
        frames = sorted([*done.kept, *readings], key=lambda f: (order[f.sop_uid], f.frame))
        report = Report(
            job.study_uid, Origin.HUB, release, datetime.now(UTC), tuple(frames),
            skipped=tuple(loaded.skipped),
        )  # fmt: skip
        carried = artefacts.carried(known.hub, done.kept)
        with clock.phase("objects"):
            objects = artefacts.of_study(shelf, report, loaded, done.judged, job.id)
        report = replace(report, seconds=clock.rounded())
        artefacts.documents(shelf, report, known.study, known.instances)
        written = shelf.settle()
    triage = triage_readings(
        urgent=known.study.urgent, hub=report, phone=known.phone, lmp_days=known.lmp_days
    )
    return Analysis(
        report, [*carried, *written], triage, artefacts.instances(objects), known.study.source, shelf,
        len(done.judged), len(done.kept),
    )  # fmt: skip
