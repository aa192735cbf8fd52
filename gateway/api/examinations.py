"""An examination: a study read as one, beside the earlier ones of the same woman."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from fastapi import APIRouter, Query

from gateway.dependencies import ServicesDep
from gateway.http.params import Reader, StudyId
from gateway.representations import serializers
from services.domain.biometry import LONGEST_PREGNANCY_DAYS, last_period_of
from services.domain.dicom_values import STUDY_DATE, first_date, first_text
from services.domain.errors import NotFound
from services.domain.examination.charts import CHARTS, INTERGROWTH
from services.domain.examination.pregnancy import DatingScan, PregnancyDating, date_pregnancy
from services.domain.examination.summary import ExaminationSummary, PastExamination, summarise
from services.domain.report import FrameReading
from services.index.port import Study, StudyQuery, Transaction

router = APIRouter(prefix="/api/studies", tags=["Results"])
_PATIENT_ID = "00100020"
_MOST_STUDIES = 200  # of one woman
Chart = Annotated[str, Query(pattern=f"^({'|'.join(CHARTS)})$", description="of size and weight")]


@router.get(
    "/{study_id}/examination", summary="Summarise an examination", operation_id="getExamination"
)
def examination(
    study_id: StudyId, who: Reader, services: ServicesDep, chart: Chart = INTERGROWTH
) -> dict[str, Any]:
    """All images of the study as one, from its latest result: for each measure the value that counts,
    its age and centile; weight, ratios, the dating that holds and why, growth since earlier examinations
    of the same patient number at this site within one pregnancy.

    A centile is taken only at an age that this examination did not give itself. What nothing shows is
    listed under ``not_assessed``.
    """
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
        frames = _frames(tx, study)
        others = [(other, _frames(tx, other)) for other in _same_pregnancy(tx, who.site, study)]
    day = _day(study)
    earlier = [(other, seen) for other, seen in others if _is_before(other, day)]
    earlier.sort(key=lambda one: _day(one[0]) or date.min, reverse=True)
    dating = _dating([(study, frames), *earlier])
    summary = summarise(
        frames, day=day, dating=dating, past=[_past(*one) for one in earlier], chart=chart
    )
    return {
        "study_id": study.id,
        "summary": summary,
        "earlier": [
            {"study": serializers.study(other), "mm": _past(other, seen).mm}
            for other, seen in earlier
        ],
    }


def _frames(tx: Transaction, study: Study) -> tuple[FrameReading, ...]:
    try:
        return tx.results.get(study.site, study.id).report.frames
    except NotFound:
        return ()


def _same_pregnancy(tx: Transaction, site: str, study: Study) -> list[Study]:
    """Other studies of the same patient number, no further away than a pregnancy lasts."""
    number, day = first_text(study.attributes, _PATIENT_ID), _day(study)
    if not number or day is None:
        return []
    # The query matches wildcards and folded text; the number itself decides.
    pattern = "".join("?" if letter in "*?" else letter for letter in number)
    found = tx.studies.find(site, StudyQuery(match={"PatientID": pattern}, limit=_MOST_STUDIES))
    return [
        other
        for other in found
        if other.id != study.id
        and first_text(other.attributes, _PATIENT_ID) == number
        and (seen := _day(other)) is not None
        and abs((seen - day).days) <= LONGEST_PREGNANCY_DAYS
    ]


def _day(study: Study) -> date | None:
    return first_date(study.attributes, STUDY_DATE)


def _is_before(study: Study, day: date | None) -> bool:
    own = _day(study)
    return own is not None and day is not None and own < day


def _dating(studies: list[tuple[Study, tuple[FrameReading, ...]]]) -> PregnancyDating | None:
    """From the newest last period that is known and every study's own age; the study itself first."""
    day = _day(studies[0][0])
    periods = [
        period
        for study, _ in sorted(studies, key=lambda one: _day(one[0]) or date.min, reverse=True)
        if (period := last_period_of(study.attributes)) is not None
        and day is not None
        and 0 < (day - period).days <= LONGEST_PREGNANCY_DAYS
    ]
    scans = [scan for study, frames in studies if (scan := _scan(study, frames)) is not None]
    return date_pregnancy(periods[0] if periods else None, tuple(scans))


def _scan(study: Study, frames: tuple[FrameReading, ...]) -> DatingScan | None:
    """The age by this study: all four measures together, else the head's."""
    day, summary = _day(study), summarise(frames, day=None)
    head = summary.of("HC")
    by_scan = summary.composite or (head.dating if head is not None else None)
    if day is None or by_scan is None:
        return None
    return DatingScan(day, by_scan.days, by_scan.equation)


def _past(study: Study, frames: tuple[FrameReading, ...]) -> PastExamination:
    summary: ExaminationSummary = summarise(frames, day=None)
    day = _day(study)
    assert day is not None  # studies without one are left out
    grams = summary.weight.grams if summary.weight is not None else None
    return PastExamination(day, {one.measure: one.mm for one in summary.measures}, grams)
