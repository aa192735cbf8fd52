"""What a release measures, in mm and degrees, against what was published; see `NAMES`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from models.evaluation.observe import Observation
from models.evaluation.scores import bootstrap
from models.fada.labels import KEYPOINTS
from services.domain.calibration import Calibration, PixelSize
from services.domain.report import FEMUR_ANGLE
from services.reading import measures
from services.reading.confidence import Thresholds
from services.reading.images import geometry

NAMES = ("HC", "BPD", "OFD", "AC", "TAD", "APAD", "FL", FEMUR_ANGLE, "AoP")


@dataclass(frozen=True, slots=True)
class SizeScore:
    """One measure of one image: measured (None: nothing was outlined) and true, mm or degrees."""

    name: str
    group: str
    dataset: str
    machine: str
    measured: float | None
    truth: float
    file: str

    @property
    def error(self) -> float:
        """Measured less true; NaN where nothing was measured."""
        return float("nan") if self.measured is None else self.measured - self.truth


def outlines_of(
    observation: Observation, masks: tuple[str, ...], rules: Thresholds
) -> dict[str, geometry.Points]:
    """Every structure that has a clear outline, in pixels of the image."""
    scale = np.array([observation.square.width, observation.square.height])
    outlines = {}
    for label, logits in zip(masks, observation.raw.masks, strict=True):
        traced = geometry.outline(logits, rules.mask_level.get(label, 0.0))
        if traced is None:
            continue
        border = traced * scale
        if geometry.filling(border) >= rules.filling.get(label, 0.0):
            outlines[label] = border
    return outlines


def diameters_of(observation: Observation) -> dict[str, measures.Ends]:
    """The pairs of keypoints that a diameter is measured along, in pixels of the image."""
    scale = np.array([observation.square.width, observation.square.height])
    places = observation.raw.keypoints[:, :2] * scale
    if len(places) < len(KEYPOINTS):
        return {}
    ends: dict[str, measures.Ends] = {}
    for name, pair in measures.KEYPOINT_PAIRS.items():
        at = KEYPOINTS.index(f"{pair}_a")
        (ax, ay), (bx, by) = places[at].tolist(), places[at + 1].tolist()
        ends[name] = ((ax, ay), (bx, by))
    return ends


def true_sizes(observation: Observation) -> dict[str, float]:
    """Published sizes; BPD and OFD of a head that was outlined are the axes of that outline's ellipse, and
    a femur lies as the line between its published ends."""
    record = observation.record
    sizes = {name: value for name, value in record.sizes.items() if name in NAMES}
    if record.pixel_xy is not None and {"femur_a", "femur_b"} <= record.landmarks.keys():
        ends = np.array([record.landmarks["femur_a"], record.landmarks["femur_b"]])
        x, y = np.abs((ends[1] - ends[0]) * record.pixel_xy)
        sizes[FEMUR_ANGLE] = float(np.degrees(np.arctan2(y, x)))
    head = observation.masks.get(measures.HEAD)
    if record.plane == "head" and head is not None and record.pixel_mm and not record.landmarks:
        logits = np.where(head, np.float32(5), np.float32(-5))
        traced = geometry.outline(logits)
        if traced is not None:
            shape = geometry.ellipse(traced * np.array(head.shape[::-1]))
            if shape is not None:
                sizes |= {
                    "BPD": 2 * shape.b * record.pixel_mm,
                    "OFD": 2 * shape.a * record.pixel_mm,
                }
    return sizes


def found_sizes(
    observation: Observation, masks: tuple[str, ...], rules: Thresholds
) -> dict[str, float]:
    """What the release measures in the image's true plane, by the code that writes reports."""
    record = observation.record
    outlines = outlines_of(observation, masks, rules)
    sizes: dict[str, float] = {}
    if record.plane == "intrapartum":
        if measures.HEAD in outlines and measures.SYMPHYSIS in outlines:
            for angle in measures.measure_angles("intrapartum", outlines, Calibration(), rules):
                sizes[angle.name] = angle.degrees
    elif record.pixel_xy is not None and record.plane is not None:
        scale = Calibration(spacing=PixelSize(*record.pixel_xy, "pixel_spacing"))
        along = diameters_of(observation)
        for m in measures.measure(record.plane, outlines, scale, rules, along):
            if m.mm is not None:
                sizes[m.name] = m.mm
        if record.plane == "femur":
            angles = measures.measure_angles("femur", outlines, scale, rules)
            sizes |= {angle.name: angle.degrees for angle in angles}
    return sizes


def size_scores(
    observations: Sequence[Observation], masks: tuple[str, ...], rules: Thresholds
) -> list[SizeScore]:
    """One score for each measure that is published of an image and that the release could take."""
    able = {"HC", "BPD", "OFD"} if measures.HEAD in masks else set()
    able |= {"AC", "TAD", "APAD"} if measures.ABDOMEN in masks else set()
    able |= {"FL", FEMUR_ANGLE} if measures.FEMUR in masks else set()
    able |= {"AoP"} if measures.SYMPHYSIS in masks else set()
    scores = []
    for observation in observations:
        truth = true_sizes(observation)
        if not truth:
            continue
        sizes_found = found_sizes(observation, masks, rules)
        record = observation.record
        for name in NAMES:
            if name in truth and name in able:
                scores.append(
                    SizeScore(
                        name,
                        record.group,
                        record.dataset,
                        record.machine,
                        sizes_found.get(name),
                        truth[name],
                        record.path.name,
                    )
                )
    return scores


def summary(scores: list[SizeScore], rules: Thresholds) -> dict[str, Any]:
    """Mean (with its interval), median and bias of the error; how many were not found; coverage."""
    taken = [s for s in scores if s.measured is not None]
    result: dict[str, Any] = {"n": len(scores), "missing": len(scores) - len(taken)}
    if not taken:
        return result
    errors = np.array([s.error for s in taken])

    def mean(values: list[float]) -> float:
        return float(np.mean(values))

    result |= {
        "mae": float(np.abs(errors).mean()),
        "mae_interval": bootstrap(list(np.abs(errors)), [s.group for s in taken], mean),
        "median": float(np.median(np.abs(errors))),
        "bias": float(errors.mean()),
    }
    if scores[0].name != FEMUR_ANGLE:  # a level femur has no per cent
        result["mape"] = float(100 * np.mean(np.abs(errors) / [s.truth for s in taken]))
    interval = rules.interval(scores[0].name)
    if interval is not None:
        a, b = interval
        inside = [abs(s.error) <= a + b * float(s.measured or 0) for s in taken]
        result["interval_coverage"] = float(np.mean(inside))
    return result


def size_figures(scores: list[SizeScore], rules: Thresholds) -> dict[str, Any]:
    """By measure and data set, and by machine where that is known."""
    sizes: dict[str, Any] = {}
    machines: dict[str, Any] = {}
    for name in NAMES:
        mine = [s for s in scores if s.name == name]
        for dataset in sorted({s.dataset for s in mine}):
            part = [s for s in mine if s.dataset == dataset]
            sizes.setdefault(name, {})[dataset] = summary(part, rules)
        for machine in sorted({s.machine for s in mine if s.machine}):
            part = [s for s in mine if s.machine == machine]
            machines.setdefault(name, {})[machine] = summary(part, rules)
    return {"sizes": sizes, "sizes_by_machine": machines} if sizes else {}
