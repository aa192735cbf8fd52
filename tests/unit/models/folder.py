"""A small data folder in the manifest.csv form, drawn by the tests."""

import csv
import json
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from models.fada.network import NetworkConfig

TINY = NetworkConfig(widths=(8, 8, 8, 16, 16), depths=(1, 1, 1, 1), pyramid=16, hidden=16)
FIELDS = [
    "file",
    "dataset",
    "group_id",
    "split",
    "plane_group",
    "plane_label",
    "mask_path",
    "mask_classes",
    "boxes",
    "pixel_size_mm",
    "hc_mm",
    "width",
    "height",
    "aspect",
]


def _head(folder: Path, name: str, split: str) -> dict[str, str]:
    image, mask = Image.new("L", (120, 80), 20), Image.new("L", (120, 80), 0)
    for canvas, tone in ((image, 180), (mask, 1)):
        ImageDraw.Draw(canvas).ellipse((30, 20, 89, 59), fill=tone)
    image.save(folder / "images" / f"{name}.png")
    mask.save(folder / "masks" / f"{name}.png")
    return {
        "file": f"images/{name}.png",
        "dataset": "HC18",
        "group_id": name,
        "split": split,
        "plane_group": "head",
        "mask_path": f"masks/{name}.png",
        "mask_classes": "1=fetal_head",
        "boxes": json.dumps([{"label": "fetal_head", "x": 30, "y": 20, "w": 60, "h": 40}]),
        "pixel_size_mm": "0.5",
        "hc_mm": "79.3",
    }


def _nt(folder: Path, name: str, split: str) -> dict[str, str]:
    image = np.random.default_rng(3).integers(0, 90, (80, 120), dtype=np.uint8)
    image[40:48, 30:90] = 200
    Image.fromarray(image).save(folder / "images" / f"{name}.png")
    return {
        "file": f"images/{name}.png",
        "dataset": "FETUS_FRAMEWORK",
        "group_id": name,
        "split": split,
        "plane_group": "nt_sagittal",
        "boxes": json.dumps(
            [
                {"label": "NT", "x": 30, "y": 40, "w": 60, "h": 8},
                {"label": "nasal bone", "x": 20, "y": 20, "w": 12, "h": 4},
            ]
        ),
    }


def _plane(folder: Path, name: str, split: str, plane: str) -> dict[str, str]:
    image = np.random.default_rng(4).integers(0, 200, (120, 120), dtype=np.uint8)
    Image.fromarray(image).save(folder / "images" / f"{name}.png")
    return {
        "file": f"images/{name}.png",
        "dataset": "FETAL_PLANES_DB",
        "group_id": name,
        "split": split,
        "plane_group": plane,
    }


def draw_folder(folder: Path) -> Path:
    """Nine images: heads with masks, NT views with boxes, planes without either."""
    (folder / "images").mkdir(parents=True)
    (folder / "masks").mkdir()
    rows = []
    for split in ("train", "val"):
        rows += [
            _head(folder, f"head_{split}", split),
            _head(folder, f"head2_{split}", split),
            _nt(folder, f"nt_{split}", split),
            _plane(folder, f"femur_{split}", split, "femur"),
        ]
    rows.append(_plane(folder, "cervix", "val", "cervix"))
    with (folder / "manifest.csv").open("w", newline="", encoding="utf-8") as lines:
        writer = csv.DictWriter(lines, FIELDS, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return folder
