"""One examination as page, PDF, SR and FHIR tell it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from services.domain.examination.source import Said, Source, together
from services.domain.examination.summary import ExaminationSummary, PastExamination

ENTERED = (
    "last_period", "indication", "parity", "fetuses", "presentation", "heart_activity", "heart_rate",
    "placenta", "fluid", "fluid_impression", "anatomy", "impression", "comment",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Acquisition:
    """With what the images were taken, and by whom (DICOM PN text), as their header says; empty: not said."""

    machine: str = ""
    operator: str = ""


@dataclass(frozen=True, slots=True)
class Examination:
    """What the images show, what people entered, and the earlier examinations of this pregnancy.

    ``facts`` holds what people entered by name (``last_period``, ``indication``, ``fetuses``, …); what is
    not in it, or None there, nobody has entered. ``sources``: where each of them comes from, anatomy part
    by part (``anatomy.heart``). ``fetuses``: where there are several, letter → this examination of that
    fetus alone. ``last_period``: the first day that dates the pregnancy, in whichever of its examinations
    it was said.
    """

    summary: ExaminationSummary
    facts: Mapping[str, Any] = field(default_factory=dict)
    past: tuple[PastExamination, ...] = ()
    fetuses: Mapping[str, Examination] = field(default_factory=dict)
    sources: Mapping[str, Source] = field(default_factory=dict)
    last_period: date | None = None
    acquired: Acquisition = field(default_factory=Acquisition)

    @property
    def parts(self) -> tuple[tuple[str, Examination], ...]:
        """(letter, examination) of each fetus; of a single one itself, without a letter."""
        return tuple(self.fetuses.items()) or (("", self),)

    def fact(self, name: str) -> Any:
        """What people entered; None where nobody has."""
        return self.facts.get(name)

    def source(self, name: str) -> Source | None:
        """Where a fact comes from; None where that is not known."""
        return self.sources.get(name)

    @property
    def said(self) -> tuple[Said, ...]:
        """Who said which facts, as a report tells it."""
        return together(self.sources, ENTERED)
