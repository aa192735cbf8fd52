"""One examination as page, PDF, SR and FHIR tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from services.domain.examination.summary import ExaminationSummary, PastExamination


@dataclass(frozen=True, slots=True)
class Examination:
    """What the images show, what people entered, and the earlier examinations of this pregnancy.

    ``facts`` holds what people entered by name (``last_period``, ``indication``, ``fetuses``, …); what is
    not in it, or None there, nobody has entered. ``fetuses``: where there are several, letter → this
    examination of that fetus alone.
    """

    summary: ExaminationSummary
    facts: Mapping[str, Any] = field(default_factory=dict)
    past: tuple[PastExamination, ...] = ()
    fetuses: Mapping[str, Examination] = field(default_factory=dict)

    @property
    def parts(self) -> tuple[tuple[str, Examination], ...]:
        """(letter, examination) of each fetus; of a single one itself, without a letter."""
        return tuple(self.fetuses.items()) or (("", self),)

    def fact(self, name: str) -> Any:
        """What people entered; None where nobody has."""
        return self.facts.get(name)
