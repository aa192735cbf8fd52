"""What the bounded child does for WADO-RS: metadata, frames, rendered pictures, bulk data.

Large answers are written to a file that the caller names; the line that goes back says what is in it.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pydicom
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian

from services.dicom.objects.ultrasound import part10
from services.dicom.parser import dicom_json
from services.dicom.parser.frames import Frames
from services.dicom.parser.parse import NATIVE
from services.domain.errors import InvalidInput, NotFound, TooLarge

_OPEN: OrderedDict[str, Frames] = OrderedDict()
_KEPT_OPEN = 2
_MAX_SIDE = 8192


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """``do`` is metadata, frame, rendered or bulk. Raises NotFound, InvalidInput, InvalidDicom."""
    path = Path(request["path"])
    if request["do"] == "metadata":
        return {"dataset": dicom_json.metadata(pydicom.dcmread(path, defer_size=1 << 16))}
    if request["do"] == "bulk":
        return _write(request, dicom_json.bulk(pydicom.dcmread(path), list(request["where"])))
    if request["do"] == "explicit":
        return _write(request, _explicit(path))
    frames = _frames(path)
    number = int(request["frame"])
    if request["do"] == "frame":
        return {**_write(request, frames.raw(number)), "syntax": frames.syntax}
    if request["do"] == "native":
        return {**_write(request, frames.native_bytes(number)), "syntax": ExplicitVRLittleEndian}
    if request["do"] == "rendered":
        return _write(request, _rendered(frames, number, request))
    raise NotFound("There is no such request.")


def _explicit(path: Path) -> bytes:
    """The whole object with native pixels in Explicit VR Little Endian."""
    dataset = pydicom.dcmread(path)
    if dataset.file_meta.TransferSyntaxUID not in NATIVE:
        Frames(dataset).check_all()
        dataset.decompress(generate_instance_uid=False)
    return part10(dataset, ExplicitVRLittleEndian)


def _frames(path: Path) -> Frames:
    """Clips are asked for frame by frame: the last ones stay open."""
    key = str(path)
    if key in _OPEN:
        _OPEN.move_to_end(key)
        return _OPEN[key]
    _OPEN[key] = frames = Frames.of_file(path)
    while len(_OPEN) > _KEPT_OPEN:
        _OPEN.popitem(last=False)
    return frames


def _write(request: dict[str, Any], data: bytes) -> dict[str, Any]:
    Path(request["out"]).write_bytes(data)
    return {"size": len(data)}


def _rendered(frames: Frames, number: int, request: dict[str, Any]) -> bytes:
    """PNG or JPEG, fitted into the viewport without changing the aspect (PS3.18 8.3.5.1.3)."""
    image = Image.fromarray(frames.read(number))
    if request.get("viewport"):
        width, height, *crop = (float(v) for v in request["viewport"])
        if crop:
            image = _cropped(image, crop)
        if not (1 <= width <= _MAX_SIDE and 1 <= height <= _MAX_SIDE):
            raise InvalidInput("The viewport is out of range.")
        scale = min(width / image.width, height / image.height)
        size = (max(1, round(image.width * scale)), max(1, round(image.height * scale)))
        if size[0] * size[1] > _MAX_SIDE * _MAX_SIDE // 2:
            raise TooLarge("The viewport is too large.")
        image = image.resize(size, Image.Resampling.BICUBIC)
    out = io.BytesIO()
    if request["media"] == "image/jpeg":
        image.save(out, "JPEG", quality=int(request.get("quality") or 90))
    else:
        image.save(out, "PNG", compress_level=3)
    return out.getvalue()


def _cropped(image: Image.Image, crop: list[float]) -> Image.Image:
    """sx, sy, sw, sh of the viewport parameter; negative sizes would flip: not offered."""
    x, y, w, h = crop
    box = (int(x), int(y), int(x + w), int(y + h))
    if not (0 <= box[0] < box[2] <= image.width and 0 <= box[1] < box[3] <= image.height):
        raise InvalidInput("The viewport's source lies outside of the image.")
    return image.crop(box)
