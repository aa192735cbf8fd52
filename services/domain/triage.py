"""Triage: in which order studies are shown to people and given to workers.

A study's score is a number, higher first. It is stored with the job and the study, so that the order
is a plain indexed sort; waiting time is added when the order is asked for, so that nothing starves.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.report import Abstention, FrameReading, Report
from services.domain.review import disagreements

URGENT = 1000.0
DISAGREEMENT = 300.0
FINDING = 200.0
UNCERTAIN = 100.0
PER_HOUR_WAITING = 50.0  # a study without findings passes a fresh urgent one after 20 hours

_RARE = 3.0  # centile below which, and 100 minus it above which, a head is a finding
# What a plane is scanned for. Smaller structures are often not seen.
_ESSENTIAL = frozenset({"fetal_head", "NT"})
_DOUBT = 0.75  # uncertainty when the plane is sure but an essential structure in it is not


@dataclass(frozen=True, slots=True)
class Triage:
    """A study's score and the codes of its reasons, which the pages put in words."""

    score: float
    reasons: tuple[str, ...]


def triage(
    *, urgent: bool, finding: bool = False, disagreement: bool = False, uncertainty: float = 0.0
) -> Triage:
    """Score a study from what is known of it.

    Args:
        urgent: the sender or a person marked it.
        finding: a measurement is rare, or contradicts the last menstrual period.
        disagreement: phone and hub read it differently.
        uncertainty: 0 (sure) to 1 (nothing could be assessed).
    """
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
    return Triage(score + UNCERTAIN * min(max(uncertainty, 0.0), 1.0), tuple(reasons))


def triage_readings(
    *, urgent: bool, hub: Report | None, phone: Report | None, lmp_days: float | None
) -> Triage:
    """Score a study by the latest report of each reader; it does not matter which came first.

    The hub's report decides on findings and uncertainty where there is one, else the phone's.

    Args:
        urgent: the sender or a person marked it.
        hub: the hub's latest report.
        phone: the latest report by a phone.
        lmp_days: age by the last menstrual period in days, if known.
    """
    report = hub or phone
    best = report.best if report is not None else None
    return triage(
        urgent=urgent,
        finding=best is not None and _is_finding(best, lmp_days),
        disagreement=hub is not None and phone is not None and bool(disagreements(phone, hub)),
        uncertainty=uncertainty(best),
    )


def aged(score: float, hours_waiting: float) -> float:
    """The score with its waiting time in hours: nothing starves."""
    return score + PER_HOUR_WAITING * max(hours_waiting, 0.0)


def uncertainty(best: FrameReading | None) -> float:
    """How little a study's best frame says: 0 (sure) to 1 (nothing could be assessed)."""
    if best is None or best.plane is None:
        return 1.0
    doubt = 1.0 - best.plane.confidence
    missed = {about for reason, about in best.abstentions if reason is Abstention.LOW_CONFIDENCE}
    if missed & _ESSENTIAL:
        doubt = max(doubt, _DOUBT)
    return doubt


def _is_finding(best: FrameReading, lmp_days: float | None) -> bool:
    rare = any(not _RARE <= c.centile <= 100 - _RARE for c in best.centiles)
    discordant = lmp_days is not None and any(
        d.low_days is not None
        and d.high_days is not None
        and not d.low_days <= lmp_days <= d.high_days
        for d in best.datings
    )
    return rare or discordant
