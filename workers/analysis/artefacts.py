"""What is made of a reading: masks, overlays, DICOM objects, documents. All go to the uploader."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from services.dicom.objects import obgyn, seg, sr
from services.dicom.parser.parse import ParsedInstance, parse_bytes
from services.domain.report import UNREVIEWED, FrameReading, ReleaseId, Report
from services.index.port import Artefact, Instance, NewInstance, Result, Study
from services.publish import fhir
from services.reading import report_json
from services.reading.images import overlay
from services.reading.judge import JudgedFrame
from workers.analysis.artefact_uploader import ArtefactUploader
from workers.analysis.study_loader import FrameImage, SourceInstance

OF_FRAMES = ("mask", "overlay", "seg")  # kinds that go on to the next version with their frame


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


def carried(hub: Result | None, kept: Sequence[FrameReading]) -> list[Artefact]:
    """The artefacts of frames that were read before; they are in the store already."""
    if hub is None:
        return []
    frames = {(frame.sop_uid, frame.frame) for frame in kept}
    return [
        one for one in hub.artefacts if one.kind in OF_FRAMES and (one.sop_uid, one.frame) in frames
    ]


def of_study(
    uploader: ArtefactUploader,
    report: Report,
    sources: Sequence[SourceInstance],
    judged: Sequence[JudgedFrame],
    cause: str,
) -> list[bytes]:
    """Store a SEG for each frame with masks, and the SRs.

    Args:
        uploader: where they go.
        report: what the SRs say.
        sources: the instances that SEG and SRs name as their evidence.
        judged: the frames that were read now; frames kept from before have their SEG already.
        cause: the job's id: the same job makes the same UIDs again.

    Returns:
        The DICOM objects, as files.
    """
    made: list[bytes] = []
    datasets = {source.instance.sop_uid: source.dataset for source in sources}
    for one in judged:
        if one.masks:
            reading = one.reading
            data = seg.segmentation(datasets[reading.sop_uid], reading, one.masks, report, cause)
            uploader.put(
                "seg", data, "application/dicom", sop_uid=reading.sop_uid, frame=reading.frame
            )
            made.append(data)
    data = sr.measurement_report(list(datasets.values()), report, cause)
    uploader.put("sr", data, "application/dicom")
    made.append(data)
    obstetric = obgyn.procedure_report(list(datasets.values()), report, cause)
    if obstetric is not None:
        uploader.put("sr_obgyn", obstetric, "application/dicom")
        made.append(obstetric)
    return made


def instances(objects: Sequence[bytes]) -> list[NewInstance]:
    """FADA's own objects as the index takes them: further series of the study, without frames."""
    return [_instance(data, parse_bytes(data)) for data in objects]


def _instance(data: bytes, parsed: ParsedInstance) -> NewInstance:
    return NewInstance(
        series_uid=parsed.series_uid,
        sop_uid=parsed.sop_uid,
        sop_class=parsed.sop_class,
        transfer_syntax=parsed.transfer_syntax,
        modality=parsed.modality,
        sha256=hashlib.sha256(data).hexdigest(),
        size=len(data),
        rows=parsed.rows,
        columns=parsed.columns,
        frames=0,
        attributes=parsed.attributes,
    )


def documents(
    uploader: ArtefactUploader, report: Report, study: Study, images: Sequence[Instance]
) -> None:
    """The report as JSON and as FHIR."""
    uploader.put("report", report_json.dump(report), "application/json")
    references = [
        fhir.ImageRef(one.series_uid, one.sop_uid, one.sop_class, one.modality, one.frames)
        for one in images
    ]
    uploader.put("fhir", fhir.document(report, study.attributes, references), fhir.MEDIA_TYPE)
