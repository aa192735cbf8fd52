"""The rows of instances: which are new, which contradict stored ones, which correct them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete, select, update

from services.index.database import tables
from services.index.database.connection import Session, new_id
from services.index.port import InstancesDiffer, NewInstance

STUDY_UID = "0020000D"
_BATCH = 500


class InstanceRows:
    """Written in the transaction that receives their study."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def insert(
        self, study_id: str, site: str, instances: list[NewInstance], made: bool
    ) -> set[str]:
        """The SOP Instance UIDs that were not there, or were corrected.

        Raises:
            InstancesDiffer: nothing of this call is left, the study neither if it was ``made`` now.
        """
        first: dict[str, NewInstance] = {}
        for one in instances:
            first.setdefault(one.sop_uid, one)
        there = {} if made else self._stored(site, list(first))
        new: dict[str, str] = {}  # SOP Instance UID -> the row's id
        for one in first.values():
            if one.sop_uid not in there:
                row = self._row(study_id, site, one)
                if self._session.insert_new(tables.instances, row):
                    new[one.sop_uid] = row["id"]
                else:  # another study has it, or another request came first
                    there |= self._stored(site, [one.sop_uid])
        if not made:
            there = self._without_split_off(study_id, there)
        changed = {
            uid: first[uid]
            for uid, known in there.items()
            if known != (study_id, first[uid].sha256)
        }
        corrected = {
            uid: one for uid, one in changed.items() if one.correction and there[uid][0] == study_id
        }
        differ = [
            one.sop_uid
            for one in instances
            if (one.sop_uid in changed and one.sop_uid not in corrected)
            or first[one.sop_uid].sha256 != one.sha256
        ]
        if differ:
            self._undo(study_id if made else None, list(new.values()))
            raise InstancesDiffer(tuple(dict.fromkeys(differ)))
        for one in corrected.values():
            self._correct(study_id, site, one)
        return {*new, *corrected}

    def _without_split_off(
        self, study_id: str, there: dict[str, tuple[str, str]]
    ) -> dict[str, tuple[str, str]]:
        """Images that a person moved from this study to one of their own are known here, too."""
        others = {of for of, _ in there.values() if of != study_id}
        if not others:
            return there
        columns = tables.studies.c
        query = select(columns.id, columns.corrected).where(columns.id.in_(others))
        rows = {row.id: row.corrected or {} for row in self._session.connection.execute(query)}
        uid = self._session.lock_study(study_id)["study_uid"]
        was = {of: rows[of].get("was", {}).get(STUDY_UID, {}).get("Value") for of in rows}
        return {
            sop_uid: (study_id if was.get(of) == [uid] else of, sha256)
            for sop_uid, (of, sha256) in there.items()
        }

    def _correct(self, study_id: str, site: str, one: NewInstance) -> None:
        """The row names the newer bytes; the earlier ones stay in the store under their hash."""
        values = self._row(study_id, site, one)
        del values["id"]
        columns = tables.instances.c
        change = update(tables.instances).where(
            columns.site == site, columns.study_id == study_id, columns.sop_uid == one.sop_uid
        )
        self._session.connection.execute(change.values(**values))

    def _undo(self, study_id: str | None, rows: list[str]) -> None:
        """Take back what this call wrote; cheaper than a savepoint for the many that do not fail."""
        columns = tables.instances.c
        for start in range(0, len(rows), _BATCH):
            batch = rows[start : start + _BATCH]
            self._session.connection.execute(delete(tables.instances).where(columns.id.in_(batch)))
        if study_id is not None:
            change = delete(tables.studies).where(tables.studies.c.id == study_id)
            self._session.connection.execute(change)

    def _stored(self, site: str, sop_uids: list[str]) -> dict[str, tuple[str, str]]:
        """SOP Instance UID → (study id, SHA-256) of those that are there."""
        columns = tables.instances.c
        stored: dict[str, tuple[str, str]] = {}
        for start in range(0, len(sop_uids), _BATCH):
            query = select(columns.sop_uid, columns.study_id, columns.sha256).where(
                columns.site == site, columns.sop_uid.in_(sop_uids[start : start + _BATCH])
            )
            for sop_uid, study_id, sha256 in self._session.connection.execute(query):
                stored[sop_uid] = (study_id, sha256)
        return stored

    def _row(self, study_id: str, site: str, one: NewInstance) -> dict[str, Any]:
        return {
            "id": new_id(),
            "study_id": study_id,
            "site": site,
            "series_uid": one.series_uid,
            "sop_uid": one.sop_uid,
            "sop_class": one.sop_class,
            "transfer_syntax": one.transfer_syntax,
            "modality": one.modality,
            "sha256": one.sha256,
            "size": one.size,
            "rows": one.rows,
            "columns": one.columns,
            "frames": one.frames,
            "attributes": one.attributes,
            "received_at": self._session.now(),
        }
