"""An examination: a study read as one, beside the earlier ones of the same pregnancy."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Query

from gateway.dependencies import ServicesDep
from gateway.http.params import Reader, StudyId
from gateway.representations import examinations as representations
from gateway.representations import serializers
from services.actors import names_of
from services.domain.examination.charts import CHARTS, INTERGROWTH
from services.examinations import FoundExamination, examination_of
from services.index.port import JobState, Study, StudyState, Transaction

router = APIRouter(prefix="/api/studies", tags=["Results"])
Chart = Annotated[str, Query(pattern=f"^({'|'.join(CHARTS)})$", description="of size and weight")]


@router.get(
    "/{study_id}/examination", summary="Summarise an examination", operation_id="getExamination"
)
def examination(
    study_id: StudyId, who: Reader, services: ServicesDep, chart: Chart = INTERGROWTH
) -> dict[str, Any]:
    """All images of the study as one, from its latest result and what people entered: for each measure
    the value that counts, its age and centile; weight, ratios, the dating that holds and why, growth since
    the earlier examinations of this pregnancy.

    A centile is taken only at an age that this examination did not give itself. What nothing shows is
    listed under ``not_assessed``. Of several fetuses each has a summary in ``fetuses``, from the images
    that people said show it; nothing is averaged over two. ``clash``: she came with another woman's
    name, birth date or number. ``said``: who said which facts, and when; ``order``: that the study met,
    whose reason is the indication where nobody entered one. ``acquired``: machine and operator, as the
    images' header says.
    """
    with services.index.read() as tx:
        study = tx.studies.get(who.site, study_id)
        whole = examination_of(tx, study, chart=chart)
        patient = tx.patients.get(who.site, study.patient_id) if study.patient_id else None
        state, names = _state(tx, study), names_of(tx, who.site)
    return {
        "study_id": study.id,
        "patient": serializers.patient(patient) if patient is not None else None,
        "clash": {"fields": study.clash["fields"]} if study.clash is not None else None,
        "pregnancy": _pregnancy(study, whole),
        "facts": representations.facts(whole.facts, names),
        "said": representations.said(whole),
        "last_period": whole.last_period,
        "order": representations.order(whole),
        "acquired": whole.examination.acquired,
        "summary": whole.examination.summary,
        "fetuses": representations.fetuses(whole),
        "earlier": [representations.earlier(one) for one in whole.earlier],
        "state": state,
    }


def _pregnancy(study: Study, whole: FoundExamination) -> dict[str, Any] | None:
    if study.pregnancy_id is None:
        return None
    return {
        "id": study.pregnancy_id,
        "last_period": whole.last_period,
        "fetuses": whole.fetuses,
        "examinations": whole.together,
    }


def _state(tx: Transaction, study: Study) -> dict[str, Any]:
    """``quiet_until``: further images are waited for; ``complete``: all that came has been read."""
    queued = tx.jobs.find(study.site, states=(JobState.QUEUED,), study_id=study.id)
    return {
        "quiet_until": queued[0].due_at if queued else None,
        "reading": study.state is StudyState.ANALYSING,
        "complete": not queued and study.state in (StudyState.READY, StudyState.REVIEWED),
    }
