"""Page sessions: one row for each browser that is signed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, RowMapping, and_, delete, insert, or_, select, update

from services.domain.errors import NotFound
from services.domain.study import Principal, Role
from services.index.access.sessions_port import PageSession
from services.index.database.connection import Session, new_id
from services.index.database.tables.access import accounts, api_keys, sessions


class SessionsTable:
    """The port's ``Sessions``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(
        self,
        principal: Principal,
        *,
        via: str,
        credential: str,
        name: str,
        address: str,
        browser: str,
        expires_at: datetime,
        issuer_session: str | None = None,
    ) -> PageSession:
        """A new one, for a caller who was identified."""
        made = PageSession(
            new_id(),
            principal.site,
            principal.subject,
            principal.role,
            via,
            credential,
            name[:80],
            address[:64],
            browser[:200],
            self._session.now(),
            expires_at,
            issuer_session=issuer_session,
        )
        values = {column: getattr(made, column) for column in sessions.c.keys()}  # noqa: SIM118
        self._session.connection.execute(insert(sessions), {**values, "role": made.role.value})
        return made

    def live(self, session_id: str) -> PageSession | None:
        """None: there is none, it ended, its time is over, or its key was revoked."""
        query = select(sessions).where(sessions.c.id == session_id, self._holds())
        row = self._session.connection.execute(query).mappings().first()
        if row is None or (row["via"] == "key" and not self._key_holds(row)):
            return None
        if row["via"] in ("account", "oidc"):
            return self._of_account(row)
        return _session(row)

    def find(self, site: str, subject: str | None = None) -> list[PageSession]:
        """Those that still hold, newest first; of one person, or of the whole site."""
        query = select(sessions).where(sessions.c.site == site, self._holds())
        if subject is not None:
            query = query.where(sessions.c.subject == subject)
        query = query.order_by(sessions.c.created_at.desc()).limit(1000)
        return [_session(row) for row in self._session.connection.execute(query).mappings()]

    def end(self, site: str, session_id: str) -> None:
        """It holds no more; once ended, it stays as it is. Raises NotFound, also in another site."""
        where = (sessions.c.site == site, sessions.c.id == session_id)
        query = select(sessions.c.ended_at).where(*where)
        row = self._session.connection.execute(query).first()
        if row is None:
            raise NotFound
        if row.ended_at is None:
            change = update(sessions).where(*where).values(ended_at=self._session.now())
            self._session.connection.execute(change)

    def end_all(self, site: str, subject: str) -> int:
        """All of one person's; how many."""
        where = (sessions.c.site == site, sessions.c.subject == subject, self._holds())
        change = update(sessions).where(*where).values(ended_at=self._session.now())
        return self._session.connection.execute(change).rowcount

    def end_signed_on(self, external: str, issuer_session: str) -> list[PageSession]:
        """Those that a sign-on opened, ended now."""
        columns = sessions.c
        where = [columns.via == "oidc", self._holds()]
        if external:
            people = select(accounts.c.id).where(accounts.c.external == external)
            where.append(columns.credential.in_(people))
        if issuer_session:
            same = columns.issuer_session == issuer_session
            where.append(or_(same, columns.issuer_session.is_(None)) if external else same)
        if not external and not issuer_session:
            return []
        rows = self._session.connection.execute(select(sessions).where(*where)).mappings().all()
        ended = [_session(row) for row in rows]
        change = update(sessions).where(columns.id.in_([one.id for one in ended]))
        self._session.connection.execute(change.values(ended_at=self._session.now()))
        return ended

    def purge(self, before: datetime) -> int:
        """Remove those that were over before that moment; how many."""
        over = or_(sessions.c.expires_at < before, sessions.c.ended_at < before)
        return self._session.connection.execute(delete(sessions).where(over)).rowcount

    def _holds(self) -> ColumnElement[bool]:
        return and_(sessions.c.ended_at.is_(None), sessions.c.expires_at > self._session.now())

    def _key_holds(self, row: RowMapping) -> bool:
        query = select(api_keys.c.revoked_at).where(
            api_keys.c.id == row["credential"], api_keys.c.site == row["site"]
        )
        key = self._session.connection.execute(query).first()
        return key is not None and key.revoked_at is None

    def _of_account(self, row: RowMapping) -> PageSession | None:
        """With the role that the person has now."""
        query = select(accounts.c.role).where(
            accounts.c.id == row["credential"],
            accounts.c.site == row["site"],
            accounts.c.disabled_at.is_(None),
        )
        role = self._session.connection.execute(query).scalar_one_or_none()
        return None if role is None else replace(_session(row), role=Role(role))


def _session(row: RowMapping) -> PageSession:
    return PageSession(**{**row, "role": Role(row["role"])})
