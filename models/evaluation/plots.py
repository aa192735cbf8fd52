"""Plots for the model card: reliability, abstention, confusion, detections, worst heads."""

from pathlib import Path
from typing import Any

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

from models.evaluation.detection import detections
from models.evaluation.figures import Labels, plane_answers
from models.evaluation.heads import mask_scores
from models.evaluation.observe import Observation, load_gray
from services.reading.images import geometry
from services.reading.releases.manifest import Manifest


def draw_plots(
    folder: Path, result: dict[str, Any], observations: list[Observation], manifest: Manifest
) -> list[Path]:
    """Writes all plots as PNG; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    labels = Labels(manifest.planes, manifest.masks, manifest.boxes, manifest.keypoints)
    figure, axes = plt.subplots(2, 2, figsize=(10, 9))
    _reliability(axes[0, 0], observations, labels, manifest)
    _abstention(axes[0, 1], result)
    _confusion(axes[1, 0], result)
    _precision(axes[1, 1], result)
    figure.tight_layout()
    paths = [folder / "figures.png"]
    figure.savefig(paths[0], dpi=80)
    plt.close(figure)
    worst = _worst_heads(folder / "worst_heads.png", observations, manifest)
    return paths + ([worst] if worst else [])


def _reliability(
    axes: Axes, observations: list[Observation], labels: Labels, manifest: Manifest
) -> None:
    rules = manifest.thresholds
    answers = plane_answers(observations, labels, rules)
    boxes = detections(observations, labels.boxes, labels.masks, rules)
    series = {
        "plane": [(a.confidence, float(a.right)) for a in answers],
        "structures (IoU 0.5)": [(d.confidence, float(d.present and d.iou >= 0.5)) for d in boxes],
    }
    axes.plot([0, 1], [0, 1], color="grey", linewidth=0.8)
    for name, pairs in series.items():
        if not pairs:
            continue
        values = np.array(pairs)
        slot = np.minimum((values[:, 0] * 10).astype(int), 9)
        bins = [values[slot == b].mean(0) for b in range(10) if (slot == b).sum() >= 3]
        axes.plot(*np.array(bins).T, marker="o", label=name)
    axes.set(xlabel="confidence", ylabel="right", title="Reliability")
    axes.legend()


def _abstention(axes: Axes, result: dict[str, Any]) -> None:
    curve = result["abstention_curve"]
    axes.plot([100 * p["refused"] for p in curve], [p["accuracy"] for p in curve], marker="o")
    axes.set(xlabel="least confident left unanswered, %", ylabel="plane accuracy")
    axes.set_title("Abstention")


def _confusion(axes: Axes, result: dict[str, Any]) -> None:
    table = result["plane_confusion"]
    counts = np.array(table["counts"])
    axes.imshow(counts / np.maximum(counts.sum(1, keepdims=True), 1), cmap="Blues", vmin=0, vmax=1)
    for (row, column), count in np.ndenumerate(counts):
        axes.text(column, row, str(count), ha="center", va="center", color="black")
    ticks = range(len(table["labels"]))
    axes.set_xticks(ticks, table["labels"], rotation=30)
    axes.set_yticks(ticks, table["labels"])
    axes.set(xlabel="found", ylabel="true", title="Planes")


def _precision(axes: Axes, result: dict[str, Any]) -> None:
    names = [k for k, v in result.get("ap50", {}).items() if v is not None]
    at = np.arange(len(names))
    axes.barh(at, [result["ap50"][n] for n in names], 0.4, label="AP50")
    axes.barh(at + 0.4, [result["ap75"][n] for n in names], 0.4, label="AP75")
    axes.set_yticks(at + 0.2, names)
    axes.set(title="Boxes", xlim=(0, 1))
    axes.legend()


def _worst_heads(path: Path, observations: list[Observation], manifest: Manifest) -> Path | None:
    rules = manifest.thresholds
    scores = sorted(
        (s for s in mask_scores(observations, manifest.masks, rules) if s.label == "fetal_head"),
        key=lambda s: s.dice,
    )[:6]
    if not scores:
        return None
    by_file = {o.record.path.name: o for o in observations}
    figure, axes = plt.subplots(2, 3, figsize=(10, 6), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    level = rules.mask_level.get("fetal_head", 0.0)
    for axis, score in zip(axes.flat, scores, strict=False):
        observation = by_file[score.file]
        axis.imshow(load_gray(observation.record), cmap="gray")
        axis.contour(observation.masks["fetal_head"], [0.5], colors="lime", linewidths=0.8)
        index = manifest.masks.index("fetal_head")
        traced = geometry.outline(observation.raw.masks[index], level)
        if traced is not None:
            size = observation.square.width, observation.square.height
            border = traced * np.array(size)
            if rules.is_ellipse(observation.record.plane, "fetal_head"):
                border = geometry.as_ellipse(border, *size)
            axis.plot(*np.vstack([border, border[:1]]).T, color="red", linewidth=0.8)
        axis.set_title(f"Dice {score.dice:.3f}", fontsize=8)
    figure.suptitle("Worst heads: green label, red found")
    figure.tight_layout()
    figure.savefig(path, dpi=80)
    plt.close(figure)
    return path
