"""Differences between ways of training: on the same patients, with their intervals."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from models.data.manifest import read_manifest
from models.programs.evaluating.compare_distillation import (
    METRICS,
    difference,
    differences,
    measured,
)

ROOT = Path(__file__).parents[5]


def run(right: float, seed: int):
    rng = np.random.default_rng(seed)
    planes = [[f"p{i // 2}", float(rng.random() < right)] for i in range(300)]
    boxes = [
        [f"p{i}", "NT", True, float(rng.random()), float(rng.random() < right)] for i in range(150)
    ]
    return {
        "planes": planes,
        "dice": [[f"p{i}", right + 0.01 * rng.random()] for i in range(150)],
        "hc": [[f"p{i}", 9 * (1 - right)] for i in range(150)],
        "boxes": boxes,
    }


def test_what_is_better_is_told_from_what_is_chance():
    worse, better = [run(0.6, 1), run(0.6, 2)], [run(0.9, 3), run(0.9, 4)]
    gap, low, high = difference(better, worse, "planes", METRICS["Plane accuracy"][1])
    assert low < gap < high
    assert low > 0.15
    gap, low, high = difference(
        worse, [run(0.6, 5), run(0.6, 6)], "planes", METRICS["Plane accuracy"][1]
    )
    assert low < 0 < high


def test_a_run_differs_in_nothing_from_itself():
    same = [run(0.7, 1)]
    for name, metric, _ in METRICS.values():
        assert difference(same, same, name, metric) == (0, 0, 0)


def test_the_table_has_a_column_for_each_mode_and_a_sign():
    text = differences({"none": [run(0.6, 1)], "selective": [run(0.9, 2)], "full": [run(0.3, 3)]})
    assert "selective - none" in text
    (line,) = (part for part in text.splitlines() if part.startswith("| Plane accuracy"))
    _, _, selective, full, _ = line.split("|")
    assert selective.strip().startswith("+")
    assert full.strip().startswith("-")


@pytest.mark.slow
def test_a_run_is_measured_once_and_kept(data, tmp_path):
    out = tmp_path / "none-1"
    subprocess.run(
        [sys.executable, "-m", "models.programs.training.distil", "train", "--data", str(data), "--out", str(out), "--mode", "none",
         "--task", "brief", "--steps", "2", "--stages", "0:64:4", "--no-validation", "--size", "specialist",
         "--workers", "0"],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    records = [r for r in read_manifest(data) if r.split == "val"]
    figures, scores = measured(out, data, 64, records, each=1)
    assert figures["plane_n"] == len(scores["planes"]) == 4
    assert {row[1] for row in scores["boxes"]} == {"NT", "nasal_bone", "fetal_head"}
    (out / "checkpoint.pt").unlink()
    assert measured(out, data, 64, records) == (figures, scores)
