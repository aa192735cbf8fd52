"""Reviewed frames as a training set: manifest.csv, images/, masks/, boxes, as one ZIP stream.

It has the format of the data FADA is trained on, so ``train`` reads it as it is. Patients get
pseudonyms that are the same within one export and mean nothing outside of it.
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

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Manager, Since, Until
from gateway.representations import images
from gateway.reviews.zip_buffer import ZipBuffer
from services.domain.calibration import Calibration
from services.domain.dicom.values import first_text
from services.domain.errors import FadaError
from services.domain.report import FrameReading, Structure
from services.index.port import Result, Study, StudyQuery, StudyState
from services.reading.images import drawn_mask, geometry

router = APIRouter(prefix="/api/export", tags=["Review"])
COLUMNS = (
    "file", "dataset", "licence", "patient_id", "group_id", "split", "split_70_10_20",
    "official_split", "plane_label", "plane_group", "plane_label_source", "mask_path",
    "mask_classes", "boxes", "boxes_source", "pixel_size_mm", "hc_mm", "width", "height",
    "orig_width", "orig_height", "orig_pixel_size_mm", "aspect", "notes", "source_repo",
    "source_commit", "source_path",
)  # fmt: skip
DATASET = "FADA corrections"
_ISOTROPIC = 0.01  # pixels whose sides differ by less than this share are square
_GROUPS = {"nt_view": "nt_sagittal"}
_PAGE = 100
_FORMULA = ("=", "+", "-", "@", "\t", "\r")  # how a spreadsheet knows one (OWASP: CSV injection)
_SHARES = ((0.7, "train"), (0.8, "val"), (1.0, "test"))


@dataclass(frozen=True, slots=True)
class ExportPseudonyms:
    """Pseudonyms of one export, made with a key that is not kept."""

    key: bytes

    def of(self, *parts: str) -> str:
        """The pseudonym: 16 hexadecimal digits of an HMAC over ``parts``."""
        return hmac.digest(self.key, "\n".join(parts).encode(), hashlib.sha256).hex()[:16]

    def split(self, patient: str) -> str:
        """train, val or test; the same for all images of a patient."""
        place = int(patient[:8], 16) / 2**32
        return next(name for share, name in _SHARES if place < share)


@router.get(
    "/training.zip",
    summary="Export reviewed studies as a training set",
    operation_id="exportTraining",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def training(
    who: Manager, services: ServicesDep, received_from: Since = None, received_to: Until = None
) -> StreamingResponse:
    """Frames of reviewed studies as their last accepted or signed version has them."""
    with services.index.begin() as tx:
        tx.audit.add(who, "export.training", who.site, {})
    name = f"fada-corrections-{datetime.now(UTC):%Y%m%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    body = _archive(services, who.site, received_from, received_to)
    return StreamingResponse(body, headers=headers, media_type="application/zip")


def _archive(
    services: Services, site: str, since: datetime | None, until: datetime | None
) -> Iterator[bytes]:
    pseudonyms, buffer = ExportPseudonyms(secrets.token_bytes(32)), ZipBuffer()
    table = io.StringIO()
    rows = csv.DictWriter(table, COLUMNS)
    rows.writeheader()
    skipped = 0
    with zipfile.ZipFile(buffer, "w") as archive:
        for study, result in _signed(services, site, since, until):
            for reading in result.report.frames:
                try:
                    row = _frame(services, archive, pseudonyms, study, reading)
                except FadaError:  # the image has not arrived (yet), or is not readable
                    skipped += 1
                    continue
                rows.writerow({name: spreadsheet_safe(value) for name, value in row.items()})
                yield buffer.take()
        archive.writestr("manifest.csv", table.getvalue(), zipfile.ZIP_DEFLATED)
        archive.writestr("ATTRIBUTION.txt", _attribution(skipped), zipfile.ZIP_DEFLATED)
    yield buffer.take()


def spreadsheet_safe(value: Any) -> Any:
    """A text that a spreadsheet would run as a formula gets an apostrophe before it."""
    return f"'{value}" if isinstance(value, str) and value[:1] in _FORMULA else value


def _signed(
    services: Services, site: str, since: datetime | None, until: datetime | None
) -> Iterator[tuple[Study, Result]]:
    offset = 0
    while True:
        query = StudyQuery(
            states=(StudyState.REVIEWED, StudyState.READY),  # ready: a machine's version came later
            received_from=since,
            received_to=until,
            limit=_PAGE,
            offset=offset,
        )
        with services.index.read() as tx:
            rows = tx.studies.find(site, query)
            studies = [(row, tx.results.versions(site, row.id)) for row in rows]
        for row, versions in studies:
            signed = [r for r in versions if r.report.reviewed_by is not None]
            if signed:
                yield row, signed[-1]
        if len(rows) < _PAGE:
            return
        offset += _PAGE


def _frame(
    services: Services,
    archive: zipfile.ZipFile,
    pseudonyms: ExportPseudonyms,
    study: Study,
    reading: FrameReading,
) -> dict[str, Any]:
    with services.index.read() as tx:
        instance = images.find_instance(tx, study.site, study.study_uid, reading.sop_uid)
    with images.open_frames(services, instance) as frames:
        pixels = frames.read(reading.frame, blank=True)
        size = _pixel_size(frames.calibration(), reading)
    identity = first_text(study.attributes, "00100020") or study.study_uid
    patient = pseudonyms.of("patient", identity)
    stem = f"fada_{pseudonyms.of('frame', reading.sop_uid, str(reading.frame))}"
    image = io.BytesIO()
    Image.fromarray(pixels).convert("L").save(image, "PNG")
    archive.writestr(f"images/{stem}.png", image.getvalue(), zipfile.ZIP_STORED)
    mask, classes = _mask(services, study.site, reading)
    if mask is not None:
        drawn = io.BytesIO()
        Image.fromarray(mask).save(drawn, "PNG")
        archive.writestr(f"masks/{stem}.png", drawn.getvalue(), zipfile.ZIP_STORED)
    return _manifest_row(
        stem,
        patient,
        split=pseudonyms.split(patient),
        reading=reading,
        size=size,
        mask_classes=classes,
    )


def _manifest_row(
    stem: str, patient: str, *, split: str, reading: FrameReading, size: str, mask_classes: str
) -> dict[str, Any]:
    """A row of manifest.csv; ``size`` in mm per pixel, ``mask_classes`` empty without a mask."""
    hc = next((m for m in reading.measurements if m.name == "HC" and m.mm is not None), None)
    plane = reading.plane.label if reading.plane else ""
    return {
        "file": f"images/{stem}.png",
        "dataset": DATASET,
        "licence": "of the exporting site",
        "patient_id": patient,
        "group_id": patient,
        "split": split,
        "split_70_10_20": split,
        "plane_label": plane,
        "plane_group": _GROUPS.get(plane, plane),
        "plane_label_source": "reviewed by a person",
        "mask_path": f"masks/{stem}.png" if mask_classes else "",
        "mask_classes": mask_classes,
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
    """mm per pixel, empty where pixels are not square: the format has one number."""
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
    drawn_mask.check_area(reading.width, reading.height)
    mask = np.zeros((reading.height, reading.width), np.uint8)
    for index, structure in enumerate(drawn, start=1):
        if structure.mask is not None:
            stored = services.store.get(site, structure.mask)
            mask[drawn_mask.read_mask(stored, reading.width, reading.height)] = index
        else:
            outline = np.array(structure.polygon, dtype=np.float64)
            mask[geometry.fill(outline, reading.width, reading.height)] = index
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
        "What lies around the scan, and words that were found in it, are black. Finding is not perfect:\n"
        "look before you publish.\n"
        f"Frames left out because their image was not at hand: {skipped}.\n"
    )
