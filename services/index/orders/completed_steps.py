"""Which studies a completed procedure step (MPPS) ends, and whether all images that it names are here."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func, or_, select

from services.domain.orders.order import OrderState
from services.index.database.connection import Session
from services.index.database.tables import instances, studies
from services.index.database.tables.orders import procedure_steps

_AT_ONCE = 500  # names in one query


class CompletedSteps:
    """Reads steps beside studies. A machine may complete a step before its last image was sent."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def studies(
        self, site: str, order_id: str | None, study_uid: str, performed: Sequence[str]
    ) -> list[str]:
        """Studies of the step's order, of its Study Instance UID, and those that its series are of."""
        of_series = select(instances.c.study_id).where(
            instances.c.site == site, instances.c.series_uid.in_(performed[:_AT_ONCE])
        )
        named: list[ColumnElement[bool]] = []
        if performed:
            named.append(studies.c.id.in_(of_series))
        if study_uid:
            named.append(studies.c.study_uid == study_uid)
        if order_id is not None:
            named.append(studies.c.order_id == order_id)
        if not named:
            return []
        query = select(studies.c.id).where(studies.c.site == site, or_(*named))
        return sorted(self._session.connection.execute(query).scalars())

    def all_here(self, site: str, images: Sequence[str]) -> bool:
        """Whether every image (SOP Instance UIDs) has come."""
        wanted = sorted(set(images))
        here = 0
        for start in range(0, len(wanted), _AT_ONCE):
            query = select(func.count()).where(
                instances.c.site == site, instances.c.sop_uid.in_(wanted[start : start + _AT_ONCE])
            )
            here += self._session.connection.execute(query).scalar_one()
        return here == len(wanted)

    def ended_by_last_image(self, site: str, study_id: str) -> bool:
        """Whether a machine completed a step of this study, named its images, and all of them are here."""
        study = select(studies.c.study_uid, studies.c.order_id).where(studies.c.id == study_id)
        study_uid, order_id = self._session.connection.execute(study).one()
        columns = procedure_steps.c
        mine: list[ColumnElement[bool]] = [columns.study_uid == study_uid]
        if order_id is not None:
            mine.append(columns.order_id == order_id)
        query = select(columns.images).where(
            columns.site == site, columns.state == OrderState.COMPLETED.value, or_(*mine)
        )
        named = [one for one in self._session.connection.execute(query).scalars() if one]
        return bool(named) and all(self.all_here(site, one) for one in named)
