"""What people entered about examinations: versions that are added and never changed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import insert, select

from services.domain.errors import NotFound, StaleVersion
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.database import tables
from services.index.database.connection import Session
from services.index.database.tables.patients import facts
from services.index.messaging.events import EventsTable
from services.index.record.examinations import ExaminationsTable, facts_of
from services.index.records import FactsVersion


class FactsTable:
    """The port's ``Facts``."""

    def __init__(
        self,
        session: Session,
        examinations: ExaminationsTable,
        events: EventsTable,
        audit: AuditTable,
    ) -> None:
        self._session = session
        self._examinations = examinations
        self._events = events
        self._audit = audit

    def latest(self, site: str, study_id: str) -> FactsVersion:
        """Version 0 without values where nobody has entered anything. Raises NotFound: no study."""
        versions = self.versions(site, study_id)
        return versions[-1] if versions else FactsVersion(study_id)

    def versions(self, site: str, study_id: str) -> list[FactsVersion]:
        """Oldest first. Raises NotFound: no study."""
        studies = tables.studies.c
        known = select(studies.id).where(studies.site == site, studies.id == study_id)
        if self._session.connection.execute(known).first() is None:
            raise NotFound
        return facts_of(self._session, [study_id]).get(study_id, [])

    def add(
        self, principal: Principal, study_id: str, based_on: int, values: dict[str, Any]
    ) -> FactsVersion:
        """The next version; see the port. Raises StaleVersion, NotFound."""
        self._session.lock_study(study_id, principal.site)
        latest = self.latest(principal.site, study_id)
        if latest.version and latest.values == values and latest.version >= based_on:
            return latest
        if latest.version != based_on:
            raise StaleVersion(
                f"Somebody else entered version {latest.version} meanwhile. Look at it, then enter again."
            )
        return self._append(principal, latest, values)

    def state(self, principal: Principal, study_id: str, **values: Any) -> FactsVersion:
        """The next version with these values on top of the latest. Raises NotFound."""
        self._session.lock_study(study_id, principal.site)
        latest = self.latest(principal.site, study_id)
        changed = {**latest.values, **values}
        return latest if changed == latest.values else self._append(principal, latest, changed)

    def _append(
        self, principal: Principal, latest: FactsVersion, values: dict[str, Any]
    ) -> FactsVersion:
        made = FactsVersion(
            latest.study_id, latest.version + 1, principal.subject, self._session.now(), values
        )
        row = {
            "study_id": made.study_id,
            "version": made.version,
            "site": principal.site,
            "author": made.author,
            "at": made.at,
            "entered": values,
        }
        self._session.connection.execute(insert(facts), row)
        self._examinations.refresh(made.study_id)
        self._events.add(principal.site, "study.facts", made.study_id, {"facts": made.version})
        changed = sorted(
            k for k in {*values, *latest.values} if values.get(k) != latest.values.get(k)
        )
        detail = {"version": made.version, "changed": changed}
        self._audit.add(principal, "facts.entered", made.study_id, detail)
        return made
