"""What is made of a reading: masks, overlays, DICOM objects, documents. All go to the store."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from types import TracebackType

from services.dicom.objects import seg
from services.domain.errors import ObjectCorrupt
from services.domain.examination.examination import Examination
from services.domain.report import UNREVIEWED, FrameReading, ReleaseId, Report
from services.index.port import Artefact, Instance, Result, Study
from services.publish import fhir
from services.reading import report_json
from services.reading.images import overlay
from services.reading.judge import JudgedFrame
from services.result_objects import DICOM, Predecessors, image_refs, reports
from services.storage.port import ObjectStore, Stored
from workers.analysis.noted import NotedFrame
from workers.analysis.study_loader import FrameImage, SourceInstance

OF_FRAMES = ("mask", "overlay", "seg")  # kinds that go on to the next version with their frame
_UPLOADS = 6


class ArtefactUploader:
    """One study's artefacts, in the order in which they were put.

    They go to the store while others are still being made; none counts before it is confirmed.
    """

    def __init__(self, store: ObjectStore, site: str) -> None:
        self._store, self._site = store, site
        self._pool = ThreadPoolExecutor(_UPLOADS, thread_name_prefix="artefacts")
        self._waiting: list[tuple[Artefact, bytes, Future[Stored]]] = []
        self._existing: list[tuple[Artefact, bytes]] = []  # in the store before, not written by us

    def __enter__(self) -> ArtefactUploader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def put(
        self,
        kind: str,
        data: bytes,
        media_type: str,
        *,
        sop_uid: str = "",
        frame: int = 0,
        label: str = "",
    ) -> Artefact:
        """Begin to store ``data``; the hash is known at once.

        Args:
            kind: one of ``services.index.port.Artefact``'s kinds.
            data: the object's bytes.
            media_type: how it is served.
            sop_uid: the instance that it belongs to, if to one.
            frame: counts from 1; 0 where it belongs to no frame.
            label: what a mask shows.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        artefact = Artefact(kind, sha256, media_type, len(data), sop_uid, frame, label)
        future = self._pool.submit(self._store.put, self._site, data, media_type)
        self._waiting.append((artefact, data, future))
        return artefact

    def settle(self) -> list[Artefact]:
        """Wait until all are stored under the right hash.

        Raises:
            StoreUnavailable: one is not; the job must not be done.
            ObjectCorrupt: the store confirmed other bytes.
        """
        self._existing = []
        for artefact, data, future in self._waiting:
            stored = future.result()
            if stored.sha256 != artefact.sha256 or stored.size != artefact.size:
                raise ObjectCorrupt("The object store kept other bytes than it was sent.")
            if not stored.new:
                self._existing.append((artefact, data))
        return [artefact for artefact, _, _ in self._waiting]

    def assure(self) -> None:
        """After the result is in the index: put again what the sweeper took for an orphan before.

        Raises:
            StoreUnavailable: it is not known whether all are there.
        """
        for artefact, data in self._existing:
            if not self._store.exists(self._site, artefact.sha256):
                self._store.put(self._site, data, artefact.media_type)


def of_frames(
    uploader: ArtefactUploader,
    images: Sequence[FrameImage],
    judged: Sequence[JudgedFrame],
    release: ReleaseId,
) -> list[FrameReading]:
    """Store masks and overlays; the readings come back with the hashes of their masks."""
    label = f"{UNREVIEWED} · {release.name} {release.version}"
    return [_frame(uploader, image, one, label) for image, one in zip(images, judged, strict=True)]


def _frame(
    uploader: ArtefactUploader, image: FrameImage, judged: JudgedFrame, label: str
) -> FrameReading:
    sop_uid, frame = judged.reading.sop_uid, judged.reading.frame
    masks = {
        name: uploader.put(
            "mask", overlay.mask_png(mask), "image/png", sop_uid=sop_uid, frame=frame, label=name
        ).sha256
        for name, mask in judged.masks.items()
    }
    structures = tuple(replace(s, mask=masks.get(s.label)) for s in judged.reading.structures)
    reading = replace(judged.reading, structures=structures)
    drawn = overlay.png(overlay.render(image.pixels, reading, label))
    uploader.put("overlay", drawn, "image/png", sop_uid=sop_uid, frame=frame)
    return reading


def carried(
    hub: Result | None, kept: Sequence[FrameReading], noted: Iterable[NotedFrame]
) -> list[Artefact]:
    """The artefacts of frames that were read before; they are in the store already."""
    artefacts = [artefact for frame in noted for artefact in frame.artefacts]
    if hub is None:
        return artefacts
    frames = {(frame.sop_uid, frame.frame) for frame in kept}
    return [
        *(a for a in hub.artefacts if a.kind in OF_FRAMES and (a.sop_uid, a.frame) in frames),
        *artefacts,
    ]


def segmentations(
    uploader: ArtefactUploader,
    images: Sequence[FrameImage],
    judged: Sequence[JudgedFrame],
    report: Report,
    cause: str,
) -> list[bytes]:
    """Store a SEG for each frame with masks.

    Args:
        uploader: where they go.
        images: the frames, with their sources.
        judged: what was judged of them, in the same order.
        report: says which release and when.
        cause: the job's id: the same job makes the same UIDs again.

    Returns:
        The DICOM objects, as files.
    """
    made = []
    for image, one in zip(images, judged, strict=True):
        if one.masks:
            reading = one.reading
            data = seg.segmentation(image.source.dataset, reading, one.masks, report, cause)
            uploader.put(
                "seg", data, "application/dicom", sop_uid=reading.sop_uid, frame=reading.frame
            )
            made.append(data)
    return made


def structured_reports(
    uploader: ArtefactUploader,
    report: Report,
    sources: Sequence[SourceInstance],
    cause: str,
    predecessors: Predecessors,
    examination: Examination,
) -> list[bytes]:
    """Store the SRs of a whole report.

    ``sources`` are the instances that they name as evidence, ``predecessors`` the SRs of the version before.
    """
    datasets = [source.dataset for source in sources]
    made = reports(report, datasets, cause, predecessors, examination)
    for one in made:
        uploader.put(one.kind, one.data, DICOM)
    return [one.data for one in made]


def documents(
    uploader: ArtefactUploader,
    report: Report,
    study: Study,
    images: Sequence[Instance],
    examination: Examination,
) -> None:
    """The report as JSON and as FHIR."""
    uploader.put("report", report_json.dump(report), "application/json")
    uploader.put(
        "fhir",
        fhir.document(report, study.attributes, image_refs(images), examination, site=study.site),
        fhir.MEDIA_TYPE,
    )
