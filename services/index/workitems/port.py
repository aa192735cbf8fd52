"""What the index promises about work items."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.domain.study import Principal

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Workitem:
    """``transaction_uid``: of the claim by ``performer``, empty before; never given out.
    ``reading``: it asks for this hub's reading of ``study_uid``."""

    site: str
    uid: str
    state: str
    transaction_uid: str
    performer: str
    attributes: Json
    study_uid: str
    reading: bool
    created_at: datetime
    changed_at: datetime
    began_at: datetime | None


@dataclass(frozen=True, slots=True)
class WorkitemEvent:
    """What a subscriber is told of an item: ``report`` is DICOM JSON with the event's type."""

    seq: int
    subscriber: str
    uid: str
    report: Json


class Workitems(Protocol):
    """Durable; every change tells the subscribers in the same transaction."""

    def create(self, principal: Principal, item: Json, study_uid: str, reading: bool) -> Workitem:
        """Raises Conflict: there is one of this UID with other content. The same again is that one."""
        ...

    def get(self, site: str, uid: str) -> Workitem:
        """Raises NotFound."""
        ...

    def lock(self, site: str, uid: str) -> Workitem:
        """The same, held until the end of the transaction. Raises NotFound."""
        ...

    def find(self, site: str, state: str = "", *, limit: int, offset: int) -> list[Workitem]:
        """Newest first."""
        ...

    def save(
        self, principal: Principal, item: Workitem, attributes: Json, transaction_uid: str = ""
    ) -> Workitem:
        """After a change; ``transaction_uid`` of a claim. Subscribers are told of state and progress."""
        ...

    def now(self) -> datetime:
        """The moment, by the index's clock."""
        ...

    def open_readings(self, limit: int) -> list[Workitem]:
        """Those of all sites that ask for this hub's reading and have not ended, oldest first."""
        ...

    def cancel_requested(self, principal: Principal, item: Workitem, report: Json) -> int:
        """Tell the subscribers that somebody wants it cancelled; how many there are."""
        ...

    def subscribe(self, principal: Principal, subscriber: str, uid: str) -> None:
        """To an item, or to all, with those that are there. They are told its state. Raises NotFound."""
        ...

    def unsubscribe(self, principal: Principal, subscriber: str, uid: str) -> None:
        """From an item; from all and each with the global one's UID. Raises NotFound."""
        ...

    def suspend(self, principal: Principal, subscriber: str) -> None:
        """No subscription to further items; those that are there stay. Raises NotFound."""
        ...

    def events(self, site: str, subscriber: str, after: int, limit: int) -> list[WorkitemEvent]:
        """Those after number ``after``, oldest first."""
        ...

    def latest_event(self, site: str, subscriber: str) -> int:
        """The number of a subscriber's newest event; 0: it has none."""
        ...

    def purge_events(self, older_than: float) -> int:
        """Forget events that are older than so many seconds."""
        ...
