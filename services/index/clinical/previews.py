"""Previews: small copies of frames of a case, kept until the pictures themselves are here."""

from __future__ import annotations

from sqlalchemy import delete, func, select

from services.domain.errors import NotFound
from services.domain.study import Principal
from services.index.clinical.port import Case
from services.index.database.connection import Session
from services.index.database.tables import instances
from services.index.database.tables.cases import case_previews


class PreviewsTable:
    """The port's ``Previews``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def keep(
        self, case: Case, study_id: str, site: str, sop_uid: str, frame: int, jpeg: bytes
    ) -> bool:
        """False where the image itself is here, or a preview of the frame."""
        if self._arrived(site, sop_uid):
            return False
        values = {
            "site": site, "case_id": case.id, "sop_uid": sop_uid, "frame": frame,
            "study_id": study_id, "jpeg": jpeg, "received_at": self._session.now(),
        }  # fmt: skip
        return self._session.insert_new(case_previews, values)

    def of_study(self, site: str, study_id: str) -> list[tuple[str, int]]:
        """(SOP Instance UID, frame) of images that are not here, in order."""
        columns = case_previews.c
        query = (
            select(columns.sop_uid, columns.frame)
            .where(columns.site == site, columns.study_id == study_id)
            .order_by(columns.case_id, columns.received_at, columns.sop_uid, columns.frame)
        )
        rows = self._session.connection.execute(query)
        return [(row.sop_uid, row.frame) for row in rows]

    def get(self, site: str, study_id: str, sop_uid: str, frame: int) -> bytes:
        """A JPEG. Raises NotFound."""
        columns = case_previews.c
        query = select(columns.jpeg).where(
            columns.site == site,
            columns.study_id == study_id,
            columns.sop_uid == sop_uid,
            columns.frame == frame,
        )
        preview = self._session.connection.execute(query).scalars().first()
        if preview is None:
            raise NotFound("There is no such preview: the image itself may be here by now.")
        return bytes(preview)

    def count(self, principal: Principal, case_id: str) -> int:
        """How many of a case are kept."""
        columns = case_previews.c
        query = select(func.count()).where(
            columns.site == principal.site, columns.case_id == case_id
        )
        return int(self._session.connection.execute(query).scalar_one())

    def arrived(self, site: str, sop_uid: str) -> None:
        """The image is here: its previews go."""
        columns = case_previews.c
        self._session.connection.execute(
            delete(case_previews).where(columns.site == site, columns.sop_uid == sop_uid)
        )

    def _arrived(self, site: str, sop_uid: str) -> bool:
        columns = instances.c
        query = select(columns.id).where(columns.site == site, columns.sop_uid == sop_uid)
        return self._session.connection.execute(query).first() is not None
