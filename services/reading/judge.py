"""From a release's outputs to what FADA reports: scope, plane, structures, millimetres, abstentions.

Pure: no model, no queue, no DICOM. Hub, phone agent and evaluation call the same function.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from services.domain import biometry
from services.domain.calibration import Calibration
from services.domain.errors import InvalidModelOutput
from services.domain.fetal_sex_filter import FLAG, withhold
from services.domain.mapping import map_plane, map_structures
from services.domain.report import (
    Abstention,
    Centile,
    Dating,
    FrameReading,
    Keypoint,
    Mapping,
    Measurement,
    Scored,
    Structure,
)
from services.domain.study import FrameRef
from services.reading.confidence import Thresholds, softmax
from services.reading.contract import RawReading
from services.reading.images import geometry
from services.reading.images.picture import Square
from services.reading.measures import known_angles, known_pairs, measure, measure_lengths
from services.reading.releases.release import Manifest

NOT_STATED = "Not stated."
Masks = dict[str, NDArray[np.bool_]]


@dataclass(frozen=True, slots=True)
class JudgedFrame:
    """The reading of one frame and its masks, each (H, W) bool in the frame's own pixels."""

    reading: FrameReading
    masks: Masks


def judge(
    raw: RawReading,
    square: Square,
    where: FrameRef,
    manifest: Manifest,
    calibration: Calibration,
    *,
    lmp_days: float | None = None,
    asked: Collection[str] = (),
) -> JudgedFrame:
    """Judge one frame. ``lmp_days`` is the age in days by last period, if known, for the centile;
    ``asked`` are labels to look for besides what the plane shows.

    Raises:
        InvalidModelOutput: the text is not the JSON that the contract asks for.
    """
    rules = manifest.thresholds
    planes = _planes(raw, manifest, rules)
    scope, quality = rules.scope_platt(raw.scope), rules.quality_platt(raw.quality)
    reading = FrameReading(
        series_uid=where.series_uid,
        sop_uid=where.sop_uid,
        frame=where.frame,
        width=square.width,
        height=square.height,
        in_scope=scope >= rules.scope,
        scope_confidence=round(scope, 4),
        quality=round(quality, 4),
        planes=planes,
        plane=None,
    )
    if scope < rules.scope:
        return _abstained(reading, Abstention.OUT_OF_SCOPE, "image")
    if quality < rules.quality:
        return _abstained(reading, Abstention.TOO_POOR, "image")
    if planes[0].confidence < rules.plane:
        return _abstained(reading, Abstention.UNKNOWN_PLANE, "plane")
    return _assessed(
        replace(reading, plane=planes[0]), raw, square, manifest, calibration, lmp_days, asked
    )


def _abstained(reading: FrameReading, reason: Abstention, about: str) -> JudgedFrame:
    return JudgedFrame(replace(reading, abstentions=((reason, about),)), {})


def _assessed(
    reading: FrameReading,
    raw: RawReading,
    square: Square,
    manifest: Manifest,
    calibration: Calibration,
    lmp_days: float | None,
    asked: Collection[str],
) -> JudgedFrame:
    """All that follows from a plane that is certain enough."""
    plane = reading.plane
    assert plane is not None
    abstentions: list[tuple[Abstention, str]] = []
    generated = _interpretation(raw.interpretation)
    interpretation = withhold(generated)
    classification = _classification(raw.classification) or plane.label
    # Heads name a plane of ours; a release of words alone names FADA's labels.
    own = manifest.has_heads
    mapping = map_plane(plane.label) if own else map_structures(classification, generated)
    wanted = _wanted(plane.label, mapping, manifest) | frozenset(asked)
    structures, masks, outlines = _structures(
        raw, square, plane.label, wanted, manifest, abstentions
    )
    subplane = _subplane(raw, plane, manifest, abstentions)
    keypoints = _keypoints(raw, square, plane, manifest)
    rules, size = manifest.thresholds, (square.width, square.height)
    pairs = known_pairs(keypoints, rules)
    measurements = measure(plane.label, outlines, calibration, rules, pairs)
    lengths = measure_lengths(keypoints, size, calibration, rules, manifest.scale_bar_mm)
    said = (*measurements[:1], *lengths)
    abstentions += [(Abstention.NOT_CALIBRATED, m.name) for m in said if m.mm is None]
    measurements += lengths
    datings, centiles = date_by_head(measurements, lmp_days)
    if any(m.name == "HC" and m.mm is not None for m in measurements) and not datings:
        abstentions.append((Abstention.OUT_OF_RANGE, "gestational_age"))
    assessed = replace(
        reading,
        interpretation=with_measured(interpretation, measurements, datings),
        classification=classification, mapping=mapping, structures=structures,
        keypoints=keypoints,
        measurements=measurements,
        datings=datings,
        centiles=centiles,
        abstentions=tuple(abstentions),
        flags=(FLAG,) if interpretation != generated else (),
        subplane=subplane,
        angles=known_angles(plane.label, outlines, calibration, rules),
    )  # fmt: skip
    return JudgedFrame(assessed, masks)


def date_by_head(
    measurements: tuple[Measurement, ...], lmp_days: float | None
) -> tuple[tuple[Dating, ...], tuple[Centile, ...]]:
    """Gestational age by each equation that holds for the head circumference; ``lmp_days`` is the age
    in days by last period. A centile only where the age is known by other means than the head itself.
    """
    hc = next((m.mm for m in measurements if m.name == "HC" and m.mm is not None), None)
    if hc is None:
        return (), ()
    datings = tuple(
        d for d in (biometry.hadlock_hc(hc), biometry.intergrowth_hc(hc)) if d is not None
    )
    centile = biometry.intergrowth_hc_centile(hc, lmp_days) if lmp_days is not None else None
    return datings, (centile,) if centile is not None else ()


def _planes(raw: RawReading, manifest: Manifest, rules: Thresholds) -> tuple[Scored, ...]:
    if raw.plane.shape != (len(manifest.planes),):
        raise InvalidModelOutput("PLANE does not fit the release's labels.")
    chances = softmax(raw.plane, rules.plane_temperature)
    ranked = sorted(zip(manifest.planes, chances, strict=True), key=lambda p: -p[1])
    return tuple(Scored(label, round(float(p), 4)) for label, p in ranked)


def _subplane(
    raw: RawReading,
    plane: Scored,
    manifest: Manifest,
    abstentions: list[tuple[Abstention, str]],
) -> Scored | None:
    """The level at which a head is cut; None for other planes and for releases that do not read it."""
    if plane.label != "head" or not manifest.subplanes or raw.subplane is None:
        return None
    if raw.subplane.shape != (len(manifest.subplanes),):
        raise InvalidModelOutput("SUBPLANE does not fit the release's labels.")
    rules = manifest.thresholds
    chances = softmax(raw.subplane, rules.subplane_temperature)
    best = int(chances.argmax())
    if chances[best] < rules.subplane:
        abstentions.append((Abstention.UNKNOWN_SUBPLANE, "subplane"))
        return None
    return Scored(manifest.subplanes[best], round(float(chances[best]), 4))


def _wanted(plane: str, mapping: Mapping, manifest: Manifest) -> frozenset[str]:
    """What to look for: phase 3's structures and those that the release knows in this plane."""
    return frozenset(manifest.structures_by_plane.get(plane, ())) | frozenset(mapping.structures)


def _structures(
    raw: RawReading,
    square: Square,
    plane: str,
    wanted: frozenset[str],
    manifest: Manifest,
    abstentions: list[tuple[Abstention, str]],
) -> tuple[tuple[Structure, ...], Masks, dict[str, geometry.Points]]:
    rules = manifest.thresholds
    scale = np.array([square.width, square.height], dtype=np.float64)
    structures: list[Structure] = []
    masks: Masks = {}
    outlines: dict[str, geometry.Points] = {}
    for index, label in enumerate(manifest.boxes):
        if label not in wanted:
            continue
        cx, cy, w, h, logit = (float(v) for v in raw.boxes[index])
        confidence = rules.probability(label, logit)
        if confidence < rules.threshold(label):
            abstentions.append((Abstention.LOW_CONFIDENCE, label))
            continue
        box = np.clip([cx - w / 2, cy - h / 2, cx + w / 2, cy + h / 2], 0, 1) * np.tile(scale, 2)
        x0, y0, x1, y1 = (round(float(v), 2) for v in box)
        polygon: tuple[tuple[float, float], ...] = ()
        size = None
        if label in manifest.masks:
            traced = geometry.outline(
                raw.masks[manifest.masks.index(label)], rules.mask_level.get(label, 0.0)
            )
            if traced is not None:
                border = traced * scale
                if geometry.filling(border) < rules.filling.get(label, 0.0):
                    abstentions.append((Abstention.LOW_CONFIDENCE, label))
                    continue
                outlines[label] = border
                if rules.is_ellipse(plane, label):
                    border = geometry.as_ellipse(border, square.width, square.height)
                masks[label] = geometry.fill(border, square.width, square.height)
                size = int(masks[label].sum())
                x0, y0, x1, y1 = (round(v, 2) for v in geometry.bounds(border))
                polygon = _rounded(geometry.resample(border))
        structures.append(
            Structure(label, round(confidence, 4), (x0, y0, x1, y1), polygon, None, size)
        )
    return tuple(structures), masks, outlines


def _rounded(points: geometry.Points) -> tuple[tuple[float, float], ...]:
    return tuple((round(float(x), 2), round(float(y), 2)) for x, y in points)


def _keypoints(
    raw: RawReading, square: Square, plane: Scored, manifest: Manifest
) -> tuple[Keypoint, ...]:
    own = manifest.keypoints_by_plane.get(plane.label, ())
    if not own or not manifest.keypoints:  # without heads the tensor stands empty
        return ()
    points = []
    for label, (x, y, logit) in zip(manifest.keypoints, raw.keypoints.tolist(), strict=True):
        # Without heads nothing is certain by half: what the words do not mark is not there.
        if label not in own or (logit <= 0 and not manifest.has_heads):
            continue
        px, py = square.to_frame(x, y)
        points.append(
            Keypoint(
                label,
                round(px, 2),
                round(py, 2),
                round(manifest.thresholds.probability(label, logit), 4),
            )
        )
    return tuple(points)


def _interpretation(text: str) -> dict[str, str]:
    if not text:
        return {}
    try:
        value = json.loads(text)
    except ValueError as error:
        raise InvalidModelOutput("The interpretation is not JSON.") from error
    if (
        not isinstance(value, dict)
        or not value
        or not all(isinstance(v, str) for v in value.values())
    ):
        raise InvalidModelOutput("The interpretation is not an object of strings.")
    return value


def with_measured(
    words: dict[str, str], measurements: Sequence[Measurement], datings: Sequence[Dating]
) -> dict[str, str]:
    """What was measured outranks what the text model, which sees no scale, could say of it: an image with
    millimetres needs no calibration, and its age is what they date, or is not stated."""
    if not words or all(one.mm is None for one in measurements):
        return words
    ages = ". ".join(f"{d.text} by {d.equation}" for d in datings)
    advice = words.get("clinical_recommendations", "").split(". ")
    kept = ". ".join(s for s in advice if "calibrated image" not in s)
    age = f"{ages}." if ages else NOT_STATED
    return {**words, "gestational_age": age, "clinical_recommendations": kept}


def _classification(text: str) -> str | None:
    if not text:
        return None
    try:
        label = json.loads(text)["label"]
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidModelOutput("The classification is not a label.") from error
    return str(label)
