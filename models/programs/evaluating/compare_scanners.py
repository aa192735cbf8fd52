"""What a network loses on a scanner that it was not trained on.

    python -m models.programs.training.train --out ALL ...
    python -m models.programs.training.train --out WITHOUT --without-machine Aloka ...
    python -m models.programs.evaluating.compare_scanners --data DIR --all ALL --without WITHOUT --side 320

Both runs (equal but for the pictures of one scanner) become graphs and measure the same pictures of `val`
and `test`, which neither was trained on. Nothing is fitted on them: outlines are traced at probability one
half and none is refused. Prints a table by scanner and measure in Markdown; the intervals of the differences
resample patients.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from models.data.collection import read_collection
from models.data.manifest import Record
from models.evaluation.observe import observe
from models.evaluation.sizes import SizeScore, size_scores
from services.reading.confidence import Thresholds
from services.reading.vision import Vision

MEASURES = ("HC", "AC")
DRAWS = 2000
Pair = tuple[str, float, float]  # patient; error in mm of the one run and of the other


def scores_of(run: Path, records: list[Record], side: int) -> list[SizeScore]:
    """What a run measures on each picture; the graph is made once and kept beside its checkpoint.

    Raises:
        subprocess.CalledProcessError: the checkpoint cannot be exported.
    """
    graph = run / "graph"
    if not (graph / "vision.onnx").exists():
        export = ("-m", "models.programs.releasing.export", "--side", str(side))
        files = ("--checkpoint", run / "checkpoint.pt", "--out", graph)
        subprocess.run([sys.executable, *export, *files], check=True, stdout=subprocess.DEVNULL)
    about = json.loads((graph / "vision.json").read_text("utf-8"))
    vision = Vision((graph / "vision.onnx").read_bytes(), side)
    return size_scores(list(observe(vision, records)), tuple(about["masks"]), Thresholds())


def pairs(mine: Sequence[SizeScore], others: Sequence[SizeScore]) -> list[Pair]:
    """The absolute errors of two runs on the pictures that both have measured."""
    by_file = {score.file: score for score in others if score.measured is not None}
    return [
        (score.group, abs(score.error), abs(by_file[score.file].error))
        for score in mine
        if score.measured is not None and score.file in by_file
    ]


def difference(paired: Sequence[Pair]) -> tuple[float, float, float]:
    """Mean of the second less the first, in mm, and its 95 % interval over patients."""
    groups = sorted({group for group, _, _ in paired})
    sums = np.array([sum(b - a for g, a, b in paired if g == one) for one in groups])
    counts = np.array([sum(g == one for g, _, _ in paired) for one in groups])
    draws = np.random.default_rng(0).integers(0, len(groups), (DRAWS, len(groups)))
    low, high = np.percentile(sums[draws].sum(1) / counts[draws].sum(1), [2.5, 97.5])
    return float(sums.sum() / counts.sum()), float(low), float(high)


def table(whole: Sequence[SizeScore], without: Sequence[SizeScore]) -> str:
    """Markdown: by measure and scanner, the mean and median error of both and their difference."""
    lines = ["| | n | all | left out | difference (95 %) | share |", "|---|---|---|---|---|---|"]
    for name in MEASURES:
        for scanner in sorted({s.machine for s in whole if s.machine}):
            mine, other = (
                [s for s in scores if s.name == name and s.machine == scanner]
                for scores in (whole, without)
            )
            paired = pairs(mine, other)
            if not paired:
                continue
            first, second = (np.array([pair[place] for pair in paired]) for place in (1, 2))
            gap, low, high = difference(paired)
            lines.append(
                f"| {name}, {scanner} | {len(paired)} of {len(mine)} "
                f"| {first.mean():.1f} and {np.median(first):.1f} mm "
                f"| {second.mean():.1f} and {np.median(second):.1f} mm "
                f"| {gap:+.1f} ({low:+.1f} to {high:+.1f}) mm | {gap / first.mean():+.0%} |"
            )
    return "\n".join(lines) + "\n"


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--all", type=Path, required=True, help="the run that saw every scanner")
    parser.add_argument("--without", type=Path, required=True, help="the run that did not")
    parser.add_argument("--side", type=int, default=320)
    args = parser.parse_args()
    records = [
        r
        for r in read_collection(args.data)
        if r.split in ("val", "test") and r.machine and r.sizes
    ]
    print(table(*(scores_of(run, records, args.side) for run in (args.all, args.without))))


if __name__ == "__main__":
    main()
