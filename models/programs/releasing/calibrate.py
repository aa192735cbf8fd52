"""Fits a release's confidences and thresholds on the validation split.

`python -m models.programs.releasing.calibrate --release DIR --data DIR` reads `vision.onnx` and `vision.json`
and writes the result into the latter's `calibration`, as services.reading.confidence.Thresholds takes it.
Nothing of the test split is looked at.
"""

import argparse
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import minimize
from scipy.stats import chi2, norm

from models.data.augment import degrade
from models.data.collection import DATA_SETS, agreed, read_collection
from models.data.manifest import Record
from models.evaluation.blind import hide_source
from models.evaluation.detection import detections
from models.evaluation.heads import mask_scores
from models.evaluation.observe import Observation, load_gray, observe, observe_images
from models.evaluation.refusals import negatives
from models.evaluation.sizes import NAMES, size_scores
from models.fada.labels import BOXES, MASKS, PLANES, SUBPLANES
from services.domain.report import FEMUR_ANGLE
from services.reading.confidence import Platt, Thresholds, softmax
from services.reading.vision import Vision

Floats = npt.NDArray[np.float64]
FALSE_REFUSALS = 0.03  # of the data set that is refused most
FEWEST = 20  # images of a data set that may decide a threshold
FEWEST_SIZES = 10  # measured images that an interval may come from
FEW = 60  # measured images; fewer say little of the hard ones
FILLING = {
    "abdomen": 0.97
}  # of its own ellipse: what leaked outlines of training images do not reach
ROUND = {"pubic_symphysis": 1.5}  # long axis by short one; below, the axis may lie anywhere
# Degrees; an angle that is less sure at its median size is not reported.
WIDEST = {"AoP": 15.0, FEMUR_ANGLE: 15.0}
SURE = 0.9  # share of right ones among the sub-planes that are named
# Logits. Lower still, a shaft is as long as its label but far too wide: its box no longer fits.
LEVELS = np.linspace(-1.5, 1.5, 13)
# Structures of a plane that may be shown as ellipses: what they are measured by.
OVAL = (("head", "fetal_head"), ("abdomen", "abdomen"))


def fit_temperature(logits: Floats, truth: npt.NDArray[np.int64]) -> float:
    """The temperature with the least cross-entropy; logits [n, P]. One image more is counted as right and one
    as wrong (rule of succession), for where all are right there is no least."""
    wrong = 1 / (len(truth) + 2)

    def loss(log_temperature: Floats) -> float:
        z = logits / np.exp(log_temperature[0])
        z = z - z.max(1, keepdims=True)
        own = z[np.arange(len(z)), truth]
        others = (z.sum(1) - own) / max(z.shape[1] - 1, 1)
        return float(np.mean(np.log(np.exp(z).sum(1)) - (1 - wrong) * own - wrong * others))

    return float(np.exp(minimize(loss, np.zeros(1), method="Nelder-Mead").x[0]))


def fit_platt(logits: Floats, truth: Floats) -> tuple[float, float]:
    """Slope and offset of sigmoid(slope * logit + offset); a weak prior keeps the slope near 1."""
    if len(logits) < 8:
        return 1.0, 0.0

    def loss(values: Floats) -> float:
        z = np.exp(values[0]) * logits + values[1]
        likelihood = np.logaddexp(0, z) - truth * z
        return float(likelihood.sum() + 1.0 * values[0] ** 2 + 0.05 * values[1] ** 2)

    slope, offset = minimize(loss, np.zeros(2), method="Nelder-Mead").x
    return float(np.exp(slope)), float(offset)


def conformal(errors: Floats, sizes: Floats, level: float = 0.95) -> tuple[float, float]:
    """(a, b) with |error| <= a + b * size for `level` of new cases: split-conformal on the residual
    scaled by 1 mm (or degree) + 1 % of the size. Few cases may have missed the hard ones: then it is no
    less than the normal tolerance limit, which holds `level` of new cases with 95 % confidence."""
    scores = np.sort(np.abs(errors) / (1.0 + 0.01 * sizes))
    count = len(scores)
    half = float(scores[min(count - 1, int(np.ceil((count + 1) * level)) - 1)])
    if count < FEW:
        spread = np.sqrt(np.sum(scores**2) / chi2.ppf(0.05, count))
        half = max(half, float(norm.ppf((1 + level) / 2) * spread))
    return half, half * 0.01


def fit_mask_level(observations: list[Observation], label: str, name: str) -> float:
    """The logit level of a structure's outline at which measure `name` has the least mean absolute
    error, each split counted alike; 0 where nothing of the kind was published. Of HC, the heads that were
    outlined decide."""
    errors = []
    some = [o for o in observations if name in o.record.sizes]
    if name == "HC":
        some = [o for o in some if not o.record.landmarks]
    if not some:
        return 0.0
    for level in LEVELS:
        rules = Thresholds(mask_level={label: float(level)})
        scores = [s for s in size_scores(some, MASKS, rules) if s.name == name]
        gaps = np.array([abs((s.measured or 0.0) - s.truth) for s in scores])
        splits = np.array([o.record.split for o in some])
        errors.append(np.mean([gaps[splits == split].mean() for split in sorted(set(splits))]))
    smooth = np.convolve(np.pad(errors, 1, mode="edge"), [0.25, 0.5, 0.25], "valid")
    return float(LEVELS[int(np.argmin(smooth))])


def fit_ellipses(observations: list[Observation], rules: Thresholds) -> dict[str, list[str]]:
    """By plane, what overlaps its labels more as the ellipse with the outline's moments than as traced."""
    chosen: dict[str, list[str]] = {}
    for plane, label in OVAL:
        some = [o for o in observations if o.record.plane == plane and label in o.masks]
        as_ellipse = replace(rules, ellipses={plane: (label,)})
        traced, oval = (
            [s.dice for s in mask_scores(some, MASKS, r) if s.label.startswith(label)]
            for r in (rules, as_ellipse)
        )
        if some and float(np.mean(oval)) > float(np.mean(traced)):
            chosen[plane] = [label]
    return chosen


def fit_intervals(observations: list[Observation], rules: Thresholds) -> dict[str, list[float]]:
    """(a, b) of the 95 % half-width a + b * size by measure, mm or degrees, from what was measured."""
    scores = size_scores(observations, MASKS, rules)
    intervals = {}
    for name in NAMES:
        mine = [s for s in scores if s.name == name and s.measured is not None]
        if name == "HC":
            mine = [s for s in mine if s.dataset == "HC18"] or mine
        if len(mine) >= (1 if name == "HC" else FEWEST_SIZES):
            errors = np.array([s.error for s in mine])
            sizes = np.array([float(s.measured or 0) for s in mine])
            a, b = conformal(errors, sizes)
            if a + b * float(np.median(sizes)) <= WIDEST.get(name, np.inf):
                intervals[name] = [round(a, 4), round(b, 4)]
    return intervals


def fit_subplanes(observations: list[Observation]) -> dict[str, float]:
    """The temperature of the sub-planes, and the least threshold from which on `SURE` of what is named is
    right; one that nothing reaches where that is never so."""
    known = [o for o in observations if o.record.subplane and o.raw.subplane is not None]
    if len(known) < FEWEST_SIZES:
        return {}
    logits = np.stack([np.asarray(o.raw.subplane, np.float32) for o in known])
    truth = np.array([SUBPLANES.index(o.record.subplane) for o in known])
    temperature = fit_temperature(logits.astype(np.float64), truth)
    chances = np.stack([softmax(row, temperature) for row in logits])
    best, right = chances.max(1), chances.argmax(1) == truth
    for threshold in np.arange(0.5, 1.0, 0.01):
        named = best >= threshold
        if named.sum() >= FEWEST_SIZES and right[named].mean() >= SURE:
            return {
                "subplane_temperature": round(temperature, 4),
                "subplane": round(float(threshold), 2),
            }
    return {"subplane_temperature": round(temperature, 4), "subplane": 1.01}


def _structures(observations: list[Observation], rules: Thresholds) -> dict[str, Any]:
    boxes = detections(observations, BOXES, MASKS, rules)
    platt: dict[str, list[float]] = {}
    thresholds: dict[str, float] = {}
    for label in BOXES:
        mine = [d for d in boxes if d.label == label]
        right = np.array([float(d.present and d.iou >= 0.5) for d in mine])
        slope, offset = fit_platt(np.array([d.logit for d in mine]), right)
        platt[label] = [round(slope, 4), round(offset, 4)]
        thresholds[label] = 0.25
    return {"structure_platt": platt, "structure": thresholds}


def _scope(
    vision: Vision,
    in_scope: list[Observation],
    records: list[Record],
    strangers: list[Record],
) -> dict[str, Any]:
    inside = np.array([o.raw.scope for o in in_scope])
    names = np.array([o.record.dataset for o in in_scope])
    families = list(negatives(records, 15, seed=11, held_out=False).values())
    families.append([load_gray(r) for r in strangers])
    outside = [r.scope for images in families for r in observe_images(vision, images)]
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    slope, offset = fit_platt(np.concatenate([inside, outside]), truth)
    # The data set that is refused most decides: a mean over sets would hide it behind the others.
    several = [n for n in set(names) if (names == n).sum() >= FEWEST] or sorted(set(names))
    lowest = min(float(np.quantile(inside[names == n], FALSE_REFUSALS)) for n in several)
    # Where what must be refused lies well below, the threshold need not refuse so many.
    between = (lowest + max(outside)) / 2
    threshold = Platt(slope, offset)(min(lowest, between))
    return {"scope_platt": [round(slope, 4), round(offset, 4)], "scope": round(threshold, 5)}


def _quality(vision: Vision, in_scope: list[Observation], records: list[Record]) -> dict[str, Any]:
    rng = np.random.default_rng(5)
    logits, levels = [], []
    for observation in in_scope[::4]:
        image, level = degrade(observation.square.pixels, rng)
        logits.append(observe_images(vision, [image])[0].quality)
        levels.append(1.0 - level)
    clean = np.array([o.raw.quality for o in in_scope])
    all_logits = np.concatenate([clean, logits])
    slope, offset = fit_platt(all_logits, np.concatenate([np.ones(len(clean)), levels]))
    platt = Platt(slope, offset)
    threshold = min(0.25, platt(float(np.quantile(clean, 0.005))))
    return {"quality_platt": [round(slope, 4), round(offset, 4)], "quality": round(threshold, 4)}


def calibrate(
    vision: Vision, records: list[Record], measured: Sequence[Record] = ()
) -> dict[str, Any]:
    """The manifest's `calibration` from the validation records. The levels of abdomen and femur, of which
    these show few, are fitted on the `measured` training images too."""
    planes = [r for r in records if r.plane]
    plain = list(observe(vision, planes))
    hidden = list(observe(vision, planes[::2], hide_source, seed=3))
    more = plain + list(observe(vision, list(measured)))
    levels = {
        label: round(fit_mask_level(some, label, name), 3)
        for label, name, some in (
            ("fetal_head", "HC", plain),
            ("abdomen", "AC", more),
            ("femur", "FL", more),
        )
    }
    rules = replace(Thresholds(), mask_level=levels, filling=FILLING, elongation=ROUND)
    ellipses = fit_ellipses(plain, rules)
    rules = replace(rules, ellipses={k: tuple(v) for k, v in ellipses.items()})
    intervals = fit_intervals(plain, rules)
    logits = np.stack([o.raw.plane for o in plain + hidden]).astype(np.float64)
    truth = np.array([PLANES.index(str(o.record.plane)) for o in plain + hidden])
    return {
        "plane_temperature": round(fit_temperature(logits, truth), 4),
        "plane": 0.45,
        **_scope(vision, plain, planes, [r for r in records if not r.plane]),
        **_quality(vision, plain, planes),
        **_structures(plain, rules),
        "mask_level": levels,
        "filling": FILLING,
        "elongation": ROUND,
        "ellipses": ellipses,
        **fit_subplanes(plain),
        "hc_interval": intervals.get("HC"),
        "intervals": intervals,
        "fitted_on": {
            "split": "val",
            "images": len(planes),
            "hc": sum("HC" in o.record.sizes for o in plain),
        },
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", default="val")
    parser.add_argument(
        "--without",
        nargs="*",
        default=[],
        choices=DATA_SETS,
        help="as in training, of a graph that does not say it",
    )
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    path = args.release / "vision.json"
    about = json.loads(path.read_text(encoding="utf-8"))
    graph = (args.release / "vision.onnx").read_bytes()
    vision = Vision(graph, int(about["side"]), threads=args.threads)
    everything = read_collection(args.data, agreed(about.get("left_out"), args.without))
    records = [r for r in everything if r.split == args.split]
    measured = [r for r in everything if r.split == "train" and {"AC", "FL"} & r.sizes.keys()]
    result = calibrate(vision, records, measured)
    about["calibration"] = result
    path.write_text(json.dumps(about, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(result, indent=1))


if __name__ == "__main__":
    main()
