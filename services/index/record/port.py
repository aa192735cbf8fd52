"""What the index promises about patients, their pregnancies, and the facts that people enter."""

from __future__ import annotations

from typing import Any, Protocol

from services.domain.patient import Identity
from services.domain.study import Principal
from services.index.records import ExaminationRecord, FactsVersion, Patient


class Patients(Protocol):
    """The women of a site. Studies find theirs when they are received."""

    def get(self, site: str, patient_id: str) -> Patient:
        """Raises NotFound."""
        ...

    def by_number(self, site: str, number: str) -> Patient | None:
        """The number as it is written; None: nobody has it."""
        ...

    def find(self, site: str, text: str, *, limit: int, cursor: str = "") -> list[Patient]:
        """Those whose name (in every script) or number holds every word of ``text``; newest first,
        after the one whose id is ``cursor``."""
        ...

    def pregnancies(self, site: str, patient_id: str) -> list[tuple[str, list[ExaminationRecord]]]:
        """(pregnancy's id, its examinations newest first); the newest pregnancy first. Withdrawn
        studies are among them."""
        ...


class Identities(Protocol):
    """Whose a study is, decided and corrected by people. Each of these is audited."""

    def decide(
        self,
        principal: Principal,
        study_id: str,
        decision: str,
        number: str | None,
        request_id: str,
    ) -> None:
        """End a study's clash: ``keep_record`` (the same woman, as recorded), ``take_new`` (the same, as
        received), ``other_patient`` (another, of ``number``). Images of another woman under a known
        study UID become a study of their own. Results that were held back are sent now.

        Raises NotFound; Conflict: nothing to decide, or the number is somebody else's.
        """
        ...

    def correct(
        self, principal: Principal, patient_id: str, changes: dict[str, str], reason: str
    ) -> Patient:
        """``changes``: number, name, birth_date. Her studies say so, too, and corrected results are sent.

        Raises NotFound; Conflict: another patient has the number.
        """
        ...

    def move(self, principal: Principal, study_id: str, identity: Identity, reason: str) -> None:
        """To the patient of this number, made now if there is none. Raises NotFound, Conflict."""
        ...

    def set_pregnancy(self, principal: Principal, study_id: str, pregnancy_id: str | None) -> str:
        """One of the study's patient; a new one with None. Its id. Raises NotFound, Conflict."""
        ...


class Examinations(Protocol):
    """Studies of one pregnancy beside each other."""

    def of_study(self, site: str, study_id: str) -> ExaminationRecord:
        """Raises NotFound."""
        ...

    def of_pregnancy(self, site: str, pregnancy_id: str) -> list[ExaminationRecord]:
        """Oldest first; withdrawn studies are left out."""
        ...


class Facts(Protocol):
    """What people entered about an examination: versions that are added and never changed."""

    def latest(self, site: str, study_id: str) -> FactsVersion:
        """Version 0 without values where nobody has entered anything. Raises NotFound: no study."""
        ...

    def versions(self, site: str, study_id: str) -> list[FactsVersion]:
        """Oldest first."""
        ...

    def add(
        self, principal: Principal, study_id: str, based_on: int, values: dict[str, Any]
    ) -> FactsVersion:
        """The next version, audited, with an event; the same values again add nothing.

        Raises StaleVersion: ``based_on`` is not the latest. Raises NotFound."""
        ...

    def state(self, principal: Principal, study_id: str, **values: Any) -> FactsVersion:
        """The next version with these values on top of the latest."""
        ...
