"""The index: what is known, in one database. See ``port`` for what it promises."""

from __future__ import annotations

from services.index.database.engine import open_engine
from services.index.database.session import Clock, utc_now
from services.index.port import Index
from services.index.unit_of_work import SqlIndex

__all__ = ["open_index"]


def open_index(url: str, *, clock: Clock = utc_now) -> Index:
    """Open ``sqlite:///file`` or ``postgresql://user:password@host/name``; connects when first used.

    Call ``migrate()`` once before the first use of a database; calling it again does nothing.
    """
    return SqlIndex(open_engine(url), clock)
