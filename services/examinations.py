"""An examination from the index: a study read as one, beside the others of the same pregnancy."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime
from typing import Final

from services.actors import names_of, source_of
from services.domain.dicom.values import first_text
from services.domain.errors import NotFound
from services.domain.examination.charts import INTERGROWTH
from services.domain.examination.examination import Acquisition, Examination
from services.domain.examination.fetuses import Fetuses, fetuses_of, summarise_several
from services.domain.examination.history import (
    Chosen,
    StatedPeriod,
    Visit,
    chosen_images,
    date_visits,
    measured,
    past,
    stated_period,
)
from services.domain.examination.history import last_period as period_of
from services.domain.examination.pregnancy import PregnancyDating
from services.domain.examination.source import Entry, Source, SourceKind
from services.domain.examination.summary import (
    ExaminationSummary,
    PastExamination,
    summarise,
)
from services.domain.fetal_sex_filter import tells_sex
from services.domain.report import FrameReading
from services.index.port import ExaminationRecord, FactsVersion, Order, Study, Transaction

_STATED_NOW = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class EarlierExamination:
    """One that came before in the pregnancy, with its age then, by the dating that holds now.

    ``fetuses``: of several, what was measured of each.
    """

    study: Study
    day: date
    ga_days: int | None
    past: PastExamination
    summary: ExaminationSummary
    fetuses: Mapping[str, PastExamination] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FoundExamination:
    """The examination, the newest version of its facts, and the earlier ones, newest first.

    ``last_period``: the first day that the pregnancy's dating used, ``together``: how many examinations
    the pregnancy has, ``fetuses``: as entered last in any of them, ``order``: that it met.
    """

    examination: Examination
    facts: FactsVersion
    earlier: tuple[EarlierExamination, ...]
    last_period: date | None
    together: int
    fetuses: int | None
    order: Order | None = None


def examination_of(
    tx: Transaction,
    study: Study,
    frames: Sequence[FrameReading] | None = None,
    *,
    chart: str = INTERGROWTH,
    last_period: date | None = None,
    stated_by: str = "",
) -> FoundExamination:
    """The examination of ``study``.

    Args:
        frames: what is known of its images; the latest result's with None.
        chart: of size and weight.
        last_period: first day, where it is known better than from facts and headers.
        stated_by: the subject of whoever says so.
    """
    own = tx.examinations.of_study(study.site, study.id)
    frames = _frames(tx, study) if frames is None else frames
    chosen = chosen_images(own.facts.values)
    others = _others(tx, study)
    fetuses_told = _told([own, *others])
    fetuses = fetuses_of(own.facts.values, fetuses_told)
    stated = [] if last_period is None else [StatedPeriod(_STATED_NOW, last_period, stated_by)]
    own = replace(own, visit=_visit(own.visit, frames, chosen, stated, fetuses))
    visits = [own.visit, *(one.visit for one in others)]
    earlier = [one for one in reversed(others) if _is_before(one.visit, own.visit)]
    reader = _Reader(date_visits(visits), chart)
    examination = reader.whole(own, frames, chosen, fetuses, [one.visit for one in earlier])
    order = tx.orders.get(study.site, study.order_id) if study.order_id else None
    examination = _sourced(tx, examination, own, stated_period(visits), order)
    examination = replace(examination, acquired=_acquired(tx, study))
    reported = tuple(
        _earlier(tx, one, fetuses_of(one.facts.values, fetuses_told), reader) for one in earlier
    )
    return FoundExamination(
        examination,
        own.facts,
        reported,
        period_of(visits),
        len(visits),
        fetuses.count if fetuses_told else None,
        order,
    )


_FIRST_INSTANCES: Final = 20  # one of them is an image
_OWN_MANUFACTURER: Final = "FADA"  # of pictures that came without a header


def _acquired(tx: Transaction, study: Study) -> Acquisition:
    """As the first image says."""
    stored = tx.studies.instances(study.site, study_uid=study.study_uid, limit=_FIRST_INSTANCES)
    said = next((one.attributes for one in stored if one.frames), {})
    manufacturer = first_text(said, "00080070")
    if manufacturer == _OWN_MANUFACTURER:
        return Acquisition()
    model = first_text(said, "00081090")
    return Acquisition(f"{manufacturer} {model}".strip(), first_text(said, "00081070"))


def _sourced(
    tx: Transaction,
    examination: Examination,
    own: ExaminationRecord,
    period: StatedPeriod | None,
    order: Order | None,
) -> Examination:
    """With who said what. An indication that nobody entered is the order's."""
    known = own.entries or (period is not None and period.author)
    names = names_of(tx, own.study.site) if known else {}
    sources = {name: source_of(entry, names) for name, entry in own.entries.items()}
    facts = dict(examination.facts)
    sources.pop("last_period", None)
    if period is not None:
        sources["last_period"] = _of_period(period, names)
    reason = order.reason if order is not None and not tells_sex(order.reason) else ""
    if order is not None and reason and not facts.get("indication"):
        facts["indication"] = reason
        sources["indication"] = Source(SourceKind.ORDER, order.accession, order.changed_at)
    first_day = period.first_day if period is not None else None
    return replace(examination, facts=facts, sources=sources, last_period=first_day)


def _of_period(period: StatedPeriod, names: Mapping[str, str]) -> Source:
    at = None if period.at == _STATED_NOW else period.at
    if not period.author:
        return Source(SourceKind.IMAGES)
    return source_of(Entry(period.author, at), names)


@dataclass(frozen=True, slots=True)
class _Reader:
    """Summarises the examinations of one pregnancy by its dating."""

    dating: PregnancyDating | None
    chart: str

    def whole(
        self,
        own: ExaminationRecord,
        frames: Sequence[FrameReading],
        chosen: Chosen,
        fetuses: Fetuses,
        before: Sequence[Visit] = (),
    ) -> Examination:
        """An examination with what came before it, and of several fetuses each alone."""
        facts, day = own.facts.values, own.visit.day

        def of(letter: str, shown: Sequence[FrameReading]) -> Examination:
            earlier = tuple(one for visit in before if (one := past(visit, letter)) is not None)
            summary = summarise(
                shown, day=day, dating=self.dating, past=earlier, chart=self.chart, chosen=chosen
            )
            return Examination(summary, facts, earlier)

        if not fetuses.letters:
            return of("", frames)
        together = summarise_several(
            frames, fetuses.unassigned(frames), day=day, dating=self.dating, chart=self.chart
        )
        each = {one: of(one, fetuses.frames_of(one, frames)) for one in fetuses.letters}
        return Examination(together, facts, (), each)


def known_last_period(tx: Transaction, study: Study) -> date | None:
    """First day, as it was stated last in any examination of the pregnancy."""
    own = tx.examinations.of_study(study.site, study.id)
    return period_of([own.visit, *(one.visit for one in _others(tx, study))])


def _others(tx: Transaction, study: Study) -> list[ExaminationRecord]:
    """The others of its pregnancy, oldest first."""
    if study.pregnancy_id is None:
        return []
    together = tx.examinations.of_pregnancy(study.site, study.pregnancy_id)
    return [one for one in together if one.study.id != study.id]


def _visit(
    visit: Visit,
    frames: Sequence[FrameReading],
    chosen: Chosen,
    stated: Sequence[StatedPeriod],
    fetuses: Fetuses,
) -> Visit:
    """As these frames measure it, and with the last period that is stated now."""
    return replace(
        visit, periods=(*visit.periods, *stated), biometry=measured(frames, chosen, fetuses)
    )


def _earlier(
    tx: Transaction, one: ExaminationRecord, fetuses: Fetuses, reader: _Reader
) -> EarlierExamination:
    day, biometry = one.visit.day, past(one.visit)
    assert day is not None
    assert biometry is not None
    chosen = chosen_images(one.facts.values)
    whole = reader.whole(one, _frames(tx, one.study), chosen, fetuses)
    ga_days = reader.dating.age_on(day) if reader.dating is not None else None
    each = {name: past_one for name in fetuses.letters if (past_one := past(one.visit, name))}
    return EarlierExamination(one.study, day, ga_days, biometry, whole.summary, each)


def _frames(tx: Transaction, study: Study) -> tuple[FrameReading, ...]:
    try:
        return tx.results.get(study.site, study.id).report.frames
    except NotFound:
        return ()


def _is_before(other: Visit, own: Visit) -> bool:
    return other.day is not None and own.day is not None and other.day < own.day


def _told(beside: Sequence[ExaminationRecord]) -> list[tuple[datetime, int]]:
    """When and how many fetuses people entered in the examinations of a pregnancy."""
    return [one.fetuses_told for one in beside if one.fetuses_told is not None]
