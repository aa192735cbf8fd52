"""The index: what is known, in one database. See ``port`` for what it promises."""

from __future__ import annotations

from services.domain.work import DestinationKind
from services.index.database.clock import ServerClock
from services.index.database.connection import Clock, open_engine, utc_now
from services.index.messaging.quiet_time import QuietSeconds, at_once
from services.index.port import FROM_SETTINGS, FirstDestinations, Index, NewDestination
from services.index.sql_index import SqlIndex
from services.settings import Settings

__all__ = ["connect", "open_index"]


def connect(settings: Settings) -> Index:
    """The index that the settings name; a PACS that they name is taken over as a destination."""
    return open_index(
        settings.index_url,
        first=lambda site: first_destinations(settings, site),
        quiet=settings.quiet_time,
    )


def first_destinations(settings: Settings, site: str) -> tuple[NewDestination, ...]:
    """What the settings name for a site. A token stays in the settings."""
    if settings.push_site not in ("", site):
        return ()
    named = (
        ("PACS (STOW-RS)", DestinationKind.STOW, settings.push_stow_url),
        ("PACS (C-STORE)", DestinationKind.C_STORE, settings.push_dimse),
    )
    return tuple(
        NewDestination(name, kind, address, source=FROM_SETTINGS)
        for name, kind, address in named
        if address
    )


def open_index(
    url: str,
    *,
    clock: Clock | None = None,
    first: FirstDestinations = lambda _site: (),
    quiet: QuietSeconds = at_once,
) -> Index:
    """Open ``sqlite:///file`` or ``postgresql://user:password@host/name``; connects when first used.

    Call ``migrate()`` once before the first use of a database; calling it again does nothing.
    ``first`` says which destinations the settings name for a site, ``quiet`` for how many seconds no
    image of a study of a site must have come before it is read. Without ``clock`` the time is the
    database server's; with SQLite this machine's.
    """
    engine = open_engine(url)
    own = utc_now if engine.dialect.name == "sqlite" else ServerClock()
    return SqlIndex(engine, clock or own, first, quiet)
