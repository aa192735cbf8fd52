"""Tensors, words and scales as any release of the contract might give them, the odd ones included: for tests
that runtimes in other languages judge as the hub does."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.domain.calibration import Calibration, PixelSize, Region
from services.reading.contract import RawReading
from services.reading.releases import manifest
from services.reading.text.prompting import FIELDS

# Words that each rule looks for, beside words that none does.
TEXTS = (
    "Not assessed.",
    "Axial plane of the head. Thalami seen.",
    "Femur in long axis; no head is seen.",
    "Abdominal circumference plane, stomach and umbilical vein.",
    "It moves its arms. She is well.",
    "A b o y",
    "Measure in a calibrated image. Repeat in two weeks. Refer if in doubt",
    "Needs a calibrated image",
    "Four chamber view of the heart",
    "none",
    "HC 250 mm, BPD and OFD measured",
    "लड़का",
    "Nuchal translucency; CRL",
)
DIAMETERS = ("apad_a", "apad_b", "tad_a", "tad_b")
SCALES = (
    Calibration(),
    Calibration(spacing=PixelSize(0.2, 0.25, "pixel_spacing")),
    Calibration(spacing=PixelSize(0.01, 0.01, "scale_bar")),
    Calibration((Region(0, 0, 4000, 4000, 0.31, 0.29),)),
    Calibration((Region(0, 0, 150, 4000, 0.3, 0.3), Region(151, 0, 4000, 4000, 0.4, 0.4))),
)


def blob(chance: random.Random, cells: int) -> NDArray[np.float32]:
    """Logits of a rough ellipse, sometimes of two, sometimes of nothing."""
    y, x = np.mgrid[0:cells, 0:cells].astype(np.float64)
    out = np.full((cells, cells), -6.0)
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        cx, cy = (chance.uniform(0.2, 0.8) * cells for _ in range(2))
        a, b = (chance.uniform(0.03, 0.45) * cells for _ in range(2))
        out = np.maximum(out, 5 * (1 - ((x - cx) / a) ** 2 - ((y - cy) / b) ** 2))
    noise = np.random.default_rng(chance.randrange(2**32)).normal(0, 0.6, out.shape)
    return (out + noise).astype(np.float32)


def without(document: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same release as if nothing had taught it these structures."""
    labels = document["labels"]
    for kind in ("masks", "boxes"):
        labels[kind] = [name for name in labels[kind] if name not in names]
    for plane, there in labels["structures_by_plane"].items():
        labels["structures_by_plane"][plane] = [name for name in there if name not in names]
    return document


def with_biometry(document: dict[str, Any]) -> dict[str, Any]:
    """The same release as if it also read abdomen, femur and the intrapartum view."""
    labels = document["labels"]
    axes = ["long_axis_a", "long_axis_b", "short_axis_a", "short_axis_b"]
    structures = ("abdomen", "femur", "pubic_symphysis")
    labels |= {
        "planes": [*dict.fromkeys([*labels["planes"], "intrapartum"])],
        "masks": [*dict.fromkeys([*labels["masks"], *structures])],
        "boxes": [*dict.fromkeys([*labels["boxes"], *structures])],
        "keypoints": [*axes, "femur_a", "femur_b", *DIAMETERS],
        "keypoints_by_plane": {
            "head": axes,
            "femur": ["femur_a", "femur_b"],
            "abdomen": list(DIAMETERS),
        },
        "subplanes": ["trans-thalamic", "trans-ventricular", "trans-cerebellar"],
    }
    labels["structures_by_plane"] |= {
        "abdomen": ["abdomen"],
        "femur": ["femur"],
        "intrapartum": ["fetal_head", "pubic_symphysis"],
    }
    document["calibration"]["intervals"] = {
        "AC": [5.0, 0.02],
        "BPD": [1.0, 0.01],
        "TAD": [2.0, 0.01],
        "APAD": [2.0, 0.01],
        "AoP": [4.0, 0.02],
        "FemurAngle": [3.0, 0.02],
    }
    document["calibration"] |= {
        "subplane_temperature": 1.3,
        "subplane": 0.55,
        "filling": {"abdomen": 0.9},
        "ellipses": {"head": ["fetal_head"], "abdomen": ["abdomen"]},
        "elongation": {"pubic_symphysis": 1.2, "femur": 1.1},
    }
    document["calibration"].setdefault("structure", {}).update(dict.fromkeys(DIAMETERS, 0.3))
    return document


def made_up(chance: random.Random, release_manifest: manifest.Manifest) -> RawReading:
    """Tensors as any release of the contract might give them, the odd ones included."""

    def logits(n: int, spread: float) -> NDArray[np.float32]:
        return np.array([chance.gauss(0, spread) for _ in range(n)], np.float32)

    boxes = np.array(
        [[chance.uniform(-0.1, 1.1), chance.uniform(-0.1, 1.1), chance.uniform(0, 1.2),
          chance.uniform(0, 1.2), chance.gauss(1, 3)] for _ in release_manifest.boxes], np.float32,
    )  # fmt: skip
    plane = logits(len(release_manifest.planes), chance.choice((0.3, 3.0)))
    if chance.random() < 0.7:
        plane[chance.choice((0, 1, 1, chance.randrange(len(release_manifest.planes))))] += 6
    return RawReading(
        plane=plane,
        scope=float(np.float32(chance.gauss(3, 3))),
        quality=float(np.float32(chance.gauss(2, 3))),
        masks=np.stack([blob(chance, release_manifest.side // 2) for _ in release_manifest.masks]),
        boxes=boxes,
        keypoints=logits(3 * len(release_manifest.keypoints), 1.0).reshape(-1, 3),
        interpretation="" if chance.random() < 0.2 else json.dumps(
            {name: chance.choice(TEXTS) for name in FIELDS}
        ),
        classification="", release="", seconds={},
        subplane=logits(len(release_manifest.subplanes), 2.0) if release_manifest.subplanes else None,
    )  # fmt: skip
