"""What the index promises about studies, their results, and cases from the field."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from services.domain.report import Origin, Report
from services.domain.study import IngestSource, Principal
from services.index.records import (
    Artefact,
    Instance,
    NewInstance,
    Received,
    Result,
    Study,
    StudyQuery,
)


@dataclass(frozen=True, slots=True)
class CasePicture:
    """A picture as a report announces it. ``size`` in bytes."""

    sha256: str
    size: int
    media_type: str


@dataclass(frozen=True, slots=True)
class Case:
    """As the report that came first described it. ``pixel_mm``: width and height of a pixel in mm.

    ``pictures`` are those of that report; ``study_date`` is YYYYMMDD or empty.
    """

    id: str
    owner: str
    study_uid: str
    pictures: tuple[CasePicture, ...]
    urgent: bool = False
    pixel_mm: tuple[float, float] | None = None
    patient_name: str = ""
    patient_id: str = ""
    study_date: str = ""


@dataclass(frozen=True, slots=True)
class CaseVersion:
    """One version of a case's report. ``sha256``: of its bytes; ``pictures``: of those that it names.

    ``result_version``: what it became among the study's results; 0 when it held no report.
    """

    number: int
    study_id: str
    sha256: str
    pictures: tuple[CasePicture, ...]
    result_version: int


class Cases(Protocol):
    """A case may come twice, late and in pieces; the first bytes of a version stay."""

    def open(self, site: str, case: Case) -> Case:
        """The stored case, stored now if it is new. Raises Conflict when another owner has this id."""
        ...

    def get(self, principal: Principal, case_id: str) -> Case:
        """The caller's own case. Raises NotFound, also for another's."""
        ...

    def of_study(self, site: str, study_id: str) -> list[Case]:
        """Oldest first. Several, where DICOM files of one examination came as several cases."""
        ...

    def version(self, site: str, case_id: str, number: int) -> CaseVersion:
        """Its pictures' sizes and types are those that were announced first. Raises NotFound."""
        ...

    def known_version(
        self, site: str, case_id: str, number: int, sha256: str
    ) -> CaseVersion | None:
        """The version, when these very bytes came before; None: it is new. Raises DifferentBytes."""
        ...

    def add_version(self, site: str, case_id: str, version: CaseVersion) -> None:
        """Raises DifferentBytes when this number is stored with another hash; equal bytes are fine."""
        ...

    def arrived(self, site: str, case_id: str, sha256: str, sop_uid: str) -> None:
        """A picture of the case lies in the object store, as the instance ``sop_uid``."""
        ...

    def missing(self, site: str, case_id: str, number: int | None = None) -> list[str]:
        """SHA-256 of pictures that have not arrived: the opening report's, and those of a version."""
        ...


class Studies(Protocol):
    """What came in, and the worklist."""

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

    def get(self, site: str, study_id: str) -> Study:
        """Raises NotFound."""
        ...

    def by_uid(self, site: str, study_uid: str) -> Study:
        """By Study Instance UID. Raises NotFound."""
        ...

    def find(self, site: str, query: StudyQuery) -> list[Study]:
        """A page of the worklist. Raises InvalidInput for a key that cannot be matched."""
        ...

    def count(self, site: str, query: StudyQuery) -> int:
        """How many ``find`` would list without limit; from ``MOST_COUNTED`` on that number. Raises
        InvalidInput."""
        ...

    def fill_words(self, limit: int) -> int:
        """Take studies that came or were changed since into the index of words, behind their receipt; how
        many. Searches look at the others themselves. 0 where the database indexes by itself."""
        ...

    def words_waiting(self) -> bool:
        """Whether ``fill_words`` has anything to do."""
        ...

    def series(self, site: str, study_uid: str) -> list[dict[str, Any]]:
        """DICOM JSON of each series, with its number of instances, replaced ones aside. Raises NotFound."""
        ...

    def instances(
        self,
        site: str,
        *,
        study_uid: str | None = None,
        series_uid: str | None = None,
        sop_uid: str | None = None,
        replaced: bool = True,
        limit: int = 10_000,
        offset: int = 0,
    ) -> list[Instance]:
        """Those that fit every UID that is given, in the order of receipt; with ``replaced`` False
        without objects that a later version has replaced."""
        ...

    def held(self, study_ids: Collection[str]) -> set[str]:
        """Those of which nothing may be sent out: withdrawn, or not known whose they are."""
        ...

    def withdraw(self, principal: Principal, study_id: str, reason: str) -> None:
        """It leaves worklist, QIDO-RS and deliveries, and can be restored. Raises NotFound."""
        ...

    def restore(self, principal: Principal, study_id: str) -> None:
        """It is back; results are sent again. Raises NotFound."""
        ...

    def claim(self, principal: Principal, study_id: str, name: str | None) -> None:
        """``name`` reads this case, which locks nothing; nobody with None. Raises NotFound."""
        ...

    def is_own(self, principal: Principal, study_id: str) -> bool:
        """Whether the caller may reach the study: a phone those that it made or has a case of."""
        ...

    def set_urgent(self, principal: Principal, study_id: str, urgent: bool) -> None:
        """The study, its queued job, and its place in the worklist. Raises NotFound."""
        ...

    def complete(self, principal: Principal, study_id: str) -> str | None:
        """All images of the study are there: it is read now, and not after its quiet time.

        The id of the job that will read it; None when nothing waits. Raises NotFound.
        """
        ...

    def referenced(self, sha256: Sequence[str]) -> set[str]:
        """Which of these hashes an instance or artefact of any site needs: the others are orphans."""
        ...


class Results(Protocol):
    """Versions of a study's report; they are added and never changed."""

    def versions(self, site: str, study_id: str) -> list[Result]:
        """Oldest first."""
        ...

    def get(self, site: str, study_id: str, version: int | None = None) -> Result:
        """A version; the latest with None. Raises NotFound."""
        ...

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

    def artefact(self, site: str, sha256: str) -> Artefact:
        """Raises NotFound, also in another site."""
        ...

    def study_of_artefact(self, site: str, sha256: str) -> str:
        """The id of the study that it was made for last. Raises NotFound, also in another site."""
        ...


class Previews(Protocol):
    """Small copies of frames of a case, until the pictures themselves are here."""

    def keep(
        self, case: Case, study_id: str, site: str, sop_uid: str, frame: int, jpeg: bytes
    ) -> bool:
        """False where the image itself is here, or a preview of the frame."""
        ...

    def of_study(self, site: str, study_id: str) -> list[tuple[str, int]]:
        """(SOP Instance UID, frame) of images that are not here, in order."""
        ...

    def get(self, site: str, study_id: str, sop_uid: str, frame: int) -> bytes:
        """A JPEG. Raises NotFound."""
        ...

    def count(self, principal: Principal, case_id: str) -> int:
        """How many of a case are kept."""
        ...

    def arrived(self, site: str, sop_uid: str) -> None:
        """The image is here: its previews go."""
        ...


class Objects(Protocol):
    """The store's owner, and the objects that nothing references: they wait before they are deleted."""

    def identity(self) -> str:
        """This index's own UUID, made when it is first asked for. Writes."""
        ...

    def quarantine(self, objects: Iterable[tuple[str, str]]) -> int:
        """Mark (site, SHA-256); those marked before keep their time. How many are new."""
        ...

    def quarantined(self, seconds: float = 0.0) -> list[tuple[str, str]]:
        """(site, SHA-256) of what has been marked for at least ``seconds``."""
        ...

    def release(self, objects: Iterable[tuple[str, str]]) -> int:
        """Remove the marks; how many there were."""
        ...
