"""Seals over the audit trail: an HMAC over each stretch of entries and the seal before it.

The entries themselves are never touched, so what writes them waits for nothing. A seal shows an edit, a
removal or an insertion in its stretch to whoever has the hub's secret; removing the newest seals shows
against a mac that was noted elsewhere (each is logged).
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterable, Sequence
from datetime import UTC

from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.exc import OperationalError

from services.index.access.audit_seals_port import Seal, Verdict
from services.index.database.connection import Session
from services.index.database.tables import audit
from services.index.database.tables.access import audit_seals

_NONE, _LOWEST = "0" * 64, -(2**62)
_WAIT = "SET LOCAL lock_timeout = '200ms'"
_LOCK = "LOCK TABLE audit IN SHARE MODE"


class AuditSealsTable:
    """The port's ``AuditSeals``."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def boundary(self) -> int:
        """The newest entry, once nobody is writing: a lower number can come no more. On PostgreSQL that
        takes the table's lock for this one question; it waits 200 ms for it and then gives up.
        """
        connection = self._session.connection
        if connection.dialect.name == "postgresql":
            try:
                with connection.begin_nested():
                    connection.execute(text(_WAIT))
                    connection.execute(text(_LOCK))
            except OperationalError:
                return 0
        return connection.execute(select(func.max(audit.c.seq))).scalar_one() or 0

    def seal(self, key: bytes, boundary: int, limit: int = 10_000) -> Seal | None:
        """Close the next stretch up to ``boundary``. Of two that seal at once, one makes the seal."""
        before = self._newest()
        entries = self._entries(before.last + 1 if before else _LOWEST, boundary, limit)
        if not entries:
            return None
        number = before.number + 1 if before else 1
        mac = _mac(key, before.mac if before else _NONE, entries)
        first, last = entries[0]["seq"], entries[-1]["seq"]
        made = Seal(number, first, last, len(entries), mac, self._session.now())
        values = {column: getattr(made, column) for column in audit_seals.c.keys()}  # noqa: SIM118
        return made if self._session.insert_new(audit_seals, values) else None

    def verify(self, key: bytes, noted: str = "", *, before: Sequence[bytes] = ()) -> Verdict:
        """Look through all of it, entry by entry. ``noted``: the mac of a seal that must be there;
        ``before``: keys that sealed earlier.
        """
        keys = (key, *before)
        missing = bool(noted)
        seen, seals, previous, last = 0, 0, _NONE, _LOWEST - 1
        rows = self._session.connection.execute(select(audit_seals).order_by(audit_seals.c.number))
        for row in rows.mappings().all():
            entries = self._entries(last + 1, row["last"], None)
            seen, seals = seen + len(entries), seals + 1
            if row["number"] != seals:
                return Verdict(seen, seals, 0, previous, f"Seal {seals} is missing.")
            made = (_mac(one, previous, entries) for one in keys)
            holds = any(hmac.compare_digest(mac, row["mac"]) for mac in made)
            if len(entries) != row["count"] or not holds:
                fault = f"Entries {row['first']} to {row['last']} are not those that were sealed"
                return Verdict(seen, seals, 0, previous, f"{fault} at {row['at']:%Y-%m-%d %H:%M}.")
            previous, last = row["mac"], row["last"]
            missing = missing and previous != noted
        if missing:
            return Verdict(seen, seals, 0, previous, "The seal that was noted is not there.")
        newer = select(func.count()).select_from(audit).where(audit.c.seq > last)
        unsealed = self._session.connection.execute(newer).scalar_one()
        return Verdict(seen, seals, unsealed, previous)

    def _newest(self) -> Seal | None:
        query = select(audit_seals).order_by(audit_seals.c.number.desc()).limit(1)
        row = self._session.connection.execute(query).mappings().first()
        return None if row is None else Seal(**row)

    def _entries(self, first: int, last: int, limit: int | None) -> list[RowMapping]:
        query = select(audit).where(audit.c.seq >= first, audit.c.seq <= last)
        query = query.order_by(audit.c.seq).limit(limit)
        return list(self._session.connection.execute(query).mappings())


def _mac(key: bytes, previous: str, entries: Iterable[RowMapping]) -> str:
    """HMAC-SHA256 over the seal before and every column of every entry, in order."""
    mac = hmac.new(key, previous.encode(), hashlib.sha256)
    for entry in entries:
        values = {**entry, "at": entry["at"].astimezone(UTC).isoformat(timespec="microseconds")}
        mac.update(b"\n" + json.dumps(values, sort_keys=True, ensure_ascii=True).encode())
    return mac.hexdigest()
