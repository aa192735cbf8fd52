"""The DICOM objects of a result: made from its report and images, and as the index takes them.

The worker makes the preliminary ones, the gateway those of a version that a person has signed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dicom.objects import seg, sr
from services.dicom.objects.composite import ObjectRef
from services.dicom.objects.sr_examination import procedure_report
from services.dicom.parser.parse import parse_bytes
from services.domain.examination.examination import Examination
from services.domain.report import Report
from services.index.port import Artefact, Instance, NewInstance, Result
from services.publish import fhir

KINDS = ("seg", "sr", "sr_obgyn", "pdf_dicom")  # artefacts that are objects of the study
Masks = Mapping[str, NDArray[np.bool_]]
Predecessors = Mapping[str, Sequence[ObjectRef]]
DICOM = "application/dicom"
_OWN_ITEMS = (
    10_000_000  # the SR of 2,000 images has more than the 50,000 that an object from outside may
)


@dataclass(frozen=True, slots=True)
class MadeObject:
    """One object's bytes; ``kind`` is that of its artefact, ``frame`` 0 where it belongs to none."""

    kind: str
    data: bytes
    sop_uid: str = ""
    frame: int = 0


def dicom_objects(
    report: Report,
    sources: Mapping[str, Any],
    masks: Mapping[tuple[str, int], Masks],
    cause: str,
    predecessors: Predecessors | None = None,
    examination: Examination | None = None,
) -> list[MadeObject]:
    """A SEG for each frame with masks, and the SRs.

    Args:
        sources: SOP Instance UID → the image's data set (``Frames.dataset``); at least one, and those
            of all the report's frames.
        masks: (SOP Instance UID, frame) → label → mask in the frame's pixels, of frames to be written.
        cause: id of the job or review: the same cause makes the same UIDs again.
        predecessors: kind of SR → the documents of the version before, which these replace.
        examination: the images read as one; of the report's frames alone with None.
    """
    made = [
        MadeObject(
            "seg",
            seg.segmentation(sources[frame.sop_uid], frame, dict(drawn), report, cause),
            frame.sop_uid,
            frame.frame,
        )
        for frame in report.frames
        if (drawn := masks.get((frame.sop_uid, frame.frame)))
    ]
    return [*made, *reports(report, list(sources.values()), cause, predecessors, examination)]


def reports(
    report: Report,
    images: Sequence[Any],
    cause: str,
    predecessors: Predecessors | None = None,
    examination: Examination | None = None,
) -> list[MadeObject]:
    """The SRs of a report; the parameters as in ``dicom_objects``."""
    before, made = predecessors or {}, []
    measured = sr.measurement_report(images, report, cause, before.get("sr", ()))
    made.append(MadeObject("sr", measured))
    obstetric = procedure_report(images, report, cause, before.get("sr_obgyn", ()), examination)
    if obstetric is not None:
        made.append(MadeObject("sr_obgyn", obstetric))
    return made


def new_instances(objects: Sequence[bytes]) -> list[NewInstance]:
    """The objects as the index takes them: further series of the study, without frames."""
    return [_instance(data) for data in objects]


def _instance(data: bytes) -> NewInstance:
    parsed = parse_bytes(data, _OWN_ITEMS)
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


def image_refs(stored: Sequence[Instance]) -> list[fhir.ImageRef]:
    """The images among a study's instances, without what was made of them."""
    return [
        fhir.ImageRef(one.series_uid, one.sop_uid, one.sop_class, one.modality, one.frames)
        for one in stored
        if one.frames > 0
    ]


def documents_before(versions: Sequence[Result], stored: Sequence[Instance]) -> Predecessors:
    """By kind, the SRs of the last version that has any: what a further version's SRs replace.

    Args:
        versions: of the study, oldest first.
        stored: the study's instances.
    """
    documents: dict[str, list[ObjectRef]] = {}
    for kind in ("sr", "sr_obgyn"):
        last: list[Artefact] = []
        for version in versions:
            last = [one for one in version.artefacts if one.kind == kind] or last
        hashes = {one.sha256 for one in last}
        documents[kind] = [
            ObjectRef(one.study_uid, one.series_uid, one.sop_class, one.sop_uid)
            for one in stored
            if one.sha256 in hashes
        ]
    return documents
