"""What the index promises about cases from the field: whose they are, which bytes came, what is missing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from services.domain.study import Principal


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
