"""What a job has read so far: a retry, another worker or the job's next turn goes on from there."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import delete, select

from services.index.database.connection import Session
from services.index.database.tables.progress import read_frames
from services.index.messaging.port import ReadFrame


class ProgressTable:
    """The port's ``Progress``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def of_study(self, site: str, study_id: str) -> list[ReadFrame]:
        """In the order of instance and frame."""
        columns = read_frames.c
        query = select(
            columns.sop_uid, columns.frame, columns.sha256, columns.release, columns.content
        ).where(columns.site == site, columns.study_id == study_id)
        rows = self._session.connection.execute(query.order_by(columns.sop_uid, columns.frame))
        return [ReadFrame(**row) for row in rows.mappings()]

    def add(self, site: str, study_id: str, frames: Sequence[ReadFrame]) -> None:
        """What was noted of a frame before is replaced."""
        now, columns = self._session.now(), read_frames.c
        for one in frames:
            self._session.connection.execute(
                delete(read_frames).where(
                    columns.study_id == study_id,
                    columns.sop_uid == one.sop_uid,
                    columns.frame == one.frame,
                )
            )
            row = {
                "study_id": study_id,
                "sop_uid": one.sop_uid,
                "frame": one.frame,
                "site": site,
                "sha256": one.sha256,
                "release": one.release,
                "content": one.content,
                "at": now,
            }
            self._session.insert_new(read_frames, row)

    def clear(self, study_id: str) -> None:
        """The result is there: it holds all of this."""
        self._session.connection.execute(
            delete(read_frames).where(read_frames.c.study_id == study_id)
        )
