"""What the index promises. One transaction is one ``with index.begin() as tx:`` block.

Every read takes the site. Records are frozen; identifiers made here are UUIDv7 strings.
Times are timezone-aware UTC. Methods that take a ``Principal`` and change something write their own
audit entry; what else is worth one (keys, exports) the caller adds.

``index.begin()`` may write: on SQLite it waits for other writers. ``index.read()`` may not, and
waits for nobody. Nothing is visible to others, and no event is numbered, before the block ends.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from typing import Any, Protocol

from services.domain.report import Origin, Report
from services.domain.study import IngestSource, Principal
from services.index.access.port import (
    ApiKey,
    Audit,
    AuditEntry,
    Device,
    Devices,
    Idempotency,
    Keys,
    Remembered,
    Share,
    Shares,
    Upload,
    Uploads,
    Webhook,
    Webhooks,
)
from services.index.clinical.port import (
    Case,
    CasePicture,
    Cases,
    CaseVersion,
)
from services.index.messaging.port import (
    Deliveries,
    Delivery,
    DeliveryState,
    Event,
    Events,
    Outbox,
    OutboxRow,
)
from services.index.records import (
    MATCHABLE,
    Artefact,
    Instance,
    InstancesDiffer,
    Job,
    JobState,
    NewInstance,
    Received,
    Result,
    Study,
    StudyQuery,
    StudyState,
)

__all__ = [
    "MATCHABLE",
    "ApiKey",
    "Artefact",
    "Audit",
    "AuditEntry",
    "Case",
    "CasePicture",
    "CaseVersion",
    "Cases",
    "Deliveries",
    "Delivery",
    "DeliveryState",
    "Device",
    "Devices",
    "Event",
    "Events",
    "Idempotency",
    "Index",
    "Instance",
    "InstancesDiffer",
    "Job",
    "JobState",
    "Jobs",
    "Keys",
    "NewInstance",
    "Outbox",
    "OutboxRow",
    "Received",
    "Remembered",
    "Result",
    "Results",
    "Share",
    "Shares",
    "Studies",
    "Study",
    "StudyQuery",
    "StudyState",
    "Transaction",
    "Upload",
    "Uploads",
    "Webhook",
    "Webhooks",
]


class Studies(Protocol):
    def receive(
        self,
        principal: Principal,
        study_uid: str,
        study_attributes: dict[str, Any],
        instances: list[NewInstance],
        *,
        source: IngestSource,
        urgent: bool,
        request_id: str,
    ) -> list[Received]:
        """Store rows, at most one queued job for the study and its outbox row, and events.

        Same UID and hash again: ``new`` is False and nothing is written; ``job_id`` is then the
        study's latest job. The answers stand in the order of ``instances``. Without instances (a
        phone's report comes first) the study alone is made, and no job.
        An instance that is a ``correction`` replaces the bytes of its UID within its study, and counts
        as new. Raises InstancesDiffer (a DifferentBytes) when another SOP Instance UID of this site has
        another hash, or one belongs to another study. Then nothing of this call is written, but the
        transaction goes on: call again without ``sop_uids``.

        Instances with ``frames`` 0 hold nothing to analyse (SR, SEG, FADA's own results come back as
        further series of the study): alone they make no job, and the study's state stays.
        """
        ...

    def get(self, site: str, study_id: str) -> Study: ...  # NotFound
    def by_uid(self, site: str, study_uid: str) -> Study: ...  # NotFound
    def find(self, site: str, query: StudyQuery) -> list[Study]: ...
    def count(self, site: str, query: StudyQuery) -> int: ...
    def series(
        self, site: str, study_uid: str
    ) -> list[dict[str, Any]]: ...  # DICOM JSON, with counts
    def instances(
        self,
        site: str,
        *,
        study_uid: str | None = None,
        series_uid: str | None = None,
        sop_uid: str | None = None,
        limit: int = 10_000,
        offset: int = 0,
    ) -> list[Instance]: ...
    def set_urgent(self, principal: Principal, study_id: str, urgent: bool) -> None: ...
    def referenced(self, sha256: Sequence[str]) -> set[str]:
        """Which of these hashes an instance or artefact of any site needs: the others are orphans."""
        ...


class Jobs(Protocol):
    def lease(self, job_id: str, owner: str, seconds: int) -> Job | None:
        """Take a queued job, or a leased one whose lease ran out (that counts as an attempt).

        None: done, dead, held by another, or another job of the study is running. In the last
        case the job is sent again when that one ends.
        """
        ...

    def renew(self, job_id: str, owner: str, seconds: int) -> None: ...  # LeaseLost
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

    def get(self, site: str | None, job_id: str) -> Job: ...
    def find(
        self,
        site: str | None,
        *,
        states: tuple[JobState, ...] = (),
        study_id: str | None = None,
        limit: int = 100,
    ) -> list[Job]: ...
    def run_again(self, principal: Principal, job_id: str) -> Job:
        """A dead job (or the study's job that is already queued) is queued. Raises Conflict."""
        ...

    def requeue_expired(self, limit: int = 100, *, attempts: int = 3) -> int:
        """Leases that ran out are a failed attempt (``worker_lost``): queued again, or dead."""
        ...

    def resend_stale(self, older_than: float, limit: int = 500) -> int:
        """Queued jobs whose task may be lost (broker emptied): a new outbox row each."""
        ...

    def depth(self) -> dict[str, int]: ...  # state → count


class Results(Protocol):
    def versions(self, site: str, study_id: str) -> list[Result]: ...
    def get(
        self, site: str, study_id: str, version: int | None = None
    ) -> Result: ...  # None: latest
    def add(
        self,
        principal: Principal,
        study_id: str,
        report: Report,
        artefacts: list[Artefact],
        *,
        origin: Origin,
        based_on: int | None,
        scores: dict[str, int] | None = None,
        score: float | None = None,
        reasons: tuple[str, ...] | None = None,
    ) -> Result:
        """A further version (review, phone). It is kept even when ``based_on`` is not the version
        before it: the caller sees ``result.based_on != result.version - 1`` and says so, with
        StaleVersion, **after** the transaction. ``score`` and ``reasons`` change the study's place
        in the order of need. Raises NotFound."""
        ...

    def artefact(self, site: str, sha256: str) -> Artefact: ...  # NotFound in another site


class Transaction(Protocol):
    """One transaction's view of every table."""

    @property
    def studies(self) -> Studies:
        """Studies and their instances."""
        ...

    @property
    def jobs(self) -> Jobs:
        """Analysis jobs."""
        ...

    @property
    def results(self) -> Results:
        """Result versions."""
        ...

    @property
    def cases(self) -> Cases:
        """Cases from the field."""
        ...

    @property
    def shares(self) -> Shares:
        """Share links."""
        ...

    @property
    def outbox(self) -> Outbox:
        """Messages to be sent."""
        ...

    @property
    def deliveries(self) -> Deliveries:
        """Deliveries to the outside."""
        ...

    @property
    def events(self) -> Events:
        """What happened."""
        ...

    @property
    def keys(self) -> Keys:
        """API keys."""
        ...

    @property
    def uploads(self) -> Uploads:
        """Resumable uploads."""
        ...

    @property
    def idempotency(self) -> Idempotency:
        """Answers kept for a retried request."""
        ...

    @property
    def audit(self) -> Audit:
        """Who did what."""
        ...

    @property
    def webhooks(self) -> Webhooks:
        """Subscribers outside."""
        ...

    @property
    def devices(self) -> Devices:
        """Enrolled phones."""
        ...


class Index(Protocol):
    """Raises IndexUnavailable when the database cannot be reached."""

    def begin(self) -> AbstractContextManager[Transaction]: ...
    def read(self) -> AbstractContextManager[Transaction]: ...
    def migrate(self) -> None: ...
    def ping(self) -> None: ...
    def close(self) -> None: ...
