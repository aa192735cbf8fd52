"""Corrections as a training set: manifest.csv, images/, masks/, boxes, as one ZIP stream.

The form is that of the data FADA is trained on, so ``train`` reads it as it is. Patients become
random-looking names that are the same within one export and tell nothing outside of it.
"""

from __future__ import annotations

import csv
import hashlib
import hmac
import io
import json
import math
import secrets
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
from fastapi import APIRouter
from PIL import Image
from starlette.responses import StreamingResponse

from gateway.api.studies import aware
from gateway.dependencies import Needs, Services
from gateway.http.params import Manager, Since, Until
from gateway.representations import images
from services.dicom.parser.calibration import calibration
from services.domain.calibration import Calibration
from services.domain.dicom_json import first_text
from services.domain.errors import FadaError
from services.domain.report import FrameReading, Structure
from services.index.port import Result, Study, StudyQuery, StudyState
from services.reading.images import geometry

router = APIRouter(prefix="/api/export", tags=["Review"])
COLUMNS = (
    "file", "dataset", "licence", "patient_id", "group_id", "split", "split_70_10_20",
    "official_split", "plane_label", "plane_group", "plane_label_source", "mask_path",
    "mask_classes", "boxes", "boxes_source", "pixel_size_mm", "hc_mm", "width", "height",
    "orig_width", "orig_height", "orig_pixel_size_mm", "aspect", "notes", "source_repo",
    "source_commit", "source_path",
)  # fmt: skip
DATASET = "FADA corrections"
_ISOTROPIC = 0.01  # scales that differ by less than this share are one
_GROUPS = {"nt_view": "nt_sagittal"}
_PAGE = 100
_SHARES = ((0.7, "train"), (0.8, "val"), (1.0, "test"))


@dataclass(frozen=True, slots=True)
class Names:
    """Pseudonyms of one export; the key is forgotten with it."""

    key: bytes

    def of(self, *parts: str) -> str:
        return hmac.digest(self.key, "\n".join(parts).encode(), hashlib.sha256).hex()[:16]

    def split(self, patient: str) -> str:
        """The same for all images of a patient."""
        place = int(patient[:8], 16) / 2**32
        return next(name for share, name in _SHARES if place < share)


@router.get(
    "/training.zip",
    summary="Corrections as a training set",
    operation_id="exportTraining",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def training(
    who: Manager, services: Needs, received_from: Since = None, received_to: Until = None
) -> StreamingResponse:
    """Frames of reviewed studies as their last accepted or signed version has them."""
    query = (aware(received_from), aware(received_to))
    with services.index.begin() as tx:
        tx.audit.add(who, "export.training", who.site, {})
    name = f"fada-corrections-{datetime.now(UTC):%Y%m%d}.zip"
    told = {"Content-Disposition": f'attachment; filename="{name}"'}
    body = _archive(services, who.site, *query)
    return StreamingResponse(body, headers=told, media_type="application/zip")


class _Pipe(io.RawIOBase):
    """What the ZIP writer writes, handed on piece by piece."""

    def __init__(self) -> None:
        self._held: list[bytes] = []

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        self._held.append(bytes(data))
        return len(data)

    def take(self) -> bytes:
        held, self._held = self._held, []
        return b"".join(held)


def _archive(
    services: Services, site: str, since: datetime | None, until: datetime | None
) -> Iterator[bytes]:
    names, pipe = Names(secrets.token_bytes(32)), _Pipe()
    table = io.StringIO()
    rows = csv.DictWriter(table, COLUMNS)
    rows.writeheader()
    skipped = 0
    with zipfile.ZipFile(pipe, "w") as archive:
        for study, result in _signed(services, site, since, until):
            for reading in result.report.frames:
                try:
                    row = _frame(services, archive, names, study, reading)
                except FadaError:  # an image that is not here (yet) cannot teach
                    skipped += 1
                    continue
                rows.writerow(row)
                yield pipe.take()
        archive.writestr("manifest.csv", table.getvalue(), zipfile.ZIP_DEFLATED)
        archive.writestr("ATTRIBUTION.txt", _attribution(skipped), zipfile.ZIP_DEFLATED)
    yield pipe.take()


def _signed(
    services: Services, site: str, since: datetime | None, until: datetime | None
) -> Iterator[tuple[Study, Result]]:
    offset = 0
    while True:
        query = StudyQuery(
            states=(StudyState.REVIEWED,),
            received_from=since,
            received_to=until,
            limit=_PAGE,
            offset=offset,
        )
        with services.index.read() as tx:
            rows = tx.studies.find(site, query)
            found = [(row, tx.results.versions(site, row.id)) for row in rows]
        for row, versions in found:
            signed = [r for r in versions if r.report.reviewed_by is not None]
            if signed:
                yield row, signed[-1]
        if len(rows) < _PAGE:
            return
        offset += _PAGE


def _frame(
    services: Services,
    archive: zipfile.ZipFile,
    names: Names,
    study: Study,
    reading: FrameReading,
) -> dict[str, Any]:
    with services.index.read() as tx:
        instance = images.find(tx, study.site, study.study_uid, reading.sop_uid)
    with images.opened(services, instance) as frames:
        pixels = frames.read(reading.frame)
        size = _pixel_size(calibration(frames.dataset), reading)
    identity = first_text(study.attributes, "00100020") or study.study_uid
    patient = names.of("patient", identity)
    stem = f"fada_{names.of('frame', reading.sop_uid, str(reading.frame))}"
    image = io.BytesIO()
    Image.fromarray(pixels).convert("L").save(image, "PNG")
    archive.writestr(f"images/{stem}.png", image.getvalue(), zipfile.ZIP_STORED)
    mask, classes = _mask(services, study.site, reading)
    if mask is not None:
        drawn = io.BytesIO()
        Image.fromarray(mask).save(drawn, "PNG")
        archive.writestr(f"masks/{stem}.png", drawn.getvalue(), zipfile.ZIP_STORED)
    hc = next((m for m in reading.measurements if m.name == "HC" and m.mm is not None), None)
    plane = reading.plane.label if reading.plane else ""
    return {
        "file": f"images/{stem}.png",
        "dataset": DATASET,
        "licence": "of the exporting site",
        "patient_id": patient,
        "group_id": patient,
        "split": names.split(patient),
        "split_70_10_20": names.split(patient),
        "plane_label": plane,
        "plane_group": _GROUPS.get(plane, plane),
        "plane_label_source": "reviewed by a person",
        "mask_path": f"masks/{stem}.png" if mask is not None else "",
        "mask_classes": classes,
        "boxes": json.dumps([_box(s) for s in reading.structures]),
        "boxes_source": "reviewed by a person",
        "pixel_size_mm": size,
        "hc_mm": hc.mm if hc is not None else "",
        "width": reading.width,
        "height": reading.height,
        "orig_width": reading.width,
        "orig_height": reading.height,
        "orig_pixel_size_mm": size,
        "aspect": "original",
    }


def _pixel_size(scale: Calibration, reading: FrameReading) -> str:
    """mm per pixel where one number says it: the form has none for a second."""
    corners = [(s.box[0], s.box[1]) for s in reading.structures]
    corners += [(s.box[2], s.box[3]) for s in reading.structures]
    size = scale.for_points(corners or [(reading.width / 2, reading.height / 2)])
    if size is None or abs(size.mm_x / size.mm_y - 1) > _ISOTROPIC:
        return ""
    return str(round(math.sqrt(size.mm_x * size.mm_y), 7))


def _mask(services: Services, site: str, reading: FrameReading) -> tuple[Any, str]:
    """A class-index mask, large structures first so that small ones stay visible."""
    drawn = sorted((s for s in reading.structures if s.polygon), key=lambda s: -(s.area_px or 0))
    if not drawn:
        return None, ""
    mask = np.zeros((reading.height, reading.width), np.uint8)
    for place, structure in enumerate(drawn, start=1):
        if structure.mask is not None:
            stored = Image.open(io.BytesIO(services.store.get(site, structure.mask)))
            mask[np.asarray(stored.convert("L")) > 127] = place
        else:
            outline = np.array(structure.polygon, dtype=np.float64)
            mask[geometry.fill(outline, reading.width, reading.height)] = place
    return mask, ",".join(f"{n}={s.label}" for n, s in enumerate(drawn, start=1))


def _box(structure: Structure) -> dict[str, Any]:
    x0, y0, x1, y1 = structure.box
    return {
        "label": structure.label,
        "x": round(x0, 2),
        "y": round(y0, 2),
        "w": round(x1 - x0, 2),
        "h": round(y1 - y0, 2),
    }


def _attribution(skipped: int) -> str:
    return (
        "Images and annotations of the exporting site, reviewed by its readers with FADA.\n"
        "They are patients' images: keep and use them only as the site's rules allow.\n"
        "Text that a scanner burned into an image may name a patient: look before sharing.\n"
        f"Frames left out because their image was not at hand: {skipped}.\n"
    )
