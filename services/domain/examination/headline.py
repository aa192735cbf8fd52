"""What a row of the worklist says first: a code with its values, or nothing. The pages have the words."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from services.domain.examination.summary import ExaminationSummary

_PLACED: Final = ("EFW", "AC", "HC")  # in the order in which they are named
_LOW: Final = ((3.0, "below_3rd"), (10.0, "below_10th"))


def headline(
    summaries: Mapping[str, ExaminationSummary], *, clash: bool, readers_differ: bool
) -> dict[str, Any] | None:
    """The first that holds of: ``identity_clash``; ``below_3rd`` (with ``measure`` and ``centile``) of
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
