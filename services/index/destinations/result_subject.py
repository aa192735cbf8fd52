"""What a result is to the rules that say where it goes: read from the study and its version."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import RowMapping, select

from services.domain.report import Origin
from services.domain.routing import DeliverySubject, ResultKind
from services.index.database import tables
from services.index.database.connection import Session
from services.index.messaging.port import Event
from services.reading import report_json

_REASONS = {
    "urgent": ResultKind.URGENT,
    "finding": ResultKind.FINDING,
    "disagreement": ResultKind.DISAGREEMENT,
}


@dataclass(frozen=True, slots=True)
class FoundSubject:
    """``version`` is None for a study that could not be read."""

    subject: DeliverySubject
    version: int | None


class ResultSubjects:
    """Reads only. A study that waits for a person's word on whose it is has nothing to send, nor has
    one that was withdrawn; a draft is nobody's result, and a machine's version that comes after a
    signature is shown to people first."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_event(self, event: Event) -> FoundSubject | None:
        """None: nothing that may be sent."""
        study = self._study(event.site, event.study_id)
        if study is None:
            return None
        version = event.payload.get("version")
        if event.type == "study.failed":
            return FoundSubject(self._subject(study, ResultKind.FAILED, None), None)
        return None if version is None else self._of_version(study, int(version))

    def latest(self, site: str, study_id: str) -> FoundSubject | None:
        """Of the version that is shown."""
        study = self._study(site, study_id)
        if study is None:
            return None
        if not study["latest_version"]:
            failed = study["state"] == "failed"
            subject = self._subject(study, ResultKind.FAILED, None)
            return FoundSubject(subject, None) if failed else None
        return self._of_version(study, study["latest_version"])

    def _of_version(self, study: RowMapping, version: int) -> FoundSubject | None:
        if study["signed_version"] == version:
            kind = ResultKind.FINAL
        elif study["signed_version"] or self._origin(study, version) != Origin.HUB.value:
            return None
        else:
            kind = ResultKind.PRELIMINARY
        return FoundSubject(self._subject(study, kind, version), version)

    def _study(self, site: str, study_id: str) -> RowMapping | None:
        columns = tables.studies.c
        query = select(tables.studies).where(columns.id == study_id, columns.site == site)
        row = self._session.connection.execute(query).mappings().first()
        held = row is None or row.get("clash") or row.get("withdrawn_at")
        return None if held else row

    def _origin(self, study: RowMapping, version: int) -> str | None:
        columns = tables.results.c
        query = select(columns.origin).where(
            columns.study_id == study["id"], columns.version == version
        )
        return self._session.connection.execute(query).scalar_one_or_none()

    def _subject(self, study: RowMapping, kind: ResultKind, version: int | None) -> DeliverySubject:
        kinds = {kind, *(_REASONS[one] for one in study["reasons"] if one in _REASONS)}
        if study["urgent"]:
            kinds.add(ResultKind.URGENT)
        return DeliverySubject(
            frozenset(kinds), study["plane"], self._findings(study, version), study["source"]
        )

    def _findings(self, study: RowMapping, version: int | None) -> frozenset[str]:
        """The classifications of the version's frames; none without a version."""
        if version is None:
            return frozenset()
        columns = tables.results.c
        query = select(columns.report).where(
            columns.study_id == study["id"], columns.version == version
        )
        text = self._session.connection.execute(query).scalar_one_or_none()
        if text is None:
            return frozenset()
        return frozenset(
            f.classification for f in report_json.load(text).frames if f.classification
        )
