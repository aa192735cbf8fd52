"""The order of need: who is looked at first.

Priority is a number, higher first. It is stored with the job and the study, so that the order is a
plain indexed sort; waiting time is added when the order is asked for, so that nothing starves.
"""

from __future__ import annotations

from dataclasses import dataclass

URGENT = 1000.0
DISAGREEMENT = 300.0
FINDING = 200.0
UNCERTAIN = 100.0
PER_HOUR_WAITING = 50.0  # an untroubled study passes a fresh urgent one after 20 hours


@dataclass(frozen=True, slots=True)
class Need:
    """Why a study stands where it stands; ``reasons`` are codes that the page puts in words."""

    score: float
    reasons: tuple[str, ...]


def need(
    *, urgent: bool, finding: bool = False, disagreement: bool = False, uncertainty: float = 0.0
) -> Need:
    """Score a study. ``uncertainty`` is 0 (sure) to 1 (abstained)."""
    score, reasons = 0.0, []
    for holds, points, reason in (
        (urgent, URGENT, "urgent"),
        (disagreement, DISAGREEMENT, "disagreement"),
        (finding, FINDING, "finding"),
    ):
        if holds:
            score += points
            reasons.append(reason)
    if uncertainty > 0.5:
        reasons.append("low_confidence")
    return Need(score + UNCERTAIN * min(max(uncertainty, 0.0), 1.0), tuple(reasons))


def aged(score: float, hours_waiting: float) -> float:
    """The score with its waiting time: nothing starves."""
    return score + PER_HOUR_WAITING * max(hours_waiting, 0.0)
