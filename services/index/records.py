"""Studies, instances, jobs and results as the index returns them: frozen records, all of one site."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any

from services.domain.errors import DifferentBytes
from services.domain.report import Origin, Report
from services.domain.study import IngestSource

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
    """Where a job stands."""

    QUEUED = "queued"
    LEASED = "leased"
    DONE = "done"
    DEAD = "dead"  # failed for good; visible; can be run again


class StudyState(StrEnum):
    """Where a study stands, as the worklist shows it."""

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
    # A picture sent again with other words about it (scale, name): the newest hold. Made by the hub
    # from the same picture, so other bytes of the same instance are no contradiction.
    correction: bool = False


@dataclass(frozen=True, slots=True)
class Instance:
    """One stored object with its study. ``attributes`` is DICOM JSON."""

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
    source: IngestSource
    urgent: bool
    score: float
    reasons: tuple[str, ...]
    received_at: datetime
    instances: int
    latest_version: int  # shown and shared; 0: no result yet
    plane: str
    ga_days: float | None
    # Study-level DICOM JSON (patient data included), with ModalitiesInStudy and the numbers of
    # related series and instances filled in.
    attributes: dict[str, Any]
    error_code: str = ""
    newest_version: int = (
        0  # above ``latest_version``: made after a signature, and not looked at yet
    )
    signed_version: int = 0  # 0: nobody has signed

    @property
    def has_new_version(self) -> bool:
        """Whether a device or the hub has added a version after the signed one."""
        return self.newest_version > self.latest_version


@dataclass(frozen=True, slots=True)
class Received:
    """The answer of ``studies.receive``: ``new`` False means that the very same bytes were there."""

    study_id: str
    sop_uid: str
    new: bool
    job_id: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """One analysis of a study, with its lease and its last error."""

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
    reason: str | None = None  # one of the codes of services.domain.triage
    by_need: bool = False  # else newest first
    limit: int = 100
    offset: int = 0
