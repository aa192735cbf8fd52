"""Subscribers of work items' events, by either way: how many listen, and what they are told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.requests import HTTPConnection

from gateway.dependencies import Services
from services.domain.errors import RateLimited
from services.domain.study import Principal
from services.index.port import WorkitemEvent

_MOST_OPEN = 16  # of one caller in one process: each asks the index again and again
_PAGE = 500


@contextmanager
def listening(connection: HTTPConnection, who: Principal, aet: str) -> Iterator[None]:
    """Counted while the block lasts, and noted in the audit trail. Raises RateLimited: too many listen."""
    listeners: Counter[str] = connection.app.state.listeners
    caller = f"{who.site}\n{who.subject}"
    if listeners[caller] >= _MOST_OPEN:
        raise RateLimited("Too many wait for events at once.", retry_after=10)
    listeners[caller] += 1
    connection.app.state.access.note(who, "workitem_events.read", aet)
    try:
        yield
    finally:
        listeners[caller] -= 1
        if not listeners[caller]:
            del listeners[caller]


def events_of(services: Services, who: Principal, aet: str, after: int) -> list[WorkitemEvent]:
    """The next events of a subscriber after number ``after``. Blocking."""
    with services.index.read() as tx:
        return tx.workitems.events(who.site, aet, after, _PAGE)


def note_events(connection: HTTPConnection, who: Principal, events: list[WorkitemEvent]) -> None:
    """In the audit trail: the items that a subscriber is told of."""
    for uid in {one.uid for one in events}:
        connection.app.state.access.note(who, "workitem.read", uid)
