"""What the index promises about jobs, the outbox, deliveries to the outside, and events."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from services.domain.report import Report
from services.domain.study import Principal
from services.domain.work import DeliveryKind
from services.index.records import Artefact, Job, JobState, Result


class Jobs(Protocol):
    """Work on studies: one queued job a study, leases, bounded attempts."""

    def lease(self, job_id: str, owner: str, seconds: int) -> Job | None:
        """Take a queued job, or a leased one whose lease ran out (that counts as an attempt).

        None: done, dead, held by another, or another job of the study is running. In the last
        case the job is sent again when that one ends.
        """
        ...

    def renew(self, job_id: str, owner: str, seconds: int) -> None:
        """For another ``seconds`` from now. Raises LeaseLost."""
        ...

    def release(self, job_id: str, owner: str, *, delay: float = 0.0) -> None:
        """Give back without counting an attempt (back-pressure).

        An outbox row sends it again after ``delay`` s.
        """
        ...

    def fail(
        self, job_id: str, owner: str, code: str, detail: str, *, attempts: int, retryable: bool
    ) -> JobState:
        """Count an attempt: queued again (outbox row, growing delay) or, after ``attempts``, dead.

        When newer instances have queued a further job of the study, that one goes on with the
        attempts of this one, and this one is done with code ``superseded``. Raises LeaseLost.
        """
        ...

    def finish(
        self,
        job_id: str,
        owner: str,
        report: Report,
        artefacts: list[Artefact],
        *,
        score: float,
        reasons: tuple[str, ...],
    ) -> Result:
        """The result version, the study's state and score, its events and its outbox rows, in one.
        Idempotent by job id. Raises LeaseLost when ``owner`` no longer holds the lease."""
        ...

    def get(self, site: str | None, job_id: str) -> Job:
        """Of any site with None. Raises NotFound."""
        ...

    def find(
        self,
        site: str | None,
        *,
        states: tuple[JobState, ...] = (),
        study_id: str | None = None,
        limit: int = 100,
    ) -> list[Job]:
        """Newest first; of any site with None."""
        ...

    def run_again(self, principal: Principal, job_id: str) -> Job:
        """A dead job (or the study's job that is already queued) is queued. Raises Conflict."""
        ...

    def requeue_expired(self, limit: int = 100, *, attempts: int = 3) -> int:
        """Leases that ran out are a failed attempt (``worker_lost``): queued again, or dead."""
        ...

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        """Queued jobs whose task may be lost (broker emptied): a new outbox row each."""
        ...

    def depth(self) -> dict[str, int]:
        """State to count, of all sites."""
        ...


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A message that is to be sent after commit. ``payload``: ids only, never patient data.

    ``topic`` is a ``services.domain.work.Work``, ``subject`` the id of the job or delivery.
    """

    id: str
    topic: str
    subject: str
    payload: dict[str, Any]
    created_at: datetime
    attempts: int


class Outbox(Protocol):
    """A row stays until it was sent; whoever claims it has it for a while."""

    def add(
        self, topic: str, payload: dict[str, Any], *, delay: float = 0.0, subject: str = ""
    ) -> str:
        """The id of a new row, due in ``delay`` s."""
        ...

    def claim(self, topic: str | None, limit: int, seconds: float = 30.0) -> list[OutboxRow]:
        """Rows that are due, oldest first, hidden from others for ``seconds``."""
        ...

    def done(self, *row_ids: str) -> None:
        """Remove rows that were sent."""
        ...

    def retry(self, row_id: str, delay: float, *, error: str) -> None:
        """Due again in ``delay`` s. ``error`` is a code."""
        ...

    def pending(self, topic: str | None = None) -> int:
        """How many rows wait, due or not."""
        ...


class DeliveryState(StrEnum):
    """Where a delivery stands."""

    WAITING = "waiting"
    DELIVERED = "delivered"
    DEAD = "dead"  # given up; visible; can be run again


@dataclass(frozen=True, slots=True)
class Delivery:
    """Something for one receiver outside: an event for a webhook, or a result's version for a PACS.

    ``error_code`` is that of the last attempt, empty after a success.
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


class Deliveries(Protocol):
    """Made by the index itself, with the event that causes them and only where there is a receiver."""

    def start(self, delivery_id: str, seconds: float) -> Delivery | None:
        """Count an attempt, and keep others from it for ``seconds``. None: it is not due (any more)."""
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
        """A dead delivery waits again, with no attempt counted. Raises NotFound, Conflict."""
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


@dataclass(frozen=True, slots=True)
class Event:
    """For SSE and webhooks. ``payload`` holds ids and codes, never patient data."""

    seq: int
    site: str
    type: str  # a key of services.domain.work.EVENTS
    study_id: str
    payload: dict[str, Any]
    created_at: datetime


class Events(Protocol):
    """Numbered per site from 1, without gaps, in the order of commit: a reader misses none."""

    def since(
        self, site: str, seq: int, *, study_id: str | None = None, limit: int = 500
    ) -> list[Event]:
        """Those after ``seq``, oldest first."""
        ...

    def latest(self, site: str) -> int:
        """The highest number; 0 when there is none."""
        ...

    def add(self, site: str, type: str, study_id: str, payload: dict[str, Any]) -> None:
        """Written at the end of the transaction, with the deliveries that it causes."""
        ...
