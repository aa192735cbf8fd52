"""A picture that is sent again keeps what was said of it before.

What is left out this time (a scale, a name) is taken from the object that was made of the picture then. So
a resend with a name alone keeps the scale, and one that says nothing makes the very same object again.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from gateway.dependencies import Services
from gateway.representations import images
from services.dicom.objects.ultrasound import Subject, uids_of
from services.dicom.parser.dataset import value_of
from services.dicom.parser.frames import calibration
from services.domain.calibration import GIVEN_BY_HAND
from services.domain.errors import NotFound

_FIELDS = {
    "patient_name": "PatientName",
    "patient_id": "PatientID",
    "study_date": "StudyDate",
    "accession": "AccessionNumber",
    "description": "StudyDescription",
}
PixelSize = tuple[float, float]


def known_picture(
    services: Services, site: str, subject: Subject
) -> tuple[dict[str, str], PixelSize | None]:
    """(fields of ``Subject``, mm per pixel) of the object that was made of this picture before.

    Raises:
        StoreUnavailable: it cannot be read now.
    """
    study_uid, _, sop_uid = uids_of(subject)
    try:
        with services.index.read() as tx:
            stored = images.find_instance(tx, site, study_uid, sop_uid)
        # What the object itself says: a patient who was put right since is not said in it.
        instance = replace(stored, corrected=None)
        with images.open_frames(services, instance) as frames:
            dataset = frames.dataset
        return _said(dataset), _scale(dataset)
    except NotFound:
        return {}, None


def with_known(
    subject: Subject, pixel_mm: PixelSize | None, known: tuple[dict[str, str], PixelSize | None]
) -> tuple[Subject, PixelSize | None]:
    """What is said now, and else what was said before."""
    fields, scale = known
    left_out: dict[str, Any] = {
        name: text for name, text in fields.items() if not getattr(subject, name)
    }
    pixel_mm = pixel_mm or scale
    note = GIVEN_BY_HAND if pixel_mm is not None else ""
    return replace(subject, **left_out, note=note), pixel_mm


def _said(dataset: Any) -> dict[str, str]:
    return {name: str(value_of(dataset, keyword) or "") for name, keyword in _FIELDS.items()}


def _scale(dataset: Any) -> PixelSize | None:
    regions = value_of(dataset, "SequenceOfUltrasoundRegions")
    if not regions or not calibration(dataset).regions:
        return None
    return _mm(float(regions[0].PhysicalDeltaX)), _mm(float(regions[0].PhysicalDeltaY))


def _mm(centimetres: float) -> float:
    """The millimetres that are written as exactly these centimetres, so that equal input stays equal."""
    near = 10 * centimetres
    tried = (near, math.nextafter(near, math.inf), math.nextafter(near, 0.0))
    return next((one for one in tried if one / 10 == centimetres), near)
