"""Which objects of the store an index needs: what was received, and what was made of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import Connection, literal, select, union

from services.index.database.tables import artefacts, instances

_DICOM = "application/dicom"


@dataclass(frozen=True, slots=True)
class NeededObject:
    """``received``: it came in as a file; else it was made here. ``size`` in bytes."""

    site: str
    sha256: str
    size: int
    media_type: str
    received: bool


def needed_objects(connection: Connection) -> Iterator[NeededObject]:
    """Each object once, by site and hash."""
    a, i = artefacts.c, instances.c
    made = select(a.site, a.sha256, a.size, a.media_type, literal(0).label("received"))
    came = select(i.site, i.sha256, i.size, literal(_DICOM), literal(1).label("received"))
    ordered = union(made, came).order_by("site", "sha256", "received")  # made before received
    last = ("", "")
    rows = connection.execution_options(stream_results=True, yield_per=1000).execute(ordered)
    for site, sha256, size, media_type, received in rows:
        if (site, sha256) != last:
            last = (site, sha256)
            yield NeededObject(site, sha256, size, media_type, bool(received))
