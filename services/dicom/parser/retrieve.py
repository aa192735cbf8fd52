"""What the bounded child does for WADO-RS: metadata, frames, rendered pictures, bulk data.

Large answers are written to a file that the caller names; the line that goes back says what is in it.
"""

from __future__ import annotations

import io
from collections import OrderedDict
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.uid import ExplicitVRLittleEndian

from services.dicom.objects.clip import clip_object
from services.dicom.objects.composite import part10
from services.dicom.objects.ultrasound import Subject, read_picture, ultrasound_object
from services.dicom.parser import dicom_json
from services.dicom.parser.correction import correct, corrected
from services.dicom.parser.dataset import read_dataset, readable
from services.dicom.parser.frames import Frames, calibration
from services.dicom.parser.parse import NATIVE
from services.dicom.parser.structure import EXPLICIT_BIG, PIXEL_DATA
from services.domain.dicom.file_kind import kind_of
from services.domain.errors import InvalidInput, NotFound, TooLarge
from services.reading.images.drawn_mask import read_mask, trace

_OPEN: OrderedDict[str, Frames] = OrderedDict()
_KEPT_OPEN = 2
_WORDS = {"OW": "u2", "OL": "u4", "OF": "u4", "OD": "u8", "OV": "u8"}
_MAX_SIDE = 8192


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """``do`` is metadata, frame, rendered, pixels, calibration, header, picture, mask, bulk or deidentified.

    Raises NotFound, InvalidInput, InvalidDicom.
    """
    path = Path(request["path"])
    if request["do"] == "metadata":
        dataset = dicom_json.metadata(read_dataset(path, defer_size=1 << 16))
        return {"dataset": dict(sorted({**dataset, **request.get("attributes", {})}.items()))}
    if request["do"] == "bulk":
        return _write(request, dicom_json.bulk(read_dataset(path), list(request["where"])))
    if request["do"] == "explicit":
        return _write(request, _explicit(path, request.get("attributes", {})))
    if request["do"] == "corrected":
        return _write(request, corrected(path, request["attributes"]))
    if request["do"] == "picture":
        return _picture(request, path)
    if request["do"] == "mask":
        return _mask(request, path)
    frames = _frames(path)
    if request["do"] == "calibration":
        return asdict(calibration(frames.dataset))
    if request["do"] == "header":
        return _write(request, _header(frames.dataset))
    if request["do"] == "deidentified":
        return _deidentified(request, frames)
    number = int(request["frame"])
    if request["do"] == "pixels":
        return _pixels(request, _read(frames, number, blank=bool(request.get("blank"))))
    if request["do"] == "frame":
        return {**_write(request, frames.raw(number)), "syntax": frames.syntax}
    if request["do"] == "native":
        return {**_write(request, frames.native_bytes(number)), "syntax": ExplicitVRLittleEndian}
    if request["do"] == "rendered":
        return _write(request, _rendered(frames, number, request))
    raise NotFound("There is no such request.")


def _picture(request: dict[str, Any], path: Path) -> dict[str, Any]:
    """A PNG, JPEG, MP4 or MOV becomes a DICOM object."""
    scale = tuple(request["pixel_mm"]) if request["pixel_mm"] else None
    subject, data = Subject(**request["subject"]), path.read_bytes()
    if kind_of(data[:132]) == "clip":
        return _write(request, clip_object(data, subject, scale))
    return _write(request, ultrasound_object(read_picture(data), subject, scale))


def _mask(request: dict[str, Any], path: Path) -> dict[str, Any]:
    """A PNG that somebody drew: a byte a pixel, and the outline."""
    mask = trace(read_mask(path.read_bytes(), int(request["width"]), int(request["height"])))
    size = _write(request, np.ascontiguousarray(mask.pixels).tobytes())
    return {**size, "box": mask.box, "polygon": mask.polygon}


def _read(frames: Frames, number: int, *, blank: bool) -> np.ndarray[Any, Any]:
    """A frame; ``blank``: without words and names that are written into it."""
    pixels = frames.read(number)
    if not blank:
        return pixels
    from services.dicom.deidentification.copies import area_of, blanked

    return blanked(pixels, area_of(frames, number))


def _deidentified(request: dict[str, Any], frames: Frames) -> dict[str, Any]:
    """The whole object without the patient (``services.dicom.deidentification``)."""
    from services.dicom.deidentification.copies import deidentified
    from services.dicom.deidentification.profile import Pseudonyms

    key = bytes.fromhex(request["key"])
    pseudonyms = Pseudonyms(key, str(request["patient"]), request["dates"])
    copy = deidentified(frames, pseudonyms)
    return {
        **_write(request, copy),
        "names": [pseudonyms.alias, pseudonyms.uid(str(request["sop_uid"]))],
    }


def _pixels(request: dict[str, Any], pixels: np.ndarray[Any, Any]) -> dict[str, Any]:
    """A frame as 8-bit samples, rows first, and its shape."""
    shown = np.ascontiguousarray(pixels, dtype=np.uint8)
    return {**_write(request, shown.tobytes()), "shape": list(shown.shape)}


def _header(dataset: Dataset) -> bytes:
    """The object without its pixels."""
    made = Dataset()
    for element in readable(dataset):
        if element.tag != PIXEL_DATA:
            if dataset.file_meta.TransferSyntaxUID == EXPLICIT_BIG:
                _swap_words(element)
            made[element.tag] = element
    return part10(made, ExplicitVRLittleEndian)


def _explicit(path: Path, attributes: dict[str, Any]) -> bytes:
    """The whole object with native pixels in Explicit VR Little Endian."""
    dataset = read_dataset(path)
    if attributes:
        with suppress(Exception):  # text of an unknown character set stays as it is
            dataset.decode()
    syntax = dataset.file_meta.TransferSyntaxUID
    if syntax not in NATIVE:
        _decompress(dataset)
    made = Dataset()
    for element in readable(dataset):
        if syntax == EXPLICIT_BIG:
            _swap_words(element)
        made[element.tag] = element
    if attributes:
        correct(made, attributes)
        made.SpecificCharacterSet = "ISO_IR 192"
    return part10(made, ExplicitVRLittleEndian)


def _decompress(dataset: Dataset) -> None:
    """Every frame decoded, colour as RGB. Raises InvalidDicom."""
    frames = Frames(dataset)
    frames.check_all()
    pixels = b"".join(frames.native_bytes(number) for number in range(1, frames.count + 1))
    per_sample = len(pixels) // (frames.rows * frames.columns * frames.samples * frames.count)
    dataset.BitsAllocated = 8 * per_sample
    if frames.samples == 3:
        dataset.PhotometricInterpretation, dataset.PlanarConfiguration = "RGB", 0
    for keyword in ("ExtendedOffsetTable", "ExtendedOffsetTableLengths"):
        if keyword in dataset:
            delattr(dataset, keyword)
    made = DataElement(
        PIXEL_DATA, "OB" if per_sample == 1 else "OW", pixels + b"\0" * (len(pixels) % 2)
    )
    dataset[PIXEL_DATA] = made


def _swap_words(element: DataElement) -> None:
    """pydicom keeps the bytes of these as they are in the file (PS3.5 section 7.3)."""
    if element.VR == "SQ":
        for item in element.value:
            for inner in readable(item):
                _swap_words(inner)
    elif element.VR in _WORDS and isinstance(element.value, bytes):
        kind = _WORDS[element.VR]
        element.value = np.frombuffer(element.value, ">" + kind).astype("<" + kind).tobytes()


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
