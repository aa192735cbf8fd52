"""API keys: 256 random bits, shown once, kept as a hash."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection
from datetime import timedelta

from sqlalchemy import RowMapping, insert, select, update

from services.domain.errors import NotFound
from services.domain.study import Principal, Role
from services.index.database.connection import Session
from services.index.database.tables.access import api_keys
from services.index.port import ApiKey

_TOUCH = timedelta(seconds=60)  # ``last_used_at`` is written at most this often


class KeysTable:
    """A fast hash is enough for a secret that nobody can guess."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def create(self, site: str, role: Role, name: str) -> tuple[ApiKey, str]:
        """The new key and its text, which is shown once."""
        key = ApiKey(secrets.token_hex(8), site, role, name, self._session.now())
        secret = secrets.token_urlsafe(32)
        values = {
            "id": key.id,
            "site": site,
            "role": role.value,
            "name": name,
            "secret_hash": _hash(secret),
            "created_at": key.created_at,
        }
        self._session.connection.execute(insert(api_keys), values)
        return key, f"fada_{key.id}_{secret}"

    def verify(self, key: str) -> Principal | None:
        """None for anything that is not a live key. In a read it does not note the use."""
        prefix, _, rest = key.partition("_")
        key_id, _, secret = rest.partition("_")
        if prefix != "fada" or not secret or not key_id.isalnum() or len(key) > 200:
            return None
        query = select(api_keys).where(api_keys.c.id == key_id)
        row = self._session.connection.execute(query).mappings().first()
        if row is None or not hmac.compare_digest(row["secret_hash"], _hash(secret)):
            return None
        if row["revoked_at"] is not None:
            return None
        self._touch(row)
        return Principal(subject=f"key:{row['id']}", site=row["site"], role=Role(row["role"]))

    def find(self, site: str | None) -> list[ApiKey]:
        """Oldest first; of all sites with None."""
        query = select(api_keys).order_by(api_keys.c.created_at, api_keys.c.id)
        if site is not None:
            query = query.where(api_keys.c.site == site)
        return [_key(row) for row in self._session.connection.execute(query).mappings()]

    def sites(self, key_ids: Collection[str]) -> dict[str, str]:
        """Id → site of those that there are, revoked ones too."""
        query = select(api_keys.c.id, api_keys.c.site).where(api_keys.c.id.in_(list(key_ids)))
        return {row.id: row.site for row in self._session.connection.execute(query)}

    def revoke(self, site: str | None, key_id: str) -> None:
        """It works no more. Raises NotFound, also in another site."""
        change = update(api_keys).where(api_keys.c.id == key_id)
        if site is not None:
            change = change.where(api_keys.c.site == site)
        if self._session.connection.execute(change.values(revoked_at=self._session.now())).rowcount:
            return
        raise NotFound

    def _touch(self, row: RowMapping) -> None:
        now, last = self._session.now(), row["last_used_at"]
        if self._session.read or (last is not None and now - last < _TOUCH):
            return
        change = update(api_keys).where(api_keys.c.id == row["id"])
        self._session.connection.execute(change.values(last_used_at=now))


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _key(row: RowMapping) -> ApiKey:
    return ApiKey(
        id=row["id"],
        site=row["site"],
        role=Role(row["role"]),
        name=row["name"],
        created_at=row["created_at"],
        revoked_at=row["revoked_at"],
        last_used_at=row["last_used_at"],
    )
