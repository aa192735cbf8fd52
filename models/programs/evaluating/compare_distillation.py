"""What distillation gives: runs of every mode, measured alike, and their differences with intervals.

    python -m models.programs.evaluating.compare_distillation --data DIR --side 160 --run none=DIR \\
        --run none=DIR \
        --run selective=DIR ... --out TABLE.md

Each run (a folder of `models.programs.training.distil train`) becomes a calibrated graph, is
measured on val as any
release is, and keeps its figures and its score of every image beside its checkpoint: what was
measured is not measured again. Differences are to mode `none`: means over the seeds, on the same
images, with 95 % intervals by resampling patients for all runs at once.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from models.data.collection import read_collection
from models.data.manifest import Record
from models.evaluation.dense import dense_figures
from models.evaluation.detection import Detection, average_precision, detections
from models.evaluation.figures import Labels, plane_answers
from models.evaluation.heads import head_scores, mask_scores
from models.evaluation.observe import Observation
from models.fada.labels import NT_STRUCTURES
from models.programs.evaluating.compare import table
from models.programs.evaluating.evaluate import plain
from services.reading.confidence import Thresholds
from services.reading.vision import Vision

Scores = Mapping[str, list[list[Any]]]  # by name: rows that start with the patient
Metric = Callable[[list[list[Any]]], float]
DRAWS = 300
_TEN = (*NT_STRUCTURES, "fetal_head")


def _mean(rows: list[list[Any]]) -> float:
    return float(np.mean([row[1] for row in rows])) if rows else float("nan")


def _precision(rows: list[list[Any]]) -> float:
    by_label: dict[str, list[Detection]] = defaultdict(list)
    for group, label, present, confidence, iou in rows:
        by_label[label].append(Detection(label, group, present, confidence, iou, 0.0))
    values = [average_precision(items, 0.5) for items in by_label.values()]
    return float(np.nanmean(values)) if values else float("nan")


METRICS: dict[str, tuple[str, Metric, int]] = {
    "Head Dice": ("dice", _mean, 4),
    "HC MAE, mm": ("hc", _mean, 2),
    "AP50, mean of ten": ("boxes", _precision, 3),
    "Plane accuracy": ("planes", _mean, 4),
}


def scores_of(observations: list[Observation], labels: Labels, rules: Thresholds) -> Scores:
    """What each image adds to the figures, with its patient first."""
    boxes = detections(observations, labels.boxes, labels.masks, rules)
    heads = [s for s in mask_scores(observations, labels.masks, rules) if s.label == "fetal_head"]
    sizes = head_scores(observations, labels.masks, rules)
    return {
        "planes": [[a.group, float(a.right)] for a in plane_answers(observations, labels, rules)],
        "dice": [[s.group, s.dice] for s in heads],
        "hc": [[s.group, abs(s.hc_mm - s.truth_mm)] for s in sizes],
        "boxes": [
            [d.group, d.label, d.present, d.confidence, d.iou] for d in boxes if d.label in _TEN
        ],
    }


def difference(
    runs: Sequence[Scores], base: Sequence[Scores], name: str, metric: Metric
) -> tuple[float, float, float]:
    """(difference of the means over seeds, low, high): patients are resampled for all runs alike."""
    groups = sorted({row[0] for run in (*runs, *base) for row in run[name]})
    split = [[_by_group(run, name) for run in part] for part in (runs, base)]

    def gap(chosen: Sequence[str]) -> float:
        means = [
            np.mean([metric([row for g in chosen for row in run.get(g, ())]) for run in part])
            for part in split
        ]
        return float(means[0] - means[1])

    rng = np.random.default_rng(0)
    draws: npt.NDArray[np.int64] = rng.integers(0, len(groups), (DRAWS, len(groups)))
    low, high = np.nanpercentile([gap([groups[i] for i in draw]) for draw in draws], [2.5, 97.5])
    return gap(groups), float(low), float(high)


def _by_group(run: Scores, name: str) -> dict[str, list[list[Any]]]:
    by_patient: dict[str, list[list[Any]]] = defaultdict(list)
    for row in run[name]:
        by_patient[row[0]].append(row)
    return by_patient


def differences(runs: Mapping[str, Sequence[Scores]], base: str = "none") -> str:
    """Markdown: what each mode has more than `base`."""
    modes = [mode for mode in runs if mode != base]
    lines = ["| | " + " | ".join(f"{m} - {base}" for m in modes) + " |"]
    lines.append("|---|" + "---|" * len(modes))
    for title, (name, metric, digits) in METRICS.items():
        cells = []
        for mode in modes:
            gap, low, high = difference(runs[mode], runs[base], name, metric)
            cells.append(f"{gap:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})")
        lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def measured(
    run: Path, data: Path, side: int, records: list[Record], each: int = 10
) -> tuple[Any, Scores]:
    """(figures, scores) of a run; computed once and kept in its folder."""
    kept = run / "measured.json"
    if not kept.exists():
        for words in (
            [
                "models.programs.releasing.export",
                "--checkpoint",
                str(run / "checkpoint.pt"),
                "--side",
                str(side),
            ],
            ["models.programs.releasing.calibrate"],
        ):
            folder = [
                "--out" if words[0] == "models.programs.releasing.export" else "--release",
                str(run / "graph"),
            ]
            subprocess.run(
                [sys.executable, "-m", *words, *folder, "--data", str(data)],
                check=True,
                stdout=subprocess.DEVNULL,
            )
        about = json.loads((run / "graph" / "vision.json").read_text("utf-8"))
        labels = Labels(*(tuple(about[k]) for k in ("planes", "masks", "boxes", "keypoints")))
        rules = Thresholds.from_json(about["calibration"])
        vision = Vision((run / "graph" / "vision.onnx").read_bytes(), side)
        figures, observations = dense_figures(
            vision, labels, rules, records, each=each, progress=print
        )
        measured_run = {"figures": plain(figures), "scores": scores_of(observations, labels, rules)}
        kept.write_text(json.dumps(measured_run) + "\n", "utf-8")
    whole = json.loads(kept.read_text("utf-8"))
    return whole["figures"], whole["scores"]


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--run", action="append", required=True, metavar="MODE=DIR")
    parser.add_argument("--side", type=int, default=160)
    parser.add_argument("--out", type=Path, required=True)
    args = parser.parse_args()
    records = [r for r in read_collection(args.data) if r.split == "val"]
    figures: dict[str, list[Any]] = defaultdict(list)
    scores: dict[str, list[Scores]] = defaultdict(list)
    for given in args.run:
        mode, _, folder = given.partition("=")
        measured_run = measured(Path(folder), args.data, args.side, records)
        figures[mode].append(measured_run[0])
        scores[mode].append(measured_run[1])
    text = f"{table(figures)}\n{differences(scores)}"
    args.out.write_text(text, encoding="utf-8")
    print(text)


if __name__ == "__main__":
    main()
