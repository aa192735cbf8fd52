"""What the index promises about jobs, the outbox, events and their subscribers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from services.domain.report import Report
from services.domain.study import Principal
from services.index.records import Artefact, Job, JobState, Result


class Jobs(Protocol):
    """Work on studies: one queued job a study, leases, bounded attempts."""

    def lease(self, job_id: str, owner: str, seconds: int) -> Job | None:
        """Take a queued job, or a leased one whose lease ran out (that counts as an attempt).

        None: done, dead, held by another, not due yet, or another job of the study is running. In
        the last two cases the job is sent again when it is due, or when that one ends. Another whose
        lease ran out is done with code ``superseded``: this one reads all that it would have read.
        """
        ...

    def lease_next(self, named: str, owner: str, seconds: int, *, patience: float) -> Job | None:
        """What a worker gets for a message, which says only that some job waits: the one whose turn it
        is. Urgent ones come first; then the site whose last turn is longest ago, and of its jobs the one
        that has waited longest. A site whose routine jobs had no turn for ``patience`` s gets one before
        the urgent. Each queued job has a message, so each message begins one.

        None: no job waits, or the one ``named`` is not due yet; then it is sent again when it is.
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

    def note(self, job_id: str, owner: str, seconds: int, frames: Sequence[ReadFrame]) -> None:
        """What was read by now, so that nobody reads it again. Renews the lease for ``seconds``, and
        counts attempts anew: they are those since the last progress. Raises LeaseLost."""
        ...

    def is_awaited(self, job_id: str, *, patient: bool) -> bool:
        """Whether this running job should let others run: those that had no turn yet, and urgent ones;
        with ``patient`` False any. A routine job never holds up an urgent one."""
        ...

    def give_way(self, job_id: str, owner: str, *, delay: float) -> None:
        """Back into the queue, after a turn in which it was not finished. An outbox row sends it again
        after ``delay`` s, should nobody do it before. Raises LeaseLost."""
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

    def extend_after_outage(self, away: float, seconds: int) -> set[tuple[str, str]]:
        """After the index was away for ``away`` seconds: give the leases that ran out meanwhile another
        ``seconds``, so that their workers can renew them. Job and owner of each."""
        ...

    def requeue_expired(
        self,
        limit: int = 100,
        *,
        attempts: int = 3,
        uncounted: Collection[tuple[str, str | None]] = (),
    ) -> int:
        """Leases that ran out are a failed attempt (``worker_lost``): queued again, or dead. Those
        ``uncounted`` (job, owner) were lost to an outage: queued again, and no attempt is counted."""
        ...

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        """Queued jobs whose task may be lost (broker emptied): a new outbox row each."""
        ...

    def bound_moments(self, lease_seconds: int, quiet_seconds: float) -> int:
        """Bring back leases, jobs, outbox rows and deliveries that lie further ahead than any is ever
        put, since a clock was ahead for a while. How many."""
        ...

    def depth(self) -> dict[str, int]:
        """State to count, of all sites."""
        ...


@dataclass(frozen=True, slots=True)
class ReadFrame:
    """A frame that was read, or with ``frame`` 0 an instance that was opened; ``content`` is JSON.

    ``sha256``: of the instance's bytes, ``release``: of the manifest of the release that read it.
    """

    sop_uid: str
    frame: int
    sha256: str
    release: str
    content: str


class Progress(Protocol):
    """What has been read of a study whose job is not done. ``Jobs.note`` writes, ``finish`` clears."""

    def of_study(self, site: str, study_id: str) -> list[ReadFrame]:
        """In the order of instance and frame."""
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

    def drop(self, topic: str, subject: str) -> None:
        """Remove the rows about ``subject``: they are not needed any more."""
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


@dataclass(frozen=True, slots=True)
class Webhook:
    """A subscriber of a site's events."""

    id: str
    site: str
    url: str
    secret: str  # Standard Webhooks, whsec_…
    events: tuple[str, ...]  # types; empty: all but study.progress
    created_at: datetime
    disabled: bool = False


class Webhooks(Protocol):
    """The subscribers of each site."""

    def create(self, site: str, url: str, events: tuple[str, ...]) -> Webhook:
        """With a new secret, which the caller shows once."""
        ...

    def find(self, site: str) -> list[Webhook]:
        """Oldest first."""
        ...

    def get(self, webhook_id: str) -> Webhook:
        """Of any site. Raises NotFound."""
        ...

    def delete(self, site: str, webhook_id: str) -> None:
        """What waits for it is not delivered any more. Raises NotFound."""
        ...
