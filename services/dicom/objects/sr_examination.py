"""An examination as OB-GYN Ultrasound Procedure Report (TID 5000), which no library builds.

Source: PS3.16, TID 5000, 5002 (procedure summary), 5003 (fetus summary), 5004 (ratios), 5005 (biometry),
5008 (biometry group), 5011 (early gestation), 300 (measurement), 1008 (subject context, fetus). This form
has millimetres alone, so only calibrated values go in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date

from highdicom.sr import (
    CodeContentItem,
    CodedConcept,
    ContainerContentItem,
    DateContentItem,
    NumContentItem,
    RelationshipTypeValues,
    TextContentItem,
)
from pydicom.dataset import Dataset
from pydicom.sequence import Sequence as Items
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from services.dicom.objects.codes import (
    DAY,
    EARLY_MEASURES,
    EQUATIONS,
    GESTATIONAL_AGE,
    GRAM,
    MEASURES,
    MILLIMETRE,
    NO_UNIT,
    PERCENT,
    RATIOS,
    concept,
    growth_chart,
    private,
)
from services.dicom.objects.composite import ObjectRef
from services.dicom.objects.sr_document import age_details, document, observer, remarks, reviewer
from services.dicom.objects.sr_source import said_by
from services.domain.examination.examination import Examination
from services.domain.examination.summary import MeasureSummary, summarise
from services.domain.examination.weight import Weight
from services.domain.report import Centile, Dating, Report

_CONTAINS = RelationshipTypeValues.CONTAINS
_CONTEXT = RelationshipTypeValues.HAS_OBS_CONTEXT
_PROPERTIES = RelationshipTypeValues.HAS_PROPERTIES
_INFERRED = RelationshipTypeValues.INFERRED_FROM
_FETUS_ID = CodedConcept("11951-1", "LN", "Fetus ID")
_TEXTS = (
    ("indication", codes.DCM.IndicationsForProcedure),
    ("impression", codes.DCM.Impression),
    ("comment", codes.DCM.Comment),
)
_GRAVIDA = CodedConcept("11996-6", "LN", "Gravida")
_PARA = CodedConcept("11977-6", "LN", "Para")
_FACTS = ("presentation", "heart_activity", "fluid_impression")


def procedure_report(
    sources: Sequence[Dataset],
    report: Report,
    cause: str,
    predecessors: Sequence[ObjectRef] = (),
    examination: Examination | None = None,
) -> bytes | None:
    """TID 5000 of the examination; None when nothing in it has millimetres.

    Args:
        sources: the data sets of the images that the report's frames name (``Frames.dataset``).
        cause: id of the job or result.
        predecessors: the documents of earlier versions, which this one replaces.
        examination: the images read as one; of the report's frames alone with None.
    """
    whole = examination or Examination(summarise(report.frames, day=None))
    named = {
        one.sop_uid
        for _, part in whole.parts
        for measure in part.summary.measures
        for one in measure.candidates
    }
    evidence = [source for source in sources if str(source.SOPInstanceUID) in named]
    if not evidence:
        return None
    person = reviewer(report)
    children: list[Dataset] = [*observer(report), *(person or ()), *remarks(report)]
    for name, code in _TEXTS:
        if whole.fact(name):
            text = TextContentItem(concept(code), whole.fact(name), _CONTAINS)
            children.append(said_by(text, whole.source(name)))
    children += _patient(whole)
    children.append(_summary(whole))
    for letter, part in whole.parts:
        if part.summary.ratios:
            children.append(_ratios(letter, part.summary.ratios))
        groups = [_group(one) for one in part.summary.measures if one.measure in MEASURES]
        children.append(_container(codes.DCM.FetalBiometry, [*_fetus(letter), *groups]))
        early = [_group(one) for one in part.summary.measures if one.measure in EARLY_MEASURES]
        if early:
            children.append(_container(codes.DCM.EarlyGestation, [*_fetus(letter), *early]))
    root = _container(codes.DCM.OBGYNUltrasoundProcedureReport, children, None, "5000")
    return document(
        evidence, root, report, ("sr obgyn", cause), "OB-GYN report", 9102, predecessors
    )


def _patient(whole: Examination) -> list[Dataset]:
    """TID 5001: pregnancies and births, as people entered them."""
    parity = whole.fact("parity") or {}
    items = [
        said_by(
            NumContentItem(name, parity[key], NO_UNIT, relationship_type=_CONTAINS),
            whole.source("parity"),
        )
        for key, name in (("gravida", _GRAVIDA), ("para", _PARA))
        if parity.get(key) is not None
    ]
    return [_container(codes.DCM.PatientCharacteristics, items)] if items else []


def _summary(whole: Examination) -> Dataset:
    """TID 5002: dates and number of fetuses, and the fetus's summary."""
    children: list[Dataset] = []
    day = whole.last_period
    if day is None and whole.fact("last_period"):
        day = date.fromisoformat(str(whole.fact("last_period")))
    if day is not None:
        period = DateContentItem(concept(codes.LN.LMP), day, _CONTAINS)
        children.append(said_by(period, whole.source("last_period")))
    if whole.summary.dating is not None:
        children.append(DateContentItem(concept(codes.LN.EDD), whole.summary.dating.due, _CONTAINS))
    if whole.fact("fetuses"):
        number = concept(codes.LN.NumberOfFetusesByUS)
        count = NumContentItem(number, whole.fact("fetuses"), NO_UNIT, relationship_type=_CONTAINS)
        children.append(said_by(count, whole.source("fetuses")))
    if whole.summary.several:  # people said it of none of them
        children += _seen(whole)
    if whole.summary.unassigned:
        values = "; ".join(f"{one.measure} {one.mm:.1f} mm" for one in whole.summary.unassigned)
        name = private("FETUS_NOT_SAID", "Measured of a fetus that was not said")
        children.append(TextContentItem(name, values, _CONTAINS))
    for letter, part in whole.parts:
        seen = [] if letter else _seen(part)
        of_fetus = [*_fetus(letter), *_of_fetus(part), *seen]
        children.append(_container(codes.DCM.FetusSummary, of_fetus))
    return _container(codes.DCM.Summary, children)


def _of_fetus(whole: Examination) -> list[Dataset]:
    """TID 5003: age by the pregnancy's dating, composite age, weight."""
    summary, items = whole.summary, list[Dataset]()
    if summary.ga_days is not None:
        age = NumContentItem(GESTATIONAL_AGE, summary.ga_days, DAY, relationship_type=_CONTAINS)
        assert summary.dating is not None
        basis = private("DATING_BASIS", "Basis of the dating")
        value = private(summary.dating.reason, summary.dating.reason.replace("_", " "))
        age.ContentSequence = Items([CodeContentItem(basis, value, _PROPERTIES)])
        items.append(age)
    if summary.composite is not None:
        items.append(_age(concept(codes.LN.CompositeUltrasoundAge), summary.composite))
    if summary.weight is not None:
        items.append(_weight(summary.weight))
        items += _ranks(summary.weight.centile)
    return items


def _seen(whole: Examination) -> list[Dataset]:
    """TID 5003: what people saw."""
    items: list[Dataset] = []
    if whole.fact("heart_rate"):
        rate = concept(codes.LN.FetalHeartRate)
        unit = CodedConcept("{H.B.}/min", "UCUM", "beats per minute")
        beats = NumContentItem(rate, whole.fact("heart_rate"), unit, relationship_type=_CONTAINS)
        items.append(said_by(beats, whole.source("heart_rate")))
    for name in _FACTS:
        if whole.fact(name):
            items.append(said_by(_said(name, whole.fact(name)), whole.source(name)))
    placenta = whole.fact("placenta") or {}
    if placenta.get("site"):
        items.append(said_by(_said("placenta", placenta["site"]), whole.source("placenta")))
    if placenta.get("low") is not None:
        low = _said("placenta low", "low_lying" if placenta["low"] else "not_low_lying")
        items.append(said_by(low, whole.source("placenta")))
    fluid = whole.fact("fluid") or {}
    if fluid.get("mm") is not None:
        kind = private(f"FLUID_{fluid.get('kind') or ''}", "Amniotic fluid, deepest pocket")
        if fluid.get("kind") == "index":
            kind = concept(codes.LN.AmnioticFluidIndex)
        depth = NumContentItem(kind, fluid["mm"], MILLIMETRE, relationship_type=_CONTAINS)
        items.append(said_by(depth, whole.source("fluid")))
    for organ, state in (whole.fact("anatomy") or {}).items():
        source = whole.source(f"anatomy.{organ}")
        items.append(said_by(_said(f"anatomy {organ}", state), source))
    return items


def _said(name: str, value: str) -> CodeContentItem:
    """What a person entered, as a code of our own."""
    about = private(name.upper().replace(" ", "_"), name.replace("_", " ").capitalize())
    return CodeContentItem(about, private(value, value.replace("_", " ")), _CONTAINS)


def _group(one: MeasureSummary) -> Dataset:
    """TID 5008: the value that counts, the age by it, where it stands on the chart."""
    size = NumContentItem(
        (MEASURES | EARLY_MEASURES)[one.measure],
        round(one.mm, 1),
        MILLIMETRE,
        relationship_type=_CONTAINS,
    )
    ages = [_age(GESTATIONAL_AGE, one.dating)] if one.dating is not None else []
    return _container(codes.DCM.BiometryGroup, [size, *ages, *_ranks(one.centile)])


def _age(name: CodedConcept, dating: Dating) -> NumContentItem:
    age = NumContentItem(name, round(dating.days, 1), DAY, relationship_type=_CONTAINS)
    age.ContentSequence = Items(age_details(dating))
    return age


def _weight(weight: Weight) -> NumContentItem:
    item = NumContentItem(
        concept(codes.LN.EstimatedWeight), round(weight.grams), GRAM, relationship_type=_CONTAINS
    )
    equation = EQUATIONS.get(weight.equation) or private("EQUATION", weight.equation)
    ends = (
        (codes.cid226._2SigmaLowerValueOfPopulation, weight.low_grams),
        (codes.cid226._2SigmaUpperValueOfPopulation, weight.high_grams),
    )
    item.ContentSequence = Items([
        CodeContentItem(concept(codes.DCM.Equation), equation, _INFERRED),
        *(
            NumContentItem(concept(name), round(value), GRAM, relationship_type=_PROPERTIES)
            for name, value in ends
        ),
    ])  # fmt: skip
    return item


def _ranks(centile: Centile | None) -> list[Dataset]:
    """Centile and z-score (CID 12017), each with the chart that they are of."""
    if centile is None:
        return []
    chart = growth_chart(centile.chart)
    ranks: list[Dataset] = []
    for name, value, unit in (
        (codes.DCM.GrowthPercentileRank, round(centile.centile, 1), PERCENT),
        (codes.DCM.GrowthZScore, round(centile.z, 2), NO_UNIT),
    ):
        rank = NumContentItem(concept(name), value, unit, relationship_type=_CONTAINS)
        rank.ContentSequence = Items(
            [CodeContentItem(concept(codes.DCM.TableOfValues), chart, _INFERRED)]
        )
        ranks.append(rank)
    return ranks


def _ratios(letter: str, ratios: Mapping[str, float]) -> Dataset:
    """TID 5004."""
    items = [
        NumContentItem(
            RATIOS[name], round(value, 3), NO_UNIT if name == "HC/AC" else PERCENT,
            relationship_type=_CONTAINS,
        )
        for name, value in ratios.items()
    ]  # fmt: skip
    return _container(codes.DCM.FetalBiometryRatios, [*_fetus(letter), *items])


def _fetus(letter: str) -> list[Dataset]:
    """TID 1008: which subject this is about."""
    return [
        CodeContentItem(concept(codes.DCM.SubjectClass), concept(codes.DCM.Fetus), _CONTEXT),
        TextContentItem(_FETUS_ID, letter or "1", _CONTEXT),
    ]


def _container(
    name: Code,
    children: Sequence[Dataset],
    relation: RelationshipTypeValues | None = _CONTAINS,
    template: str | None = None,
) -> Dataset:
    made = ContainerContentItem(concept(name), template_id=template, relationship_type=relation)
    made.ContentSequence = Items(children)
    return made
