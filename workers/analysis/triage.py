"""How much a study needs a person, from what its report says."""

from __future__ import annotations

from collections.abc import Sequence

from services.domain.priority import Need, need
from services.domain.report import Abstention, FrameReading, Report
from services.domain.review import disagreements

_RARE = 3.0  # centile below which, and 100 minus it above which, a head is a finding
_ESSENTIAL = {
    "fetal_head",
    "NT",
}  # what the plane is scanned for; the smaller ones are often not seen
_DOUBT = 0.75  # uncertainty when the plane is sure but something in it is not


def need_of(
    report: Report, *, urgent: bool, lmp_days: float | None, phones: Sequence[Report] = ()
) -> Need:
    """``phones`` are the latest reports by phones. ``lmp_days``: age by last period."""
    best = report.best
    return need(
        urgent=urgent,
        finding=best is not None and _finding(best, lmp_days),
        disagreement=any(disagreements(phone, report) for phone in phones),
        uncertainty=uncertainty(best),
    )


def uncertainty(best: FrameReading | None) -> float:
    """0 (sure) to 1 (nothing could be assessed)."""
    if best is None or best.plane is None:
        return 1.0
    doubt = 1.0 - best.plane.confidence
    missed = {about for reason, about in best.abstentions if reason is Abstention.LOW_CONFIDENCE}
    if missed & _ESSENTIAL:
        doubt = max(doubt, _DOUBT)
    return doubt


def _finding(best: FrameReading, lmp_days: float | None) -> bool:
    rare = any(not _RARE <= c.centile <= 100 - _RARE for c in best.centiles)
    discordant = lmp_days is not None and any(
        d.low_days is not None
        and d.high_days is not None
        and not d.low_days <= lmp_days <= d.high_days
        for d in best.datings
    )
    return rare or discordant
