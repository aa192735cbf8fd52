"""What the index promises about erasure and retention."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from services.domain.study import Principal


@dataclass(frozen=True, slots=True)
class Erasure:
    """Something that was erased. ``kind``: patient, study or retention; ``subject``: its id.

    ``removed``: rows by table. ``receivers``: names of those outside that had been sent results of it.
    ``objects`` went or go from the store, ``waiting`` of them are still there, ``shared`` stay because
    another study has the same bytes. ``phones``: (subject of the phone, cases that it was asked to forget,
    those that it says it has forgotten). ``finished_at``: None while objects wait.
    """

    id: str
    site: str
    kind: str
    subject: str
    actor: str
    reason: str
    asked_at: datetime
    finished_at: datetime | None
    removed: dict[str, int]
    receivers: tuple[str, ...]
    studies: tuple[str, ...] = ()
    objects: int = 0
    waiting: int = 0
    shared: int = 0
    phones: tuple[tuple[str, int, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Retention:
    """Days since a study was received, after which it is erased; None: never."""

    reviewed_days: int | None = None
    withdrawn_days: int | None = None
    actor: str = ""
    changed_at: datetime | None = None


class Erasures(Protocol):
    """Studies that go with all that is known of them. Audited; the audit trail itself stays."""

    def of_patient(self, principal: Principal, patient_id: str, reason: str) -> Erasure:
        """All her studies and her record. Raises NotFound; Conflict: one of them is being read."""
        ...

    def of_study(
        self, principal: Principal, study_id: str, reason: str, *, kind: str = "study"
    ) -> Erasure:
        """One study. Raises NotFound; Conflict: it is being read."""
        ...

    def get(self, site: str, erasure_id: str) -> Erasure:
        """Raises NotFound."""
        ...

    def find(self, site: str, limit: int = 100) -> list[Erasure]:
        """Newest first."""
        ...

    def waiting_objects(self, limit: int = 500) -> list[tuple[str, str, str, bool]]:
        """(erasure, site, SHA-256, whether the site needs it still) of what is to go from the store."""
        ...

    def object_gone(self, erasure_id: str, sha256: str, *, kept: bool) -> None:
        """It went, or stays because another study has it. The last one finishes the erasure."""
        ...

    def to_forget(self, principal: Principal) -> list[str]:
        """Ids of the caller's cases that were erased, and that it has not said to have forgotten."""
        ...

    def is_erased(self, site: str, case_id: str) -> bool:
        """Whether this case was erased: it is not taken again."""
        ...

    def forgotten(self, principal: Principal, case_id: str) -> None:
        """The caller has erased its copy of a case. Raises NotFound: it was not asked to."""
        ...

    def retention(self, site: str) -> Retention:
        """How long the site keeps its studies; for ever where nothing was said."""
        ...

    def set_retention(
        self, principal: Principal, reviewed_days: int | None, withdrawn_days: int | None
    ) -> Retention:
        """For the caller's site, audited."""
        ...

    def over(self, limit: int = 20) -> list[tuple[str, str]]:
        """(site, study) of studies whose time is over: signed by a person, or withdrawn by one."""
        ...
