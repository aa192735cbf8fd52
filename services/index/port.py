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
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

from services.domain.errors import DifferentBytes
from services.domain.report import Origin, Report
from services.domain.study import Door, Principal, Role

# What ``StudyQuery.match`` may hold; anything else is InvalidInput.
MATCHABLE = (
    "StudyInstanceUID",  # one or several, separated by backslash or comma
    "PatientName",
    "PatientID",
    "PatientBirthDate",
    "PatientSex",
    "AccessionNumber",
    "StudyDate",  # ranges too: 20260101-20260131, -20260131, 20260101-
    "StudyTime",
    "StudyID",
    "StudyDescription",
    "ReferringPhysicianName",
    "ModalitiesInStudy",
)


class InstancesDiffer(DifferentBytes):
    """``sop_uids``: the instances of the request that contradict stored ones."""

    def __init__(self, sop_uids: tuple[str, ...]) -> None:
        super().__init__("An instance with this SOP Instance UID is stored with other content.")
        self.sop_uids = sop_uids


class JobState(StrEnum):
    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"  # failed for good; visible; can be run again


class StudyState(StrEnum):
    RECEIVED = "received"
    ANALYSING = "analysing"
    READY = "ready"
    FAILED = "failed"
    REVIEWED = "reviewed"


@dataclass(frozen=True, slots=True)
class NewInstance:
    """One stored object. ``attributes`` is DICOM JSON of what QIDO-RS answers (patient data included)."""

    series_uid: str
    sop_uid: str
    sop_class: str
    transfer_syntax: str
    modality: str
    sha256: str
    size: int
    rows: int
    columns: int
    frames: int
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Instance:
    study_id: str
    site: str
    study_uid: str
    received_at: datetime
    series_uid: str
    sop_uid: str
    sop_class: str
    transfer_syntax: str
    modality: str
    sha256: str
    size: int
    rows: int
    columns: int
    frames: int
    attributes: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Study:
    """One row of the worklist. ``score`` and ``reasons`` are the order of need without waiting time."""

    id: str
    site: str
    study_uid: str
    state: StudyState
    door: Door
    urgent: bool
    score: float
    reasons: tuple[str, ...]
    received_at: datetime
    instances: int
    latest_version: int  # 0: no result yet
    plane: str
    ga_days: float | None
    # Study-level DICOM JSON (patient data included), with ModalitiesInStudy and the numbers of
    # related series and instances filled in.
    attributes: dict[str, Any]
    error_code: str = ""


@dataclass(frozen=True, slots=True)
class Received:
    """The answer of ``studies.receive``: ``new`` False means that the very same bytes were there."""

    study_id: str
    sop_uid: str
    new: bool
    job_id: str | None


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    study_id: str
    site: str
    study_uid: str
    state: JobState
    urgent: bool
    attempts: int
    score: float
    created_at: datetime
    request_id: str
    lease_owner: str | None = None
    lease_until: datetime | None = None
    error_code: str = ""
    error_detail: str = ""
    finished_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Artefact:
    """A stored by-product of a result. ``kind``: mask, overlay, seg, sr, sr_obgyn, fhir, pdf, report."""

    kind: str
    sha256: str
    media_type: str
    size: int
    sop_uid: str = ""  # the frame it belongs to, or its own UID for DICOM objects
    frame: int = 0
    label: str = ""


@dataclass(frozen=True, slots=True)
class Result:
    """One version; append-only. ``based_on`` is the version that a review started from."""

    id: str
    study_id: str
    site: str
    version: int
    origin: Origin
    author: str
    created_at: datetime
    report: Report
    based_on: int | None = None
    job_id: str | None = None
    artefacts: tuple[Artefact, ...] = ()
    scores: dict[str, int] = field(
        default_factory=dict
    )  # FADA's 1 to 3: interpretation, annotation


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """Something to be sent after commit. ``topic``: analyse, webhook, push. ``payload``: ids only.

    ``analyse`` holds ``job_id``, ``urgent`` and ``request_id``: the arguments of Queue.send_analyse.
    """

    id: str
    topic: str
    payload: dict[str, Any]
    created_at: datetime
    attempts: int


@dataclass(frozen=True, slots=True)
class Event:
    """For SSE and webhooks. ``payload`` holds ids and codes, never patient data."""

    seq: int
    site: str
    # study.received, .analysing, .progress, .ready, .failed, .reviewed
    type: str
    study_id: str
    payload: dict[str, Any]
    created_at: datetime


@dataclass(frozen=True, slots=True)
class StudyQuery:
    """Filters of worklist and QIDO-RS. Text filters use DICOM matching (* and ? wildcards)."""

    study_uid: str | None = None
    match: dict[str, str] = field(default_factory=dict)  # keyword → pattern, e.g. PatientName
    states: tuple[StudyState, ...] = ()
    urgent: bool | None = None
    plane: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    text: str = ""  # free search over name, id, accession
    reason: str | None = None  # one of the codes of services.domain.priority
    by_need: bool = False  # else newest first
    limit: int = 100
    offset: int = 0


class Studies(Protocol):
    def receive(
        self,
        principal: Principal,
        study_uid: str,
        study_attributes: dict[str, Any],
        instances: list[NewInstance],
        *,
        door: Door,
        urgent: bool,
        request_id: str,
    ) -> list[Received]:
        """Store rows, at most one queued job for the study and its outbox row, and events.

        Same UID and hash again: ``new`` is False and nothing is written; ``job_id`` is then the
        study's latest job. The answers stand in the order of ``instances``. Without instances (a
        phone's report comes first) the study alone is made, and no job.
        Raises InstancesDiffer (a DifferentBytes) when a SOP Instance UID of this site has another
        hash, or belongs to another study. Then nothing of this call is written, but the
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


class Outbox(Protocol):
    def add(self, topic: str, payload: dict[str, Any], *, delay: float = 0.0) -> str: ...
    def claim(self, topic: str | None, limit: int, seconds: float = 30.0) -> list[OutboxRow]:
        """Rows that are due, oldest first, hidden from others for ``seconds``."""
        ...

    def get(self, row_id: str) -> OutboxRow: ...  # NotFound: it was done

    def done(self, *row_ids: str) -> None: ...
    def retry(self, row_id: str, delay: float, *, error: str) -> None: ...
    def pending(self, topic: str | None = None) -> int: ...


class Events(Protocol):
    """Numbered per site from 1, without gaps, in the order of commit: a reader misses none."""

    def since(
        self, site: str, seq: int, *, study_id: str | None = None, limit: int = 500
    ) -> list[Event]: ...
    def latest(self, site: str) -> int: ...
    def add(self, site: str, type: str, study_id: str, payload: dict[str, Any]) -> None: ...


@dataclass(frozen=True, slots=True)
class ApiKey:
    id: str
    site: str
    role: Role
    name: str
    created_at: datetime
    revoked_at: datetime | None = None
    last_used_at: datetime | None = None


class Keys(Protocol):
    """API keys: shown once, kept as a hash. Form: ``fada_<id>_<secret>``."""

    def create(self, site: str, role: Role, name: str) -> tuple[ApiKey, str]: ...
    def verify(self, key: str) -> Principal | None: ...
    def find(self, site: str | None) -> list[ApiKey]: ...
    def revoke(self, site: str | None, key_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Upload:
    """A tus upload. ``offset`` is durable; the bytes lie in the spool under ``id``."""

    id: str
    site: str
    owner: str
    length: int | None
    offset: int
    metadata: dict[str, str]
    created_at: datetime
    expires_at: datetime
    state: str  # open, complete, failed, expired
    outcome: dict[str, Any] = field(default_factory=dict)


class Uploads(Protocol):
    def create(
        self,
        principal: Principal,
        length: int | None,
        metadata: dict[str, str],
        expires_at: datetime,
    ) -> Upload: ...
    def get(self, site: str, upload_id: str) -> Upload: ...  # NotFound
    def advance(
        self, site: str, upload_id: str, expected: int, offset: int
    ) -> None: ...  # OffsetMismatch
    def set_length(self, site: str, upload_id: str, length: int) -> None: ...
    def finish(self, site: str, upload_id: str, state: str, outcome: dict[str, Any]) -> None: ...
    def expired(self, limit: int = 100) -> list[Upload]: ...
    def delete(self, site: str, upload_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Remembered:
    request_hash: str
    status: int
    body: bytes
    media_type: str


class Idempotency(Protocol):
    def find(self, site: str, key: str) -> Remembered | None: ...
    def keep(self, site: str, key: str, answer: Remembered, expires_at: datetime) -> None: ...
    def purge(self) -> int: ...


@dataclass(frozen=True, slots=True)
class AuditEntry:
    seq: int
    at: datetime
    site: str
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]


class Audit(Protocol):
    """Who did what. Append-only; holds ids, never patient data."""

    def add(
        self, principal: Principal, action: str, subject: str, detail: dict[str, Any] | None = None
    ) -> None: ...
    def find(
        self, site: str, *, subject: str | None = None, limit: int = 200, before: int | None = None
    ) -> list[AuditEntry]: ...


@dataclass(frozen=True, slots=True)
class Webhook:
    id: str
    site: str
    url: str
    secret: str  # Standard Webhooks, whsec_…
    events: tuple[str, ...]  # types; empty: all but study.progress
    created_at: datetime
    disabled: bool = False


class Webhooks(Protocol):
    def create(self, site: str, url: str, events: tuple[str, ...]) -> Webhook: ...
    def find(self, site: str) -> list[Webhook]: ...
    def get(self, webhook_id: str) -> Webhook: ...
    def delete(self, site: str, webhook_id: str) -> None: ...


@dataclass(frozen=True, slots=True)
class Device:
    """A phone bound to a site. ``public_key``: Ed25519, base64."""

    id: str
    site: str
    name: str
    public_key: str
    enrolled_at: datetime
    last_seen_at: datetime | None
    release: str
    revoked_at: datetime | None


class Devices(Protocol):
    def new_code(self, principal: Principal, seconds: float) -> str: ...  # one-time, kept as a hash
    def enrol(self, code: str, name: str, public_key: str) -> Device: ...  # NotFound, Gone
    def get(self, device_id: str) -> Device: ...
    def find(self, site: str) -> list[Device]: ...
    def seen(self, device_id: str, release: str) -> None: ...
    def revoke(self, site: str, device_id: str) -> None: ...


class Transaction(Protocol):
    studies: Studies
    jobs: Jobs
    results: Results
    outbox: Outbox
    events: Events
    keys: Keys
    uploads: Uploads
    idempotency: Idempotency
    audit: Audit
    webhooks: Webhooks
    devices: Devices


class Index(Protocol):
    """Raises IndexUnavailable when the database cannot be reached."""

    def begin(self) -> AbstractContextManager[Transaction]: ...
    def read(self) -> AbstractContextManager[Transaction]: ...
    def migrate(self) -> None: ...
    def ping(self) -> None: ...
    def close(self) -> None: ...
