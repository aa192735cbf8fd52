"""What a signature makes: the final SEG, SRs, the printed page and FHIR of a version.

Objects first: all lie in the store before the index knows of them.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from gateway.dependencies import Services
from gateway.representations import images
from gateway.representations.drawing_turns import drawing_turn
from gateway.representations.results import MasksByFrame
from services.dicom.objects.encapsulated import encapsulated_pdf
from services.domain.errors import NotFound
from services.domain.report import Report
from services.domain.study import Principal
from services.examinations import examination_of
from services.index.port import Artefact, Instance, NewInstance, Study
from services.publish import fhir, pdf
from services.publish.pdf_strings import Words
from services.result_objects import (
    DICOM,
    MadeObject,
    dicom_objects,
    documents_before,
    image_refs,
    new_instances,
)


@dataclass(frozen=True, slots=True)
class FinalObjects:
    """What lies in the store by now: artefacts of the version, and further instances of its study."""

    artefacts: list[Artefact]
    instances: list[NewInstance]


def make(
    services: Services,
    study: Study,
    report: Report,
    who: Principal,
    language: str,
    last_period: date | None = None,
) -> FinalObjects:
    """Make and store the objects of a version that a person has signed.

    A frame whose image has not arrived (a phone's report comes first) is in none of the DICOM objects.

    Args:
        report: the signed version.
        who: the reviewer.
        language: of the printed page.
        last_period: first day, where the review states it.

    Raises:
        TooManyAtOnce, Unavailable: no masks can be drawn now.
        StoreUnavailable: not all could be stored; nothing is in the index.
    """
    with services.index.read() as tx:
        stored = tx.studies.instances(study.site, study_uid=study.study_uid)
        versions = tx.results.versions(study.site, study.id)
        examined = examination_of(
            tx, study, report.frames, last_period=last_period, stated_by=who.subject
        )
    cause = str(uuid.uuid4())
    sources = _sources(services, stored, report)
    shown = replace(report, frames=tuple(f for f in report.frames if f.sop_uid in sources))
    made: list[MadeObject] = []
    if sources:
        before = documents_before(versions, stored)
        masks = MasksByFrame(services, study.site, shown)
        with drawing_turn(who):
            made = dicom_objects(shown, sources, masks, cause, before, examined.examination)
        page = pdf.render(report, study.attributes, examined.examination, language=language)
        title = Words(language)("title")
        whole = encapsulated_pdf(list(sources.values()), page, title, report, cause)
        made.append(MadeObject("pdf_dicom", whole))
    artefacts = [
        _stored(services, study.site, one.kind, one.data, DICOM, one.sop_uid, one.frame)
        for one in made
    ]
    record = fhir.document(
        report,
        study.attributes,
        image_refs(stored),
        examined.examination,
        site=study.site,
        amends=study.signed_version > 0,
    )
    artefacts.append(_stored(services, study.site, "fhir", record, fhir.MEDIA_TYPE))
    return FinalObjects(artefacts, new_instances([one.data for one in made]))


def _sources(services: Services, stored: Sequence[Instance], report: Report) -> dict[str, Any]:
    """The data sets of the images that the report describes, those that are here."""
    by_uid = {one.sop_uid: one for one in stored}
    sources: dict[str, Any] = {}
    for sop_uid in dict.fromkeys(frame.sop_uid for frame in report.frames):
        if sop_uid not in by_uid:
            continue
        try:
            with images.open_frames(services, by_uid[sop_uid]) as frames:
                sources[sop_uid] = frames.dataset
        except NotFound:  # announced, and not there yet
            continue
    return sources


def _stored(
    services: Services,
    site: str,
    kind: str,
    data: bytes,
    media_type: str,
    sop_uid: str = "",
    frame: int = 0,
) -> Artefact:
    kept = services.store.put(site, data, media_type)
    return Artefact(kind, kept.sha256, media_type, kept.size, sop_uid, frame)
