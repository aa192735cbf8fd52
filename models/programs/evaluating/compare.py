"""One table from several evaluations.

`python -m models.programs.evaluating.compare NAME=FIGURES.json ... --out TABLE.md`

The same name may stand several times (seeds): the cell shows the mean and, in brackets, the lowest
and highest bound of the runs' 95 % intervals.
"""

import argparse
import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

# Title -> where the figure and its interval stand, and how many digits are shown.
Rows = dict[str, tuple[str, str, int]]
ROWS: Rows = {
    "Head Dice": ("dice.fetal_head", "dice_interval.fetal_head", 4),
    "HC MAE, mm": ("hc_mae_mm", "hc_mae_mm_interval", 2),
    "AP50, mean of ten": ("ap50_mean", "", 3),
    "AP75, mean of ten": ("ap75_mean", "", 3),
    "AP50 NT": ("ap50.NT", "ap50_interval.NT", 3),
    "AP50 nasal bone": ("ap50.nasal_bone", "ap50_interval.nasal_bone", 3),
    "AP50 nasal tip": ("ap50.nasal_tip", "ap50_interval.nasal_tip", 3),
    "Plane accuracy": ("plane_accuracy", "plane_accuracy_interval", 4),
    "Plane accuracy, source hidden": (
        "plane_accuracy_blind",
        "plane_accuracy_blind_interval",
        4,
    ),
    "ECE": ("ece", "", 3),
    "Out of scope refused": ("out_of_scope_recall", "", 3),
}


def look(figures: dict[str, Any], path: str) -> Any:
    """A value by its dotted path; None where it is not there."""
    value: Any = figures
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def cell(runs: Sequence[dict[str, Any]], value: str, interval: str, digits: int) -> str:
    """Mean over runs, with their outer bounds."""
    known = [v for v in (look(run, value) for run in runs) if v is not None]
    if not known:
        return "not measured"
    text = f"{sum(known) / len(known):.{digits}f}"
    bounds = [b for b in (look(run, interval) for run in runs) if interval and b and None not in b]
    if bounds:
        low, high = min(b[0] for b in bounds), max(b[1] for b in bounds)
        text += f" ({low:.{digits}f} to {high:.{digits}f})"
    elif len(known) > 1:
        text += f" ({min(known):.{digits}f} to {max(known):.{digits}f})"
    return text


def table(runs: Mapping[str, Sequence[dict[str, Any]]], rows: Rows = ROWS) -> str:
    """Markdown: one column for each name, one row for each figure."""
    names = [f"{name} (n={len(group)})" if len(group) > 1 else name for name, group in runs.items()]
    lines = ["| | " + " | ".join(names) + " |", "|---|" + "---|" * len(names)]
    for title, (value, interval, digits) in rows.items():
        cells = [cell(group, value, interval, digits) for group in runs.values()]
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="NAME=FIGURES.json")
    parser.add_argument("--out", type=Path)
    args = parser.parse_args()
    runs: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for given in args.runs:
        name, _, path = given.partition("=")
        runs[name].append(json.loads(Path(path).read_text(encoding="utf-8")))
    text = table(runs)
    if args.out:
        args.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
