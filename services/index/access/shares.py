"""Share links: to one study's latest result, read only, until an hour that is set; revocable."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, exists, insert, select, update

from services.domain.errors import NotFound
from services.domain.study import Principal
from services.index.access.audit import AuditTable
from services.index.access.port import Share
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import api_keys, shares


class SharesTable:
    """The port's ``Shares``."""

    def __init__(self, session: Session, audit: AuditTable) -> None:
        self._session = session
        self._audit = audit

    def create(self, principal: Principal, study_id: str, expires_at: datetime) -> Share:
        """A new link to a study of the principal's site, which the caller has looked up."""
        share = Share(
            id=new_id(),
            site=principal.site,
            study_id=study_id,
            created_by=principal.subject,
            created_at=self._session.now(),
            expires_at=expires_at,
        )
        values = {name: getattr(share, name) for name in shares.c.keys()}  # noqa: SIM118
        self._session.connection.execute(insert(shares), values)
        detail = {"share": share.id, "expires_at": expires_at.isoformat()}
        self._audit.add(principal, "share.created", study_id, detail)
        return share

    def get(self, site: str, study_id: str, share_id: str) -> Share:
        """In whatever state it is. Raises NotFound."""
        rows = self._select(
            shares.c.site == site, shares.c.study_id == study_id, shares.c.id == share_id
        )
        if not rows:
            raise NotFound("There is no such link.")
        return rows[0]

    def find(self, site: str, study_id: str) -> list[Share]:
        """All that were ever given out, oldest first."""
        return self._select(shares.c.site == site, shares.c.study_id == study_id)

    def open_shares(self, site: str, study_id: str) -> list[Share]:
        """Those that still hold, oldest first."""
        return self._select(
            shares.c.site == site, shares.c.study_id == study_id, *self._still_open()
        )

    def revoke(self, principal: Principal, study_id: str, share_id: str) -> None:
        """It shows nothing from now on. Raises NotFound when no such link is open."""
        change = update(shares).where(
            shares.c.site == principal.site,
            shares.c.study_id == study_id,
            shares.c.id == share_id,
            *self._still_open(),
        )
        values = {"revoked_by": principal.subject, "revoked_at": self._session.now()}
        if self._session.connection.execute(change.values(**values)).rowcount == 0:
            raise NotFound("There is no such open link.")
        self._audit.add(principal, "share.revoked", study_id, {"share": share_id})

    def _still_open(self) -> tuple[ColumnElement[bool], ...]:
        """Not revoked, not over, and not made with a key that was revoked since."""
        revoked_key = exists().where(
            api_keys.c.revoked_at.is_not(None), shares.c.created_by == "key:" + api_keys.c.id
        )
        return (
            shares.c.revoked_at.is_(None),
            shares.c.expires_at > self._session.now(),
            ~revoked_key,
        )

    def _select(self, *conditions: ColumnElement[bool]) -> list[Share]:
        query = select(shares).where(*conditions).order_by(shares.c.created_at, shares.c.id)
        return [_share(row) for row in self._session.connection.execute(query).mappings()]


def _share(row: RowMapping) -> Share:
    return Share(**row)
