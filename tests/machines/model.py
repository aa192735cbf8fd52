"""What the index should hold, in plain Python: studies, their jobs and versions, and what was delivered."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from services.domain.report import Origin
from services.index.port import DeliveryState, JobState

ATTEMPTS = 3


@dataclass
class ModelJob:
    """``sees``: the images that were there when its lease began."""

    id: str
    study: str
    state: JobState = JobState.QUEUED
    owner: str | None = None
    until: datetime | None = None
    attempts: int = 0
    superseded: bool = False
    sees: frozenset[str] = frozenset()

    def is_held_by(self, owner: str) -> bool:
        return self.state is JobState.LEASED and self.owner == owner

    def is_live(self, now: datetime) -> bool:
        return self.state is JobState.LEASED and self.until is not None and self.until > now

    def is_over(self, now: datetime) -> bool:
        return self.state is JobState.LEASED and not self.is_live(now)

    @property
    def has_result(self) -> bool:
        return self.state is JobState.DONE and not self.superseded

    def supersede(self) -> None:
        self.state, self.until, self.superseded = JobState.DONE, None, True


@dataclass
class ModelVersion:
    origin: Origin
    signed: bool
    job: str | None


@dataclass
class ModelStudy:
    """``held``: SOP Instance UID to SHA-256; ``read``: images in a job's result."""

    id: str
    uid: str
    held: dict[str, str] = field(default_factory=dict)
    read: set[str] = field(default_factory=set)
    versions: list[ModelVersion] = field(default_factory=list)
    latest: int = 0
    urgent: bool = False

    @property
    def signed(self) -> int:
        return max((n for n, one in enumerate(self.versions, 1) if one.signed), default=0)

    def add(self, version: ModelVersion) -> None:
        """Once a person has signed, only the next signature changes what is shown."""
        shown = version.signed or not self.signed
        self.versions.append(version)
        if shown:
            self.latest = len(self.versions)


@dataclass
class Model:
    studies: dict[str, ModelStudy] = field(default_factory=dict)
    jobs: dict[str, ModelJob] = field(default_factory=dict)
    deliveries: dict[str, DeliveryState] = field(default_factory=dict)

    def of(self, study: str, *states: JobState) -> list[ModelJob]:
        """The study's jobs in these states, newest last."""
        jobs = [one for one in self.jobs.values() if one.study == study and one.state in states]
        return sorted(jobs, key=lambda one: one.id)

    def queued(self, study: str) -> ModelJob | None:
        jobs = self.of(study, JobState.QUEUED)
        assert len(jobs) <= 1
        return jobs[0] if jobs else None

    def can_lease(self, job: ModelJob, now: datetime) -> bool:
        """Queued, or left by its worker; and nobody is at work on the study."""
        if job.state is not JobState.QUEUED and not job.is_over(now):
            return False
        return not any(one.is_live(now) for one in self.of(job.study, JobState.LEASED))

    def lease(self, job: ModelJob, owner: str, now: datetime, seconds: int) -> None:
        job.attempts += job.is_over(now)
        for other in self.of(job.study, JobState.LEASED):
            if other is not job:  # its worker is gone, and this job reads all that it read
                job.attempts = max(job.attempts, other.attempts + 1)
                other.supersede()
        job.state, job.owner = JobState.LEASED, owner
        job.until = now + timedelta(seconds=seconds)

    def queue_again(self, job: ModelJob) -> None:
        """A further job of the study, if there is one, reads what this one would have."""
        sibling = self.queued(job.study)
        if sibling is None:
            job.state, job.owner, job.until = JobState.QUEUED, None, None
        else:
            sibling.attempts = max(sibling.attempts, job.attempts)
            job.supersede()

    def fail(self, job: ModelJob, *, retryable: bool) -> None:
        job.attempts += 1
        if retryable and job.attempts < ATTEMPTS:
            self.queue_again(job)
        else:
            job.state, job.until = JobState.DEAD, None
