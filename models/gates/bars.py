"""The bars that a release reaches for, read from its evaluations: met, missed or not measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models.gates.finding import BARS, Finding, FindingState
from models.gates.quantisation import MOST
from models.programs.releasing.card import BARS as ROWS
from models.programs.releasing.card import look, too_few

_MORE = (("Five phases, share of the 0.8B shape's time", "five_phases_share", 4, "0.1", "<"),)


def bars(evaluations: Mapping[str, dict[str, Any]]) -> list[Finding]:
    """One finding for each bar and evaluation (by split); labels that are too few are left out."""
    findings = []
    for split, figures in evaluations.items():
        for title, path, digits, bar, sign in (*ROWS, *_MORE):
            if too_few(figures, path):
                continue
            value = look(figures, path)
            if value is None and split != next(iter(evaluations)):
                continue  # measured on one split is measured
            bound_text = f"{'≥' if sign == '>' else '≤'} {bar}"
            state = FindingState.NOT_MEASURED
            if value is not None:
                met = value >= float(bar) if sign == ">" else value <= float(bar)
                state = FindingState.MET if met else FindingState.MISSED
            rounded = None if value is None else round(float(value), digits)
            findings.append(Finding(BARS, f"{title} ({split})", rounded, bound_text, state))
    return findings


def quantisation_bar(lost: list[Finding]) -> Finding:
    """The largest loss of the gate's figures, as a bar of its own."""
    values = [f.value for f in lost if isinstance(f.value, float | int)]
    bound_text, title = f"≤ {MOST:g}", "Loss by quantisation, points"
    if not values or len(values) < len(lost):
        return Finding(BARS, title, None, bound_text, FindingState.NOT_MEASURED)
    worst = max(values)
    state = FindingState.MET if worst <= MOST else FindingState.MISSED
    return Finding(BARS, title, round(worst, 4), bound_text, state)


def measured(metrics: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The evaluations that a manifest's `metrics` keep, by split; one evaluation alone is `all`."""
    if "plane_accuracy" in metrics:
        return {"all": dict(metrics)}
    kept = {k: v for k, v in metrics.items() if isinstance(v, Mapping) and "plane_accuracy" in v}
    return {name: dict(value) for name, value in kept.items()}
