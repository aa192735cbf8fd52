"""What the child of ``bounded_decoding`` does with a DICOM file or clip."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dicom.objects.clip import clip_object
from services.dicom.objects.ultrasound import Subject
from services.dicom.parser.frames import Frames, calibration
from services.dicom.parser.parse import parse_bytes
from services.domain.dicom.file_kind import kind_of
from services.domain.errors import UnsupportedObject
from services.reading.images.drawn_mask import check_area
from services.reading.images.keyframes import candidates, key_frames
from services.reading.images.picture import square

_Decoded = list[NDArray[np.uint8]]


def answer(data: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], _Decoded]:
    """What is said of the object, and its frames. Raises what the hub's intake and reader raise."""
    if kind_of(data[:132]) == "clip":
        data = clip_object(data, Subject(study_key="clip"), None)
    parsed = parse_bytes(data)
    if parsed.frames == 0:
        raise UnsupportedObject("The object has no images to read.")
    frames = Frames.of_bytes(data)
    if request.get("look") or request.get("frames") or request.get("key_frames"):
        check_area(frames.columns, frames.rows)  # as the hub reads it
    if "look" in request:
        return _look(frames, int(request["look"]))
    numbers = _chosen(frames, request)
    decoded = [np.ascontiguousarray(frames.read(number)) for number in numbers]
    scale = calibration(frames.dataset)
    shapes = [[number, list(pixels.shape)] for number, pixels in zip(numbers, decoded, strict=True)]
    header = {
        "study_uid": parsed.study_uid, "series_uid": parsed.series_uid, "sop_uid": parsed.sop_uid,
        "count": frames.count, "regions": [asdict(region) for region in scale.regions],
        "spacing": asdict(scale.spacing) if scale.spacing else None, "frames": shapes,
    }  # fmt: skip
    return header, decoded


def _chosen(frames: Frames, request: dict[str, Any]) -> list[int]:
    limit = int(request["key_frames"])
    if request["frames"] or limit == 0:
        return [int(number) for number in request["frames"]]
    if frames.count == 1:
        return [1]
    return key_frames(frames.readable(candidates(frames.count)), limit)


def _look(frames: Frames, side: int) -> tuple[dict[str, Any], _Decoded]:
    """A small copy of each frame that can be decoded."""
    seen = [
        (number, square(pixels, side).pixels)
        for number, pixels in frames.readable(candidates(frames.count))
    ]
    return {"numbers": [number for number, _ in seen]}, [small for _, small in seen]
