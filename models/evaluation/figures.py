"""All figures of a set of observations, as plain values for JSON."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from models.evaluation.detection import Detection, average_precision, detections
from models.evaluation.heads import HeadScore, MaskScore, head_scores, mask_scores
from models.evaluation.observe import Observation
from models.evaluation.scores import balanced_accuracy, bootstrap, calibration_error
from models.evaluation.sizes import size_figures, size_scores
from models.fada.labels import NT_STRUCTURES
from services.reading.confidence import Thresholds, softmax

DRAWS = 200


@dataclass(frozen=True, slots=True)
class Labels:
    """The label lists of a release, in the order of its outputs."""

    planes: tuple[str, ...]
    masks: tuple[str, ...]
    boxes: tuple[str, ...]
    keypoints: tuple[str, ...]
    subplanes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlaneAnswer:
    """Plane of one image: true, predicted, with its calibrated confidence."""

    group: str
    truth: str
    predicted: str
    confidence: float
    file: str

    @property
    def right(self) -> bool:
        """Found is true."""
        return self.truth == self.predicted


def plane_answers(
    observations: Sequence[Observation], labels: Labels, rules: Thresholds
) -> list[PlaneAnswer]:
    """One answer for each image whose plane is one of the release's."""
    answers = []
    for o in observations:
        if o.record.plane not in labels.planes:
            continue
        chances = softmax(o.raw.plane, rules.plane_temperature)
        best = int(np.argmax(chances))
        answers.append(
            PlaneAnswer(
                o.record.group,
                str(o.record.plane),
                labels.planes[best],
                float(chances[best]),
                o.record.path.name,
            )
        )
    return answers


def accuracy(answers: Sequence[PlaneAnswer]) -> float:
    """Share of right planes."""
    return float(np.mean([a.right for a in answers])) if answers else float("nan")


def confusion(answers: Sequence[PlaneAnswer], labels: Labels) -> list[list[int]]:
    """Counts [truth][predicted], in the order of the release's planes."""
    table = [[0] * len(labels.planes) for _ in labels.planes]
    for answer in answers:
        table[labels.planes.index(answer.truth)][labels.planes.index(answer.predicted)] += 1
    return table


def plane_figures(answers: list[PlaneAnswer], labels: Labels) -> dict[str, Any]:
    """Accuracy with its interval, balanced accuracy, confusion, calibration error."""
    groups = [a.group for a in answers]
    confidence = np.array([a.confidence for a in answers])
    right = np.array([float(a.right) for a in answers])
    return {
        "plane_accuracy": accuracy(answers),
        "plane_accuracy_interval": bootstrap(answers, groups, accuracy, DRAWS),
        "plane_balanced_accuracy": balanced_accuracy(
            [a.truth for a in answers], [a.predicted for a in answers]
        ),
        "plane_confusion": {"labels": list(labels.planes), "counts": confusion(answers, labels)},
        "plane_ece": calibration_error(confidence, right),
        "plane_n": len(answers),
    }


def abstention_curve(answers: list[PlaneAnswer]) -> list[dict[str, float]]:
    """Accuracy of what is answered when the least confident share stays unanswered."""
    order = sorted(answers, key=lambda a: -a.confidence)
    curve = []
    for share in (0.0, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5):
        kept = order[: max(1, round(len(order) * (1 - share)))] if order else []
        curve.append({"refused": share, "accuracy": accuracy(kept)})
    return curve


def detection_figures(boxes_found: list[Detection]) -> dict[str, Any]:
    """AP50 and AP75 of each structure with intervals, and their mean over nine and the head."""
    by_label: dict[str, list[Detection]] = defaultdict(list)
    for item in boxes_found:
        by_label[item.label].append(item)
    result: dict[str, Any] = {}
    for name, threshold in (("ap50", 0.5), ("ap75", 0.75)):
        table: dict[str, Any] = {}
        intervals: dict[str, Any] = {}
        unranked: dict[str, float] = {}
        for label, items in by_label.items():
            table[label] = average_precision(items, threshold)
            unranked[label] = average_precision(items, threshold, ranked=False)
            score = partial(average_precision, threshold=threshold)
            intervals[label] = bootstrap(items, [i.group for i in items], score, 100)
        ten = [table[k] for k in (*NT_STRUCTURES, "fetal_head") if k in table]
        result[name] = table
        result[f"{name}_interval"] = intervals
        result[f"{name}_mean"] = float(np.mean(ten)) if ten else float("nan")
        plain = [unranked[k] for k in (*NT_STRUCTURES, "fetal_head") if k in unranked]
        result[f"{name}_mean_fada"] = float(np.mean(plain)) if plain else float("nan")
    confidence = np.array([d.confidence for d in boxes_found])
    right = np.array([float(d.present and d.iou >= 0.5) for d in boxes_found])
    result["structure_ece"] = calibration_error(confidence, right)
    result["box_n"] = {label: sum(d.present for d in items) for label, items in by_label.items()}
    return result


def _mean_interval(values: list[float], groups: list[str]) -> tuple[float, float]:
    return bootstrap(values, groups, lambda s: float(np.mean(s)), DRAWS)


def mask_figures(scores: list[MaskScore]) -> dict[str, Any]:
    """Dice and IoU of each structure, ours and on FADA's canvas."""
    result: dict[str, Any] = {
        name: {} for name in ("dice", "dice_interval", "iou", "dice_fada", "iou_fada", "mask_n")
    }
    for label in sorted({s.label for s in scores}):
        mine = [s for s in scores if s.label == label]
        dice = [s.dice for s in mine]
        result["dice"][label] = float(np.mean(dice))
        result["dice_interval"][label] = _mean_interval(dice, [s.group for s in mine])
        result["iou"][label] = float(np.mean([s.iou for s in mine]))
        result["dice_fada"][label] = float(np.mean([s.dice_fada for s in mine]))
        result["iou_fada"][label] = float(np.mean([s.iou_fada for s in mine]))
        result["mask_n"][label] = len(mine)
    heads = [s for s in scores if s.label == "fetal_head"]
    result["head_dice_by_dataset"] = {
        name: {
            "dice": float(np.mean([s.dice for s in heads if s.dataset == name])),
            "n": sum(s.dataset == name for s in heads),
        }
        for name in sorted({s.dataset for s in heads})
    }
    return result


def head_figures(scores: list[HeadScore], rules: Thresholds) -> dict[str, Any]:
    """HC error in mm and %, its interval's coverage, keypoint error in mm."""
    if not scores:
        return {}
    errors = [abs(s.hc_mm - s.truth_mm) for s in scores]
    keypoints = [s.keypoints_mm for s in scores if np.isfinite(s.keypoints_mm)]
    result: dict[str, Any] = {
        "hc_mae_mm": float(np.mean(errors)),
        "hc_mae_mm_interval": _mean_interval(errors, [s.group for s in scores]),
        "hc_median_mm": float(np.median(errors)),
        "hc_bias_mm": float(np.mean([s.hc_mm - s.truth_mm for s in scores])),
        "hc_mape": float(
            np.mean([100 * e / s.truth_mm for e, s in zip(errors, scores, strict=True)])
        ),
        "keypoint_error_mm": float(np.mean(keypoints)) if keypoints else float("nan"),
        "hc_n": len(scores),
    }
    if rules.hc_interval:
        a, b = rules.hc_interval
        inside = [e <= a + b * s.hc_mm for e, s in zip(errors, scores, strict=True)]
        result["hc_interval_coverage"] = float(np.mean(inside))
    return result


def subplane_figures(
    observations: Sequence[Observation], labels: Labels, rules: Thresholds
) -> dict[str, Any]:
    """Balanced accuracy of the brain's sub-planes over heads whose sub-plane is known, and how many are
    named with what accuracy; empty where the release names none."""
    known: list[str] = []
    pairs: list[tuple[str, str]] = []
    named: list[bool] = []
    for o in observations:
        if labels.subplanes and o.record.subplane and o.raw.subplane is not None:
            chances = softmax(o.raw.subplane, rules.subplane_temperature)
            best = int(np.argmax(chances))
            known.append(o.record.group)
            pairs.append((o.record.subplane, labels.subplanes[best]))
            named.append(bool(chances[best] >= rules.subplane))
    if not pairs:
        return {}

    def score(some: list[tuple[str, str]]) -> float:
        return balanced_accuracy([t for t, _ in some], [f for _, f in some])

    right = [t == f for (t, f), sure in zip(pairs, named, strict=True) if sure]
    return {
        "subplane_named": float(np.mean(named)),
        "subplane_named_accuracy": float(np.mean(right)) if right else float("nan"),
        "subplane_balanced_accuracy": score(pairs),
        "subplane_balanced_accuracy_interval": bootstrap(pairs, known, score, DRAWS),
        "subplane_accuracy": float(np.mean([t == f for t, f in pairs])),
        "subplane_n": len(pairs),
    }


def figures(observations: list[Observation], labels: Labels, rules: Thresholds) -> dict[str, Any]:
    """Everything that labelled images tell about the dense outputs."""
    answers = plane_answers(observations, labels, rules)
    boxes_found = detections(observations, labels.boxes, labels.masks, rules)
    plane, boxes = plane_figures(answers, labels), detection_figures(boxes_found)
    confidence = np.array([a.confidence for a in answers] + [d.confidence for d in boxes_found])
    right = [float(a.right) for a in answers]
    right += [float(d.present and d.iou >= 0.5) for d in boxes_found]
    return {
        **plane,
        **boxes,
        **mask_figures(mask_scores(observations, labels.masks, rules)),
        **head_figures(head_scores(observations, labels.masks, rules), rules),
        **size_figures(size_scores(observations, labels.masks, rules), rules),
        **subplane_figures(observations, labels, rules),
        "ece": calibration_error(confidence, np.array(right)),
        "abstention_curve": abstention_curve(answers),
    }
