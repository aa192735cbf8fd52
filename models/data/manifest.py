"""Reads a folder in the manifest.csv form: images, masks, boxes and labels, with patient splits.

What a data set does not label is unknown (None), never negative: the losses and the metrics look
only at what somebody has annotated.
"""

import csv
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

_PLANES = {
    "head": "head",
    "abdomen": "abdomen",
    "femur": "femur",
    "thorax": "thorax",
    "nt_sagittal": "nt_view",
    "nt_view": "nt_view",
    "pelvimetry": "intrapartum",
}

# In these images the class that the data set calls the head is a small rectangle on the cavum septi
# pellucidi, and nothing outlines the head: the classes have slipped by one.
_SLIPPED = frozenset(
    {
        "fhb_Patient00769_Plane3_3_of_3.jpg",
        "fhb_Patient00789_Plane3_3_of_3.jpg",
        "fhb_Patient00855_Plane3_2_of_3.jpg",
        "fhb_Patient00875_Plane3_2_of_3.jpg",
        "fhb_Patient00890_Plane3_2_of_4.jpg",
    }
)

Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Record:
    """One image of a data set. Boxes are (x, y, w, h) in pixels of the image.

    `plane` is None where the plane is none of ours (cervix, other): out of scope. `boxes` is None
    where nobody annotated boxes. `group` keeps a patient's images together. `pixel_mm` is set where
    a pixel is as wide as high; `pixel_xy` (mm along x, along y) also where the picture is stored
    stretched. `landmarks` are ends of measured lines in pixels of the image, by keypoint;
    `sizes` holds published measurements by name: HC, AC, FL, BPD, OFD, TAD, APAD in mm, AoP in
    degrees. `subplane` and `machine` are empty where nobody said.
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
    pixel_xy: Point | None = None
    landmarks: Mapping[str, Point] = field(default_factory=dict)
    sizes: Mapping[str, float] = field(default_factory=dict)
    subplane: str = ""
    machine: str = ""


def read_manifest(
    folder: Path, manifest: Path | None = None, *, published: bool = False
) -> list[Record]:
    """Every row of `manifest` (default `folder/manifest.csv`), in the file's order. Labels that are
    known to be wrong are corrected, unless they are wanted as they were `published`.

    Raises:
        OSError: there is no such file.
        KeyError, ValueError: a row is not in the manifest's form.
    """
    with (manifest or folder / "manifest.csv").open(newline="", encoding="utf-8") as lines:
        records = [_record(folder, row) for row in csv.DictReader(lines)]
    return records if published else [_corrected(r) for r in records]


def _corrected(record: Record) -> Record:
    if record.path.name not in _SLIPPED:
        return record
    labels = {1: "CSP", 3: "lateral_ventricle"}
    return replace(record, mask_labels=labels, boxes=None)


def _record(folder: Path, row: dict[str, str]) -> Record:
    file = folder / row["file"]
    mask = row.get("mask_path", "")
    pixel, circumference = row.get("pixel_size_mm", ""), row.get("hc_mm", "")
    size = float(pixel) if pixel else None
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
        pixel_mm=size,
        hc_mm=float(circumference) if circumference else None,
        width=int(row.get("width") or 0),
        height=int(row.get("height") or 0),
        stretched=row.get("aspect", "").startswith("stretched"),
        pixel_xy=(size, size) if size else None,
        sizes={"HC": float(circumference)} if circumference else {},
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
