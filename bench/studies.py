"""Single-frame studies for measurements: real images, each study of a woman of its own."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import cycle, islice
from pathlib import Path

import pydicom

from services.dicom.objects.composite import derived_uid
from services.dicom.objects.ultrasound import Subject, from_picture_file

SAMPLES = Path(__file__).resolve().parents[1] / "samples"
_PICTURES = (".png", ".jpg", ".jpeg")


def studies(count: int, run: str, data: Path | None = None) -> Iterator[bytes]:
    """``count`` DICOM objects. ``run`` makes the UIDs of one run differ from those of another.

    ``data``: a folder of PNG or JPEG images (HC18, for example); else the calibrated head samples
    are taken again and again.
    """
    sources = _of_folder(data) if data is not None else _of_samples()
    for number, source in enumerate(islice(cycle(sources), count)):
        yield _another(source, f"{run}-{number}")


def _of_folder(data: Path) -> list[Path]:
    pictures = sorted(p for p in data.rglob("*") if p.suffix.lower() in _PICTURES)
    if not pictures:
        raise SystemExit(f"There is no PNG or JPEG in {data}.")
    return pictures


def _of_samples() -> list[Path]:
    return sorted([*SAMPLES.glob("head-*.dcm"), *SAMPLES.glob("three-heads/*.dcm")])


def _another(source: Path, key: str) -> bytes:
    if source.suffix != ".dcm":
        return from_picture_file(source, Subject(study_key=key), None)
    dataset = pydicom.dcmread(source)
    dataset.PatientID = f"bench {key}"
    dataset.StudyInstanceUID = derived_uid("bench study", key)
    dataset.SeriesInstanceUID = derived_uid("bench series", key)
    dataset.SOPInstanceUID = derived_uid("bench instance", key)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    out = io.BytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return out.getvalue()
