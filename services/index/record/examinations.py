"""Studies of one pregnancy beside each other, and what each row of the worklist says first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import RowMapping, bindparam, select, update

from services.domain.biometry import last_period_of
from services.domain.dicom.values import STUDY_DATE, first_date
from services.domain.errors import NotFound
from services.domain.examination.examination import headline
from services.domain.examination.fetuses import fetuses_of
from services.domain.examination.history import (
    StatedPeriod,
    Visit,
    biometry_of,
    chosen_images,
    date_visits,
    measured,
)
from services.domain.examination.pregnancy import PregnancyDating
from services.domain.examination.source import Entry, entries_of
from services.domain.examination.summary import ExaminationSummary, summarise
from services.domain.report import Report
from services.index.clinical.study_columns import study_of
from services.index.database import tables
from services.index.database.connection import Session
from services.index.database.tables.patients import facts
from services.index.records import ExaminationRecord, FactsVersion
from services.reading import report_json

# Examinations of one woman that are looked at. A number that a machine gives to everybody ("0") has more.
_MOST = 200
Told = Sequence[tuple[datetime, int]]
_studies = tables.studies.c
# Of a patient, newest first, with what dates a pregnancy and no more: every receipt asks for it.
_VISITS = (
    select(
        _studies.id,
        _studies.pregnancy_id,
        _studies.received_at,
        _studies.attributes,
        _studies.biometry,
        _studies.latest_version,
    )
    .where(
        _studies.site == bindparam("of_site"),
        _studies.patient_key == bindparam("of_patient"),
        _studies.pregnancy_id.is_not(None),
        _studies.withdrawn_at.is_(None),
    )
    .order_by(_studies.id.desc())
    .limit(_MOST)
)
_FACTS = (
    select(facts)
    .join(tables.studies, _studies.id == facts.c.study_id)
    .where(_studies.site == bindparam("of_site"), _studies.patient_key == bindparam("of_patient"))
    .order_by(facts.c.version)
)


@dataclass(frozen=True, slots=True)
class PregnancyVisit:
    """An examination of a pregnancy, as its dating needs it."""

    study_id: str
    pregnancy_id: str
    visit: Visit


class ExaminationsTable:
    """The port's ``Examinations``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_study(self, site: str, study_id: str) -> ExaminationRecord:
        """Raises NotFound."""
        columns = tables.studies.c
        records = self._read(columns.site == site, columns.id == study_id)
        if not records:
            raise NotFound
        return records[0]

    def of_pregnancy(self, site: str, pregnancy_id: str) -> list[ExaminationRecord]:
        """Oldest first; withdrawn studies are left out."""
        columns = tables.studies.c
        records = self._read(
            columns.site == site,
            columns.pregnancy_id == pregnancy_id,
            columns.withdrawn_at.is_(None),
        )
        return sorted(records, key=lambda one: (one.visit.day or date.min, one.study.received_at))

    def of_patient(self, site: str, patient_id: str) -> list[ExaminationRecord]:
        """Withdrawn ones too, and 200 at most."""
        columns = tables.studies.c
        return self._read(columns.site == site, columns.patient_key == patient_id)

    def visits(self, site: str, patient_id: str) -> list[PregnancyVisit]:
        """The newest of hers that belong to a pregnancy; withdrawn studies are left out."""
        of = {"of_site": site, "of_patient": patient_id}
        rows = self._session.connection.execute(_VISITS, of).mappings().all()
        if not rows:
            return []
        entered = _by_study(self._session.connection.execute(_FACTS, of).mappings())
        return [
            PregnancyVisit(
                row["id"], row["pregnancy_id"], self._visit(site, row, entered.get(row["id"], []))
            )
            for row in rows
        ]

    def refresh(self, study_id: str) -> None:
        """Biometry, age and headline anew, after a result, facts, identity or pregnancy changed.

        The study is locked. A headline hangs on the dating of the pregnancy: the other examinations get
        theirs anew, but for those that another transaction holds, which does so itself.
        """
        site = self._session.lock_study(study_id)["site"]
        beside = self._beside(site, study_id)
        own, *others = beside
        reported = [one.fetuses_told for one in beside if one.fetuses_told is not None]
        several = fetuses_of({}, reported).count > 1
        held = [own, *(o for o in others if self._session.try_lock_study(o.study.id))]
        # How many there are, which decides what is averaged, may stand in another one's facts.
        for one in held if several else [own]:
            self._set(one.study.id, biometry=self._measured(one, reported))
        beside = self._beside(site, study_id)
        for one in beside:
            if one.study.id in {h.study.id for h in held}:
                dating = _dating(one, beside)
                headline = self._headline(one, dating, reported)
                self._set(one.study.id, headline=headline, **_age(one, dating))

    def _beside(self, site: str, study_id: str) -> list[ExaminationRecord]:
        own = self.of_study(site, study_id)
        if own.study.pregnancy_id is None:
            return [own]
        others = self.of_pregnancy(site, own.study.pregnancy_id)
        return [own, *(one for one in others if one.study.id != study_id)]

    def _headline(
        self, own: ExaminationRecord, dating: PregnancyDating | None, reported: Told
    ) -> dict[str, Any] | None:
        study = own.study
        summaries: dict[str, ExaminationSummary] = {}
        report = _latest_report(self._session, study.id, study.latest_version)
        if report is not None:
            fetuses = fetuses_of(own.facts.values, reported)
            for letter in fetuses.letters or ("",):
                summaries[letter] = summarise(
                    fetuses.frames_of(letter, report.frames) if letter else report.frames,
                    day=own.visit.day,
                    dating=dating,
                    chosen=chosen_images(own.facts.values),
                )
        differ = "disagreement" in study.reasons
        return headline(summaries, clash=study.clash is not None, readers_differ=differ)

    def _measured(self, own: ExaminationRecord, reported: Told) -> dict[str, Any] | None:
        study = own.study
        report = _latest_report(self._session, study.id, study.latest_version)
        if report is None:
            return None
        entered = own.facts.values
        return asdict(
            measured(report.frames, chosen_images(entered), fetuses_of(entered, reported))
        )

    def _set(self, study_id: str, **values: Any) -> None:
        change = update(tables.studies).where(tables.studies.c.id == study_id)
        self._session.connection.execute(change.values(**values))

    def _read(self, *conditions: Any) -> list[ExaminationRecord]:
        query = select(tables.studies).where(*conditions).limit(_MOST)
        rows = self._session.connection.execute(query).mappings().all()
        entered = facts_of(self._session, [row["id"] for row in rows])
        return [self._examination(row, entered.get(row["id"], [])) for row in rows]

    def _examination(self, row: RowMapping, versions: list[FactsVersion]) -> ExaminationRecord:
        study, latest = study_of(row), versions[-1] if versions else FactsVersion(row["id"])
        biometry = row["biometry"]
        if biometry is None and row["latest_version"]:  # of a version before these columns
            biometry = self._measured(ExaminationRecord(study, latest, Visit(None)), ())
        entries = entries_of((Entry(one.author, one.at), one.values) for one in versions)
        return ExaminationRecord(study, latest, _visit(row, versions, biometry), entries)

    def _visit(self, site: str, row: RowMapping, versions: list[FactsVersion]) -> Visit:
        if row["biometry"] is None and row["latest_version"]:
            return self.of_study(site, row["id"]).visit
        return _visit(row, versions, row["biometry"])


def _visit(
    row: RowMapping, versions: Sequence[FactsVersion], biometry: dict[str, Any] | None
) -> Visit:
    stated = _entered_periods(versions)
    header = last_period_of(row["attributes"])
    if header is not None:
        stated.append(StatedPeriod(row["received_at"], header))
    day = first_date(row["attributes"], STUDY_DATE)
    return Visit(day, tuple(stated), biometry_of(biometry or {}))


def _dating(own: ExaminationRecord, beside: Sequence[ExaminationRecord]) -> PregnancyDating | None:
    """Of the pregnancy; what was withdrawn dates nothing but itself."""
    return date_visits([o.visit for o in beside if o is own or o.study.withdrawn_at is None])


def _age(own: ExaminationRecord, dating: PregnancyDating | None) -> dict[str, float]:
    """The age that the row tells once there is a result, the same as page and report; without a dating it
    stays that of the scan."""
    day = own.visit.day
    if dating is None or day is None or not own.study.latest_version or dating.age_on(day) < 0:
        return {}
    return {"ga_days": float(dating.age_on(day))}


def facts_of(session: Session, study_ids: Sequence[str]) -> dict[str, list[FactsVersion]]:
    """Study's id → the versions of its facts, oldest first."""
    if not study_ids:
        return {}
    query = select(facts).where(facts.c.study_id.in_(study_ids)).order_by(facts.c.version)
    return _by_study(session.connection.execute(query).mappings())


def _by_study(rows: Iterable[RowMapping]) -> dict[str, list[FactsVersion]]:
    versions: dict[str, list[FactsVersion]] = {}
    for row in rows:
        version = FactsVersion(
            row["study_id"], row["version"], row["author"], row["at"], row["entered"]
        )
        versions.setdefault(version.study_id, []).append(version)
    return versions


def _entered_periods(versions: Sequence[FactsVersion]) -> list[StatedPeriod]:
    """The last period of the newest version, with the moment at which it was first entered."""
    stated: StatedPeriod | None = None
    for one in versions:
        text = one.values.get("last_period")
        if not text or one.at is None:
            stated = None
        elif stated is None or stated.first_day.isoformat() != text:
            stated = StatedPeriod(one.at, date.fromisoformat(text), one.author)
    return [stated] if stated is not None else []


def _latest_report(session: Session, study_id: str, version: int) -> Report | None:
    if not version:
        return None
    columns = tables.results.c
    query = select(columns.report).where(columns.study_id == study_id, columns.version == version)
    text = session.connection.execute(query).scalar_one_or_none()
    return report_json.load(text) if text is not None else None
