"""What the index promises about deliveries to receivers outside."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from services.domain.study import Principal
from services.domain.work import DeliveryKind


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; visible; can be run again


class ObjectState(StrEnum):
    """What a destination made of one object."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    COMMITTED = "committed"  # the receiver vouches for it (storage commitment)
    COMMITMENT_FAILED = "commitment_failed"  # it has not kept it: it is sent anew
    REFUSED = "refused"  # trying again does not help until the receiver is changed


@dataclass(frozen=True, slots=True)
class ObjectOutcome:
    """One object of a delivery. ``kind`` is an artefact's; ``code`` says what the receiver minded."""

    sop_uid: str
    kind: str
    state: ObjectState
    code: str = ""


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something for one receiver outside: an event for a webhook, or a result for a destination.

    ``error_code`` is that of the last attempt, empty after a success. ``results`` says what a result
    is (``services.domain.routing.ResultKind``); without ``version`` its study could not be read.
    """

    id: str
    site: str
    kind: DeliveryKind
    study_id: str
    state: DeliveryState
    attempts: int
    error_code: str
    created_at: datetime
    next_attempt_at: datetime
    finished_at: datetime | None = None
    webhook_id: str | None = None
    event_seq: int | None = None
    version: int | None = None
    destination_id: str | None = None
    results: tuple[str, ...] = ()
    objects: tuple[ObjectOutcome, ...] = ()


class Deliveries(Protocol):
    """Made by the index itself, with the event that causes them and only where there is a receiver."""

    def start(self, delivery_id: str, seconds: float) -> Delivery | None:
        """Count an attempt, and keep others from it for ``seconds``. None: it is not due (any more)."""
        ...

    def postpone(self, delivery_id: str, seconds: float) -> None:
        """Its receiver is busy: later, and no attempt is counted."""
        ...

    def next_of(self, receiver: str) -> str | None:
        """The oldest that waits for this webhook or destination and was not tried yet."""
        ...

    def make_due(self, delivery_id: str) -> None:
        """A delivery that was postponed may be taken now."""
        ...

    def note_objects(self, delivery_id: str, objects: tuple[ObjectOutcome, ...]) -> None:
        """What became of each object so far."""
        ...

    def reported(self, delivery_id: str, whole: bool) -> None:
        """The receiver has said whether it keeps the objects: a delivery that waits is tried now, and one
        that was given up for want of that word is done, where it keeps them all (``whole``)."""
        ...

    def delivered(self, delivery_id: str) -> None:
        """The receiver has it."""
        ...

    def failed(self, delivery_id: str, code: str, *, delay: float | None) -> None:
        """Waiting for its next attempt in ``delay`` s (an outbox row); without one, dead."""
        ...

    def drop(self, delivery_id: str) -> None:
        """There is no such receiver any more."""
        ...

    def get(self, site: str | None, delivery_id: str) -> Delivery:
        """Raises NotFound."""
        ...

    def find(
        self,
        site: str | None,
        *,
        states: tuple[DeliveryState, ...] = (),
        study_id: str | None = None,
        limit: int = 100,
    ) -> list[Delivery]:
        """Newest first."""
        ...

    def run_again(self, principal: Principal, delivery_id: str) -> Delivery:
        """A dead delivery waits again, with no attempt counted; objects that the receiver has are not
        sent again. Raises NotFound, Conflict."""
        ...

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        """Waiting deliveries, due for longer than ``older_than`` s and without message: send again."""
        ...

    def purge(self, older_than: float) -> int:
        """Forget what was delivered more than ``older_than`` s ago. Dead ones stay."""
        ...

    def depth(self) -> dict[str, int]:
        """State to count, of all sites."""
        ...
