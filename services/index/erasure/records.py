"""What is kept of erasures, what phones were asked to forget, and how long sites keep studies."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, case, delete, func, insert, or_, select, update

from services.domain.errors import NotFound
from services.domain.study import Principal, Role
from services.index.access.audit import AuditTable
from services.index.database.connection import Session
from services.index.database.tables.erasure import (
    erased_cases,
    erased_objects,
    erased_studies,
    erasures,
    retention,
)
from services.index.erasure.port import Erasure, Retention


class ErasureRecords:
    """The part of the port's ``Erasures`` that erases nothing."""

    def __init__(self, session: Session, audit: AuditTable) -> None:
        self._session = session
        self._audit = audit

    def get(self, site: str, erasure_id: str) -> Erasure:
        """Raises NotFound."""
        query = select(erasures).where(erasures.c.id == erasure_id, erasures.c.site == site)
        row = self._execute(query).mappings().first()
        if row is None:
            raise NotFound
        return self._erasure(row)

    def find(self, site: str, limit: int = 100) -> list[Erasure]:
        """Newest first."""
        query = select(erasures).where(erasures.c.site == site)
        query = query.order_by(erasures.c.id.desc()).limit(limit)
        return [self._erasure(row) for row in self._execute(query).mappings().all()]

    def _erasure(self, row: RowMapping) -> Erasure:
        mine = erased_objects.c.erasure_id == row["id"]
        counted = select(
            func.count(),
            func.sum(case((erased_objects.c.gone_at.is_(None), 1), else_=0)),
            func.sum(erased_objects.c.kept),
        ).where(mine)
        objects, waiting, shared = self._execute(counted).one()
        studies = select(erased_studies.c.study_id).where(erased_studies.c.erasure_id == row["id"])
        phones = (
            select(
                erased_cases.c.owner, func.count(), func.count(erased_cases.c.forgotten_at)
            )
            .where(erased_cases.c.erasure_id == row["id"])
            .group_by(erased_cases.c.owner)
            .order_by(erased_cases.c.owner)
        )  # fmt: skip
        values = {**row, "receivers": tuple(row["receivers"])}
        return Erasure(
            **values,
            studies=tuple(self._execute(studies.order_by(erased_studies.c.study_id)).scalars()),
            objects=objects,
            waiting=waiting or 0,
            shared=shared or 0,
            phones=tuple((one[0], one[1], one[2]) for one in self._execute(phones).all()),
        )

    def _note_end(self, row: RowMapping) -> None:
        by = Principal(row["actor"], row["site"], Role.ADMIN)
        self._audit.add(by, "erasure.done", row["subject"], {"erasure": row["id"]})

    # --- phones -----------------------------------------------------------------------------------
    def to_forget(self, principal: Principal) -> list[str]:
        """Ids of the caller's cases that were erased, and that it still may hold."""
        columns = erased_cases.c
        query = select(columns.case_id).where(
            columns.site == principal.site,
            columns.owner == principal.subject,
            columns.forgotten_at.is_(None),
        )
        return list(self._execute(query.order_by(columns.case_id)).scalars())

    def is_erased(self, site: str, case_id: str) -> bool:
        """Whether this case was erased."""
        columns = erased_cases.c
        query = select(columns.case_id).where(columns.site == site, columns.case_id == case_id)
        return self._execute(query).first() is not None

    def forgotten(self, principal: Principal, case_id: str) -> None:
        """The caller has erased its copy. Raises NotFound."""
        columns = erased_cases.c
        mine = update(erased_cases).where(
            columns.site == principal.site,
            columns.case_id == case_id,
            columns.owner == principal.subject,
        )
        now = self._session.now()
        if not self._execute(
            mine.values(forgotten_at=func.coalesce(columns.forgotten_at, now))
        ).rowcount:
            raise NotFound

    # --- how long a site keeps --------------------------------------------------------------------
    def retention(self, site: str) -> Retention:
        """For ever where nothing was said."""
        row = self._execute(select(retention).where(retention.c.site == site)).mappings().first()
        return _retention(row) if row is not None else Retention()

    def set_retention(
        self, principal: Principal, reviewed_days: int | None, withdrawn_days: int | None
    ) -> Retention:
        """For the caller's site, audited."""
        days = {"reviewed_days": reviewed_days, "withdrawn_days": withdrawn_days}
        row = {
            "site": principal.site,
            **days,
            "actor": principal.subject,
            "changed_at": self._session.now(),
        }
        self._execute(delete(retention).where(retention.c.site == principal.site))
        self._execute(insert(retention), row)
        self._audit.add(principal, "retention.changed", principal.site, days)
        return self.retention(principal.site)

    def _policies(self) -> Iterator[tuple[str, Retention]]:
        columns = retention.c
        some = or_(columns.reviewed_days.is_not(None), columns.withdrawn_days.is_not(None))
        for row in self._execute(select(retention).where(some)).mappings().all():
            yield row["site"], _retention(row)

    def _days_ago(self, days: int) -> datetime:
        return self._session.now() - timedelta(days=days)

    def _execute(self, *statement: Any) -> Any:
        return self._session.connection.execute(*statement)


def _retention(row: RowMapping) -> Retention:
    return Retention(**{name: value for name, value in row.items() if name != "site"})
