"""What the index promises about storage commitment."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.commitment import CommitmentReport, Reference
from services.domain.study import Principal
from services.index.messaging.deliveries_port import Delivery


@dataclass(frozen=True, slots=True)
class CommitmentRequest:
    """A transaction with a PACS. ``accepted_at``: it took the request, ``answered_at``: it reported;
    ``waited``: seconds since it took it."""

    transaction_uid: str
    site: str
    delivery_id: str
    aet: str
    objects: tuple[str, ...]
    superseded: bool
    created_at: datetime
    accepted_at: datetime | None
    answered_at: datetime | None
    waited: float = 0.0


@dataclass(frozen=True, slots=True)
class CommitmentQuestion:
    """What a machine wants to know of the hub."""

    id: str
    site: str
    caller: str
    transaction_uid: str
    objects: tuple[Reference, ...]
    attempts: int
    received_at: datetime
    next_attempt_at: datetime


class Commitments(Protocol):
    """Requests are of deliveries and end with them."""

    def request(self, delivery: Delivery, aet: str, objects: Sequence[str]) -> CommitmentRequest:
        """A new transaction about these SOP Instance UIDs, written before it is sent."""
        ...

    def accepted(self, transaction_uid: str) -> None:
        """The PACS has taken the request."""
        ...

    def of_delivery(self, delivery_id: str) -> list[CommitmentRequest]:
        """Those that a person has not superseded by a further run, oldest first."""
        ...

    def answered(self, aet: str, report: CommitmentReport) -> None:
        """The objects are committed or not, and the delivery goes on. Again the same: nothing.

        Raises NotFound: nothing was asked of this AE title as that transaction.
        """
        ...

    def awaits(self, delivery_id: str, code: str, seconds: float) -> bool:
        """The delivery waits ``seconds`` for a report. False: it has come meanwhile."""
        ...

    def awaited_from(self) -> list[str]:
        """AE titles, of all sites, that have not reported."""
        ...

    def ask(
        self, principal: Principal, caller: str, uid: str, objects: Sequence[Reference]
    ) -> None:
        """A machine's question is kept until it was answered; the same transaction again is one."""
        ...

    def question(self, site: str, caller: str, uid: str) -> CommitmentQuestion:
        """Raises NotFound."""
        ...

    def take_due(self, limit: int, seconds: float) -> list[CommitmentQuestion]:
        """Questions to be answered now, hidden from others for ``seconds``; an attempt is counted."""
        ...

    def postpone(self, question_id: str, seconds: float) -> None:
        """Its machine cannot be reached: again in ``seconds``."""
        ...

    def told(self, principal: Principal, question_id: str, held: int, missing: int) -> None:
        """The machine has its answer."""
        ...

    def purge(self, older_than: float) -> int:
        """Requests without their delivery, and questions that nobody could be told in so many s."""
        ...
