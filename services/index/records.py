"""Studies, instances, jobs and results as the index returns them: frozen records, all of one site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum
from typing import Any

from services.domain.errors import DifferentBytes
from services.domain.examination.history import Visit
from services.domain.examination.source import Entry
from services.domain.patient import Identity
from services.domain.report import Origin, Report
from services.domain.study import IngestSource

# Counting further costs more than anybody reads: a list says "so many or more".
MOST_COUNTED = 10_000
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
    """One stored object with its study. ``attributes`` is DICOM JSON.

    ``replaced_version``: of FADA's own objects, the later version that has others in its place.
    """

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
    replaced_version: int | None = None
    corrected: dict[str, Any] | None = (
        None  # DICOM JSON that a person put in place of the object's own
    )


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
    patient_id: str | None = None
    pregnancy_id: str | None = None
    order_id: str | None = None
    withdrawn_at: datetime | None = None
    # She came with another woman's name, birth date or number: ``kind`` (patient, images, order),
    # ``fields``, ``patient_id`` of the record, ``received``, ``sop_uids``, ``order_id``.
    # None: nothing to decide.
    clash: dict[str, Any] | None = None
    corrected: dict[str, Any] | None = (
        None  # DICOM JSON ``was`` and ``now``, of a person's correction
    )
    claim: dict[str, Any] | None = None  # who reads this case: ``by``, ``name``, ``since``
    headline: dict[str, Any] | None = (
        None  # see ``services.domain.examination.examination.headline``
    )

    @property
    def held(self) -> bool:
        """Whether nothing of it may be sent out: withdrawn, or not known whose it is."""
        return self.withdrawn_at is not None or self.clash is not None

    @property
    def has_new_version(self) -> bool:
        """Whether a device or the hub has added a version after the signed one."""
        return self.newest_version > self.latest_version


@dataclass(frozen=True, slots=True)
class Patient:
    """A woman in the record of a site. ``name`` is DICOM PN text, ``birth_date`` ISO 8601 or empty."""

    id: str
    site: str
    number: str
    name: str
    birth_date: str
    created_at: datetime

    @property
    def identity(self) -> Identity:
        """Number, name and birth date."""
        return Identity(self.number, self.name, self.birth_date)


@dataclass(frozen=True, slots=True)
class FactsVersion:
    """What people entered about an examination; ``version`` 0: nothing yet. ``values``: see the API."""

    study_id: str
    version: int = 0
    author: str = ""
    at: datetime | None = None
    values: dict[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ExaminationRecord:
    """A study in its pregnancy: what people entered, and what its latest result measured."""

    study: Study
    facts: FactsVersion
    visit: Visit
    entries: Mapping[str, Entry] = field(default_factory=dict)  # of facts, by name

    @property
    def fetuses_told(self) -> tuple[datetime, int] | None:
        """(when, how many) as people entered here; None where nobody has."""
        count = self.facts.values.get("fetuses")
        if count is None:
            return None
        return self.facts.at or datetime.max.replace(tzinfo=UTC), int(count)


@dataclass(frozen=True, slots=True)
class Received:
    """The answer of ``studies.receive``: ``new`` False means that the very same bytes were there."""

    study_id: str
    sop_uid: str
    new: bool
    job_id: str | None


@dataclass(frozen=True, slots=True)
class Job:
    """One analysis of a study, with its lease and its last error.

    ``due_at``: it waits until then for further images of its study; None: it never did. ``available_at``:
    from when on a worker may have it, which is its place among those of its site. ``turns``: how often it
    gave way to others before it was done. ``trace``: W3C headers of the span that asked for it.
    """

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
    due_at: datetime | None = None
    turns: int = 0
    available_at: datetime | None = None
    trace: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Artefact:
    """A stored by-product of a result. ``kind``: mask, overlay, seg, sr, sr_obgyn, pdf_dicom, fhir."""

    kind: str
    sha256: str
    media_type: str
    size: int
    sop_uid: str = ""  # of the image it is about; a DICOM object's own is its instance's
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
    fuzzy: bool = False  # names in ``match`` by the beginnings of their words
    states: tuple[StudyState, ...] = ()
    urgent: bool | None = None
    plane: str | None = None
    received_from: datetime | None = None
    received_to: datetime | None = None
    text: str = ""  # free search over name, id, accession
    reason: str | None = None  # one of the codes of services.domain.triage
    by_need: bool = False  # else newest first
    day_from: date | None = None  # of the examination; of receipt where the header has no date
    day_to: date | None = None
    withdrawn: bool = False  # these alone, else the others alone
    limit: int = 100
    offset: int = 0
    after: str | None = (
        None  # the id of a study: those behind it in the order, at any depth as quick
    )
