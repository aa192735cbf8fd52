"""Reads a folder of data sets, each in the manifest.csv form, as one list of records.

    fetal-us      the pictures, planes, masks and boxes
    fp-biometry   ends of measured lines and true sizes of pictures of fetal-us
    fp-metadata   sub-plane and machine of pictures of fetal-us
    psfhs         intrapartum pictures
    nonfetal-us   ultrasound of other organs, out of scope

A folder that has a manifest.csv of its own is read as that one data set.
"""

import csv
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path

from models.data.manifest import Point, Record, read_manifest

PICTURES, LANDMARKS, METADATA = "fetal-us", "fp-biometry", "fp-metadata"
OTHERS = ("psfhs", "nonfetal-us")
DATA_SETS = (PICTURES, LANDMARKS, METADATA, *OTHERS)

_SUBPLANES = {
    "Trans-thalamic": "trans-thalamic",
    "Trans-ventricular": "trans-ventricular",
    "Trans-cerebellum": "trans-cerebellar",
}
# Columns of landmarks.csv by keypoint: the long axis of a head is OFD, the short one BPD.
_ENDS = {
    "long_axis": "ofd",
    "short_axis": "bpd",
    "femur": "fl",
    "apad": "apad",
    "tad": "tad",
}
_SIZES = {
    "HC": "hc_mm",
    "BPD": "bpd_mm",
    "OFD": "ofd_mm",
    "AC": "ac_mm",
    "TAD": "tad_mm",
    "APAD": "apad_mm",
    "FL": "fl_mm",
}


def left_out(folder: Path, without: Collection[str]) -> tuple[str, ...]:
    """The data sets of a collection that a run learns nothing from: named in `without`, or not there.
    A folder that is one data set has lost what is named alone, for it may be anybody's."""
    if (folder / "manifest.csv").exists():
        return tuple(sorted(without))
    return tuple(sorted(n for n in DATA_SETS if n in without or not (folder / n).is_dir()))


def agreed(recorded: Sequence[str] | None, named: Sequence[str]) -> tuple[str, ...]:
    """The data sets left out, as `recorded` where the weights were trained, else as `named` now.

    Raises:
        ValueError: both were said, and differ.
    """
    if recorded is None:
        return tuple(named)
    if named and set(named) != set(recorded):
        taught = ", ".join(recorded) or "nothing"
        raise ValueError(
            f"--without says {', '.join(named)}, but these weights were trained without {taught}:"
            " leave --without away, it is recorded"
        )
    return tuple(recorded)


def read_collection(
    folder: Path, without: Collection[str] = (), *, published: bool = False
) -> list[Record]:
    """All records of a collection, or of the one data set whose manifest.csv lies in `folder`.

    `without` names data sets to leave out, such as `fp-biometry`; `published` as in `read_manifest`.

    Raises:
        OSError: a data set that is there has no manifest.
        ValueError: `without` names a data set that is none of ours.
    """
    unknown = set(without) - set(DATA_SETS)
    if unknown:
        raise ValueError(f"no such data set: {', '.join(sorted(unknown))}")
    if (folder / "manifest.csv").exists():
        return read_manifest(folder, published=published)
    records = read_manifest(folder / PICTURES, published=published)
    if METADATA not in without and (folder / METADATA).is_dir():
        records = add_metadata(records, folder / METADATA / "fp_metadata.csv")
    if LANDMARKS not in without and (folder / LANDMARKS).is_dir():
        records = add_landmarks(records, folder / LANDMARKS)
    for name in OTHERS:
        if name not in without and (folder / name).is_dir():
            records += _with_angles(read_manifest(folder / name), folder / name / "aop.csv")
    return records


def _rows(path: Path) -> dict[str, dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as lines:
        return {Path(row["file"]).name: row for row in csv.DictReader(lines)}


def add_metadata(records: list[Record], table: Path) -> list[Record]:
    """The records with the sub-plane and the machine that `table` names for them."""
    rows = _rows(table)
    return [
        replace(
            record,
            subplane=_SUBPLANES.get(row["brain_plane"], ""),
            machine=row["us_machine"],
        )
        if (row := rows.get(record.path.name))
        else record
        for record in records
    ]


def add_landmarks(records: list[Record], folder: Path) -> list[Record]:
    """The records with the landmarks, masks, boxes and sizes that `folder` holds for them.

    The pictures are stored stretched to squares: `pixel_xy` takes that back.
    """
    rows = _rows(folder / "landmarks.csv")
    measured = {r.path.name: r for r in read_manifest(folder)}
    return [
        _measured(record, rows[record.path.name], measured[record.path.name])
        if record.path.name in rows
        else record
        for record in records
    ]


def _measured(record: Record, row: dict[str, str], labels: Record) -> Record:
    landmarks: dict[str, Point] = {}
    for name, column in _ENDS.items():
        if row[f"{column}_1_x"]:
            for end, number in (("a", 1), ("b", 2)):
                landmarks[f"{name}_{end}"] = (
                    float(row[f"{column}_{number}_x"]),
                    float(row[f"{column}_{number}_y"]),
                )
    return replace(
        record,
        mask_path=labels.mask_path,
        mask_labels=labels.mask_labels,
        boxes=labels.boxes,
        pixel_xy=(float(row["px_mm_x"]), float(row["px_mm_y"])),
        landmarks=landmarks,
        sizes={name: float(row[column]) for name, column in _SIZES.items() if row[column]},
    )


def _with_angles(records: list[Record], table: Path) -> list[Record]:
    if not table.exists():
        return records
    rows = _rows(table)
    return [
        replace(record, sizes={"AoP": float(rows[record.path.name]["aop_deg"])})
        if record.path.name in rows
        else record
        for record in records
    ]


__all__ = [
    "DATA_SETS",
    "add_landmarks",
    "add_metadata",
    "agreed",
    "left_out",
    "read_collection",
]
