"""HC, BPD, OFD and gestational age as an OB-GYN Ultrasound Procedure Report (TID 5000).

No library builds it. Source: PS3.16, TID 5000, 5003 (fetus summary), 5005 (fetal biometry), 5008
(biometry group), 300 (measurement), 1008 (subject context, fetus). Only calibrated values go in: this
form has millimetres alone, so an uncalibrated study gives no such object.
"""

from __future__ import annotations

from collections.abc import Sequence

from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from services.dicom.objects import sr
from services.dicom.objects.codes import DAY, GESTATIONAL_AGE, MEASURES, MILLIMETRE, concept
from services.domain.report import FrameReading, Report

_CONTAINS = RelationshipTypeValues.CONTAINS
_CONTEXT = RelationshipTypeValues.HAS_OBS_CONTEXT
_FETUS_ID = CodedConcept("11951-1", "LN", "Fetus ID")


def procedure_report(sources: Sequence[Dataset], report: Report, cause: str) -> bytes | None:
    """TID 5000 of the frame that speaks for the study; None when it has no millimetres.

    ``sources`` and ``cause`` as in ``services.dicom.objects.sr``.
    """
    best = report.best
    if best is None or not any(m.mm is not None for m in best.measurements):
        return None
    children: list[Dataset] = [*_observer(report), *sr.remarks(report)]
    if best.datings:
        children.append(_fetus_summary(best))
    children.append(_biometry(best))
    root = _container(codes.DCM.OBGYNUltrasoundProcedureReport, children, None, "5000")
    named = [s for s in sources if str(s.SOPInstanceUID) == best.sop_uid]
    return sr.document(named, root, report, ("sr obgyn", cause), "OB-GYN report", 9102)


def _observer(report: Report) -> list[Dataset]:
    """TID 1001 of the device, and of the person when one has reviewed."""
    items: list[Dataset] = list(sr.observer(report))
    person = sr.reviewer(report)
    return [*items, *person] if person is not None else items


def _fetus_summary(best: FrameReading) -> Dataset:
    return _container(codes.DCM.FetusSummary, [*_fetus(), *_ages(best)], _CONTAINS)


def _biometry(best: FrameReading) -> Dataset:
    """TID 5005: a biometry group (TID 5008) for each measurement; the age stands with HC."""
    groups: list[Dataset] = []
    for m in best.measurements:
        if m.mm is None or m.name not in MEASURES:
            continue
        size = NumContentItem(MEASURES[m.name], round(m.mm, 1), MILLIMETRE,
                              relationship_type=_CONTAINS)  # fmt: skip
        ages = _ages(best) if m.name == "HC" else []
        groups.append(_container(codes.DCM.BiometryGroup, [size, *ages], _CONTAINS))
    return _container(codes.DCM.FetalBiometry, [*_fetus(), *groups], _CONTAINS)


def _fetus() -> list[Dataset]:
    """TID 1008: which subject this is about."""
    return [
        CodeContentItem(concept(codes.DCM.SubjectClass), concept(codes.DCM.Fetus), _CONTEXT),
        TextContentItem(_FETUS_ID, "1", _CONTEXT),
    ]


def _ages(best: FrameReading) -> list[Dataset]:
    ages: list[Dataset] = []
    for dating in best.datings:
        age = NumContentItem(GESTATIONAL_AGE, round(dating.days, 1), DAY,
                             relationship_type=_CONTAINS)  # fmt: skip
        age.ContentSequence = Items(sr.age_details(dating))
        ages.append(age)
    return ages


def _container(
    name: Code,
    children: list[Dataset],
    relation: RelationshipTypeValues | None,
    template: str | None = None,
) -> Dataset:
    made = ContainerContentItem(concept(name), template_id=template, relationship_type=relation)
    made.ContentSequence = Items(children)
    return made
