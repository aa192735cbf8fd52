"""Resumable uploads and remembered answers: what makes a lost connection harmless."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, delete, insert, select, update

from services.domain.errors import NotFound, OffsetMismatch
from services.domain.study import Principal
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import idempotency, uploads
from services.index.port import Remembered, Upload


class UploadsTable:
    """The port's ``Uploads``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        principal: Principal,
        length: int | None,
        metadata: dict[str, str],
        expires_at: datetime,
    ) -> Upload:
        """A new one, open. ``length`` in bytes; ``expires_at``: when it may be removed."""
        upload = Upload(
            id=new_id(),
            site=principal.site,
            owner=principal.subject,
            length=length,
            offset=0,
            metadata=metadata,
            created_at=self._session.now(),
            expires_at=expires_at,
            state="open",
        )
        values = {name: getattr(upload, name) for name in uploads.c.keys()}  # noqa: SIM118
        self._session.connection.execute(insert(uploads), values)
        return upload

    def get(self, site: str, upload_id: str) -> Upload:
        """Raises NotFound."""
        query = select(uploads).where(uploads.c.id == upload_id, uploads.c.site == site)
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            raise NotFound
        return _upload(row)

    def advance(self, site: str, upload_id: str, expected: int, offset: int) -> None:
        """Compare and set: of two writers at one offset, one gets OffsetMismatch."""
        where = (uploads.c.offset == expected, uploads.c.state == "open")
        if not self._set(site, upload_id, *where, offset=offset):
            upload = self.get(site, upload_id)
            raise OffsetMismatch(f"The upload is {upload.state} and stands at {upload.offset}.")

    def finish(self, site: str, upload_id: str, state: str, outcome: dict[str, Any]) -> None:
        """``state``: complete or failed; ``outcome`` as JSON, what became of each file."""
        if not self._set(site, upload_id, state=state, outcome=outcome):
            raise NotFound

    def unfinished(self, site: str | None) -> list[Upload]:
        """Open ones of a site, or with None of all, oldest first."""
        query = select(uploads).where(uploads.c.state == "open").order_by(uploads.c.created_at)
        if site is not None:
            query = query.where(uploads.c.site == site)
        return [_upload(row) for row in self._session.connection.execute(query).mappings()]

    def give_up(self, site: str, upload_id: str) -> None:
        """From open to expired before its time: its sender starts again."""
        self._set(site, upload_id, uploads.c.state == "open", state="expired", outcome={})

    def expired(self, limit: int = 100) -> list[Upload]:
        """Of all sites, in any state: their files and rows can go."""
        query = select(uploads).where(uploads.c.expires_at <= self._session.now())
        query = query.order_by(uploads.c.expires_at).limit(limit)
        return [_upload(row) for row in self._session.connection.execute(query).mappings()]

    def expire(self, site: str, upload_id: str) -> None:
        """From open to expired, if its time is over; one that is finished keeps its outcome."""
        over = uploads.c.expires_at <= self._session.now()
        self._set(site, upload_id, uploads.c.state == "open", over, state="expired", outcome={})

    def delete(self, site: str, upload_id: str) -> None:
        """Raises NotFound."""
        where = (uploads.c.id == upload_id, uploads.c.site == site)
        if self._session.connection.execute(delete(uploads).where(*where)).rowcount == 0:
            raise NotFound

    def _set(self, site: str, upload_id: str, *where: Any, **values: Any) -> bool:
        change = update(uploads).where(uploads.c.id == upload_id, uploads.c.site == site, *where)
        return self._session.connection.execute(change.values(**values)).rowcount == 1


class IdempotencyTable:
    """The answer to a request with an Idempotency-Key, for when it is asked again."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def find(self, site: str, key: str) -> Remembered | None:
        """None: there is none, or its time is over."""
        columns = idempotency.c
        query = select(idempotency).where(
            columns.site == site, columns.key == key, columns.expires_at > self._session.now()
        )
        row = self._session.connection.execute(query).mappings().first()
        if row is None:
            return None
        return Remembered(row["request_hash"], row["status"], row["body"], row["media_type"])

    def keep(self, site: str, key: str, answer: Remembered, expires_at: datetime) -> None:
        """The first answer stays; one that has expired gives way."""
        columns = idempotency.c
        stale = (
            columns.site == site,
            columns.key == key,
            columns.expires_at <= self._session.now(),
        )
        self._session.connection.execute(delete(idempotency).where(*stale))
        values = {
            "site": site,
            "key": key,
            "request_hash": answer.request_hash,
            "status": answer.status,
            "body": answer.body,
            "media_type": answer.media_type,
            "expires_at": expires_at,
        }
        self._session.insert_new(idempotency, values)

    def purge(self) -> int:
        """Remove what has expired; how many."""
        old = delete(idempotency).where(idempotency.c.expires_at <= self._session.now())
        return self._session.connection.execute(old).rowcount


def _upload(row: RowMapping) -> Upload:
    return Upload(**row)
