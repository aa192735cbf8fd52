"""A folder of pictures and a table become DICOM ultrasound objects.

The table is a CSV file with a heading. Only ``file`` is needed; the others may be missing or empty:
``file`` (in the folder), ``out`` (name to write, default <file>.dcm), ``pixel_mm`` or ``pixel_x_mm``
and ``pixel_y_mm`` (mm per pixel), ``study`` (pictures with an equal value are one study; default: a
study each), ``number``, ``patient_name``, ``patient_id``, ``study_date`` (YYYYMMDD), ``accession``,
``description``, ``note``.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from services.dicom.objects.ultrasound import Subject, from_picture_file
from services.domain.errors import InvalidInput

_SUFFIXES = (".png", ".jpg", ".jpeg")


@dataclass(frozen=True, slots=True)
class Written:
    """One picture that became a DICOM file."""

    source: Path
    path: Path
    calibrated: bool


def rows_of(table: Path) -> list[dict[str, str]]:
    """The rows of a table. Raises InvalidInput when it has no ``file`` column."""
    with table.open(newline="", encoding="utf-8-sig") as handle:
        rows = [
            {k.strip(): (v or "").strip() for k, v in row.items() if k}
            for row in csv.DictReader(handle)
        ]
    if not rows or "file" not in rows[0]:
        raise InvalidInput(f"{table.name} needs a heading with a column 'file', and rows.")
    return rows


def rows_of_folder(folder: Path) -> list[dict[str, str]]:
    """One row, uncalibrated, for each picture of a folder."""
    return [
        {"file": str(path.relative_to(folder))}
        for path in sorted(folder.rglob("*"))
        if path.suffix.lower() in _SUFFIXES
    ]


def import_images(folder: Path, out: Path, rows: list[dict[str, str]]) -> Iterator[Written]:
    """Write one DICOM file for each row, and yield what was written.

    Raises:
        InvalidInput: a file lies outside the folder, is no picture, or a pixel size is no number.
    """
    for place, row in enumerate(rows, start=1):
        yield import_row(folder, out, row, place)


def import_row(folder: Path, out: Path, row: dict[str, str], place: int) -> Written:
    """Write the DICOM file of one row, the ``place``-th of its table (from 1).

    Raises:
        InvalidInput: as ``import_images``.
    """
    source = inside(folder, row["file"])
    if not source.is_file():
        raise InvalidInput(f"Row {place}: {row['file']} is not in the folder.")
    target = inside(out, row.get("out") or f"{Path(row['file']).with_suffix('')}.dcm")
    pixel = pixel_size(row, place)
    try:
        subject = _subject(row, source)
    except ValueError as error:
        raise InvalidInput(f"Row {place}: a value is not of its form.") from error
    content = from_picture_file(source, subject, pixel)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    return Written(source, target, pixel is not None)


def inside(folder: Path, name: str) -> Path:
    """``folder / name``, refused when it would leave the folder."""
    path = (folder / name).resolve()
    if not path.is_relative_to(folder.resolve()):
        raise InvalidInput("A file name may not lead out of its folder.")
    return path


def pixel_size(row: dict[str, str], place: int) -> tuple[float, float] | None:
    """(x, y) in mm per pixel, or None when the row gives none."""
    both = row.get("pixel_mm", "")
    texts = (row.get("pixel_x_mm") or both, row.get("pixel_y_mm") or both)
    if not any(texts):
        return None
    try:
        x, y = (float(t) for t in texts)
    except ValueError as error:
        raise InvalidInput(f"Row {place}: a pixel size is not a number.") from error
    if not (0.001 <= x <= 10 and 0.001 <= y <= 10):
        raise InvalidInput(f"Row {place}: a pixel size must lie between 0.001 and 10 mm.")
    return x, y


def _subject(row: dict[str, str], source: Path) -> Subject:
    return Subject(
        study_key=row.get("study") or row.get("patient_id", "") + "/" + source.name,
        patient_name=row.get("patient_name", ""),
        patient_id=row.get("patient_id", ""),
        study_date=row.get("study_date", ""),
        study_time=row.get("study_time", ""),
        accession=row.get("accession", ""),
        description=row.get("description", ""),
        instance_number=int(row.get("number") or 1),
        note=row.get("note", ""),
    )


def main() -> None:
    """``python -m services.dicom.objects.import_images FOLDER OUT [--table FILE]``."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--table", type=Path)
    given = parser.parse_args()
    rows = rows_of(given.table) if given.table else rows_of_folder(given.folder)
    for written in import_images(given.folder, given.out, rows):
        print(written.path, "" if written.calibrated else "(not calibrated)")


if __name__ == "__main__":
    main()
