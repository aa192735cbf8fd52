"""The index: what is known, in one database. See ``port`` for what it promises."""

from __future__ import annotations

from functools import cache

from services.index.database.connection import Clock, open_engine, utc_now
from services.index.messaging.deliveries import HasPacs
from services.index.port import Index
from services.index.unit_of_work import SqlIndex
from services.settings import Settings

__all__ = ["connect", "open_index"]


def connect(settings: Settings) -> Index:
    """The index that the settings name; results of the sites that have a PACS are delivered to it."""
    return open_index(settings.index_url, has_pacs=cache(settings.has_pacs))


def open_index(
    url: str, *, clock: Clock = utc_now, has_pacs: HasPacs = lambda _site: False
) -> Index:
    """Open ``sqlite:///file`` or ``postgresql://user:password@host/name``; connects when first used.

    Call ``migrate()`` once before the first use of a database; calling it again does nothing.
    ``has_pacs`` says whether results of a site go to a PACS.
    """
    return SqlIndex(open_engine(url), clock, has_pacs)
