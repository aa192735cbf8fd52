"""Several fetuses: an image shows the one that a person says, and nothing is averaged over two of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any, Final

from services.domain.examination.charts import INTERGROWTH
from services.domain.examination.pregnancy import PregnancyDating
from services.domain.examination.summary import (
    MEASURES,
    ExaminationSummary,
    accepted,
    summarise,
)
from services.domain.report import FrameReading

LETTERS: Final = "ABCDEFGHI"


@dataclass(frozen=True, slots=True)
class Fetuses:
    """How many there are, as entered last in the pregnancy, and which one an image shows.

    ``of_image``: SOP Instance UID → letter, as people said.
    """

    count: int = 1
    of_image: Mapping[str, str] = field(default_factory=dict)

    @property
    def letters(self) -> str:
        """Of all of them where there are several, else none: one fetus needs no name."""
        return LETTERS[: self.count] if self.count > 1 else ""

    def frames_of(self, letter: str, frames: Iterable[FrameReading]) -> list[FrameReading]:
        """The frames that show this fetus."""
        return [one for one in frames if self.of_image.get(one.sop_uid) == letter]

    def unassigned(self, frames: Iterable[FrameReading]) -> list[FrameReading]:
        """The frames of which nobody has said which fetus they show; none where there is one."""
        letters = self.letters
        return [
            one
            for one in frames
            if letters and (self.of_image.get(one.sop_uid) or " ") not in letters
        ]


def fetuses_of(
    entered: Mapping[str, Any], reported: Sequence[tuple[datetime, int]] = ()
) -> Fetuses:
    """From the facts of an examination.

    Args:
        entered: its facts; ``fetus_images`` names the fetus of each image.
        told: (when, how many) as entered in the examinations of the pregnancy; the newest holds.
    """
    count = (
        max(reported, key=lambda one: one[0])[1] if reported else int(entered.get("fetuses") or 1)
    )
    return Fetuses(count, entered.get("fetus_images") or {})


def summarise_several(
    frames: Sequence[FrameReading],
    unassigned: Sequence[FrameReading],
    *,
    day: date | None,
    dating: PregnancyDating | None = None,
    chart: str = INTERGROWTH,
) -> ExaminationSummary:
    """Of several fetuses together: the pregnancy's age, and no measure, for none is averaged over two.

    Args:
        frames: of all fetuses; what they show has been assessed.
        unassigned: those of them of which nobody has said whose they are.
        day, dating, chart: as for ``summarise``.
    """
    none = summarise((), day=day, dating=dating, chart=chart)
    shown = {one.measure for frame in frames for one in accepted(frame)}
    return replace(
        none,
        not_assessed=tuple(name for name in MEASURES if name not in shown),
        several=True,
        unassigned=tuple(one for frame in unassigned for one in accepted(frame)),
    )
