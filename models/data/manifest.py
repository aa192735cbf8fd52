"""Reads a folder in the manifest.csv form: images, masks, boxes and labels, with patient splits.

What a data set does not label is unknown (None), never negative: the losses and the metrics look
only at what somebody has annotated.
"""

import csv
import json
from dataclasses import dataclass
from pathlib import Path

_PLANES = {
    "head": "head",
    "abdomen": "abdomen",
    "femur": "femur",
    "thorax": "thorax",
    "nt_sagittal": "nt_view",
    "nt_view": "nt_view",
}


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a data set. Boxes are (x, y, w, h) in pixels of the image.

    `plane` is None where the plane is none of ours (cervix, other): out of scope. `boxes` is None
    where nobody annotated boxes. `group` keeps a patient's images together.
    """

    path: Path
    dataset: str
    group: str
    split: str
    plane: str | None
    plane_text: str
    mask_path: Path | None
    mask_labels: dict[int, str]
    boxes: dict[str, tuple[float, float, float, float]] | None
    pixel_mm: float | None
    hc_mm: float | None
    width: int
    height: int
    stretched: bool


def read_manifest(folder: Path, manifest: Path | None = None) -> list[Record]:
    """Every row of `manifest` (default `folder/manifest.csv`), in the file's order."""
    with (manifest or folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        return [_record(folder, row) for row in csv.DictReader(lines)]


def _record(folder: Path, row: dict[str, str]) -> Record:
    file = folder / row["file"]
    mask = row.get("mask_path", "")
    pixel, circumference = row.get("pixel_size_mm", ""), row.get("hc_mm", "")
    return Record(
        path=file,
        dataset=row.get("dataset", ""),
        group=row.get("group_id") or row.get("patient_id") or row["file"],
        split=row.get("split", ""),
        plane=_PLANES.get(row.get("plane_group", "")),
        plane_text=row.get("plane_label", ""),
        mask_path=folder / mask if mask else None,
        mask_labels=_mask_labels(row.get("mask_classes", "")) if mask else {},
        boxes=_boxes(row.get("boxes", "")),
        pixel_mm=float(pixel) if pixel else None,
        hc_mm=float(circumference) if circumference else None,
        width=int(row.get("width") or 0),
        height=int(row.get("height") or 0),
        stretched=row.get("aspect", "").startswith("stretched"),
    )


def _mask_labels(text: str) -> dict[int, str]:
    labels: dict[int, str] = {}
    for part in text.split(","):
        value, _, name = part.partition("=")
        if value.strip().isdigit():
            labels[int(value)] = name.split("(")[0].split()[0]
    return labels


def _boxes(text: str) -> dict[str, tuple[float, float, float, float]] | None:
    if not text:
        return None
    return {
        str(box["label"]).replace(" ", "_"): (
            float(box["x"]),
            float(box["y"]),
            float(box["w"]),
            float(box["h"]),
        )
        for box in json.loads(text)
    }
