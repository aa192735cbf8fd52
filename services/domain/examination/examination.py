"""One examination as page, PDF, SR and FHIR tell it, and what the worklist says of it first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from services.domain.examination.source import Said, Source, together
from services.domain.examination.summary import ExaminationSummary, PastExamination

_PLACED: Final = ("EFW", "AC", "HC")  # in the order in which a headline names them
_LOW: Final = ((3.0, "below_3rd"), (10.0, "below_10th"))
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


def headline(
    summaries: Mapping[str, ExaminationSummary], *, clash: bool, readers_differ: bool
) -> dict[str, Any] | None:
    """What a row of the worklist says first: a code with its values, or nothing; the pages have the words.

    The first that holds of: ``identity_clash``; ``below_3rd`` (with ``measure`` and ``centile``) of
    weight, AC or HC; ``readers_differ`` (hub and phone); ``below_10th``.

    ``summaries``: of each fetus by its letter, which ``fetus`` then names; of a single one by "".
    """
    if clash:
        return {"code": "identity_clash"}
    low = _lowest(summaries)
    if low is not None and low["code"] == "below_3rd":
        return low
    return {"code": "readers_differ"} if readers_differ else low


def _lowest(summaries: Mapping[str, ExaminationSummary]) -> dict[str, Any] | None:
    of_fetus = {letter: _centiles(summary) for letter, summary in summaries.items()}
    for below, code in _LOW:
        for measure in _PLACED:
            for letter, centiles in of_fetus.items():
                if centiles.get(measure, 100.0) < below:
                    low = {
                        "code": code,
                        "measure": measure,
                        "centile": round(centiles[measure], 1),
                    }
                    return {**low, "fetus": letter} if letter else low
    return None


def _centiles(summary: ExaminationSummary) -> dict[str, float]:
    placed = {one.measure: one.centile for one in summary.measures}
    placed["EFW"] = summary.weight.centile if summary.weight is not None else None
    return {name: one.centile for name, one in placed.items() if one is not None}
