"""What a gate found: one line of the table."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class FindingState(StrEnum):
    """Passed or failed for a gate; met, missed or not measured for a bar."""

    PASSED = "passed"
    FAILED = "failed"
    MET = "met"
    MISSED = "missed"
    NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Finding:
    """`value` against `bound`, in the gate's own unit; None where nothing could be measured."""

    gate: str
    what: str
    value: float | str | None
    bound: str
    state: FindingState

    def blocks(self, strict: bool) -> bool:
        """Does it stop the release? What nobody measured did not pass; bars stop it when `strict`."""
        if self.gate == BARS:
            return strict and self.state is not FindingState.MET
        return self.state is not FindingState.PASSED

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return {
            "gate": self.gate,
            "what": self.what,
            "value": self.value,
            "bound": self.bound,
            "state": str(self.state),
        }


SIGNATURE, QUANTISATION, PHONE, BARS = "signature", "quantisation", "phone", "bars"


def at_most(gate: str, what: str, value: float | None, bound: float, unit: str = "") -> Finding:
    """Passed where value <= bound; not measured where it is None or no number."""
    return _limited(gate, what, value, bound, f"≤ {bound:g}{unit}", below=True)


def at_least(gate: str, what: str, value: float | None, bound: float, unit: str = "") -> Finding:
    """Passed where value >= bound; not measured where it is None or no number."""
    return _limited(gate, what, value, bound, f"≥ {bound:g}{unit}", below=False)


def _limited(
    gate: str, what: str, value: float | None, bound: float, bound_text: str, *, below: bool
) -> Finding:
    if value is None or not math.isfinite(value):
        return Finding(gate, what, None, bound_text, FindingState.NOT_MEASURED)
    good = value <= bound if below else value >= bound
    return Finding(
        gate,
        what,
        round(value, 5),
        bound_text,
        FindingState.PASSED if good else FindingState.FAILED,
    )
