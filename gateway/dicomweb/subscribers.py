"""Subscribers of work items' events, by either way: how many listen, and what they are told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import HTTPConnection

from gateway.dependencies import Services
from gateway.http.places import Places
from services.domain.study import Principal
from services.index.port import WorkitemEvent

MOST_OPEN = 16  # of one caller in one process: each asks the index again and again
_PAGE = 500


def places() -> Places:
    """Of the subscribers of one process."""
    return Places(MOST_OPEN, "Too many of yours wait for events.", retry_after=10)


@contextmanager
def listening(connection: HTTPConnection, who: Principal, aet: str) -> Iterator[None]:
    """Counted while the block lasts, and noted in the audit trail. Raises TooManyAtOnce."""
    listeners: Places = connection.app.state.listeners
    with listeners.taken(who.counted_as):
        connection.app.state.access.note(who, "workitem_events.read", aet)
        yield


def events_of(services: Services, who: Principal, aet: str, after: int) -> list[WorkitemEvent]:
    """The next events of a subscriber after number ``after``. Blocking."""
    with services.index.read() as tx:
        return tx.workitems.events(who.site, aet, after, _PAGE)


def note_events(connection: HTTPConnection, who: Principal, events: list[WorkitemEvent]) -> None:
    """In the audit trail: the items that a subscriber is told of."""
    for uid in {one.uid for one in events}:
        connection.app.state.access.note(who, "workitem.read", uid)
