"""One Part 10 file becomes a frozen ``ParsedInstance``, or is refused with a named error.

Runs inside a bounded child (``services.dicom.parser.child``); others call
``services.dicom.parser.pool``.
Pixels are never decoded here: their size is checked against the header and against the caps.
"""

from __future__ import annotations

import mmap
import re
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.dicom.parser import attributes, jpeg
from services.dicom.parser.attributes import AttributeReader
from services.dicom.parser.structure import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    MAX_ITEMS,
    META_START,
    PIXEL_DATA,
    Layout,
    meta_end,
    walk,
)
from services.dicom.parser.video import VIDEO
from services.domain.dicom.values import parse_uid
from services.domain.errors import InvalidDicom, TooLarge, UnsupportedObject

NATIVE = frozenset({"1.2.840.10008.1.2", EXPLICIT_LITTLE, EXPLICIT_BIG, DEFLATED})
COMPRESSED = frozenset(
    {"1.2.840.10008.1.2.5"}  # RLE
    | {f"1.2.840.10008.1.2.4.{n}" for n in (50, 51, 57, 70, 80, 81, 90, 91, 201, 202, 203)}
    | VIDEO
)
ULTRASOUND = frozenset(f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("6.1", "6", "3.1", "3"))
# Of one frame or several. Machines without DICOM send their scans so, through a frame grabber: the model's
# own refusal tells them from screens and papers.
SECONDARY = frozenset(f"1.2.840.10008.5.1.4.1.1.{n}" for n in ("7", "7.1", "7.2", "7.3", "7.4"))
IMAGES = ULTRASOUND | SECONDARY
PRESENTATION_STATES = frozenset(f"1.2.840.10008.5.1.4.1.1.11.{n}" for n in range(1, 5))
# Kept and given back as further series of a study, never analysed: SEG, SR, encapsulated PDF, key objects
# and presentation states.
COMPANIONS = (
    frozenset(
        f"1.2.840.10008.5.1.4.1.1.{n}"
        for n in ("66.4", "88.11", "88.22", "88.33", "88.34", "104.1", "88.59")
    )
    | PRESENTATION_STATES
)
ENCAPSULATED_PDF = "1.2.840.10008.5.1.4.1.1.104.1"
_KEPT = (
    "Only ultrasound images, secondary captures, SEG, SR, key objects, presentation states and PDF"
    " are kept."
)
_CODE_STRING = re.compile(r"[A-Z0-9_]{1,16}")
_MEDIA_DIRECTORY = "1.2.840.10008.1.3.10"
_CONTENT_SEQUENCE = 0x0040A730
# No image packs as small as a bomb: black frames by deflate reach about a fiftieth.
_INFLATED_ANYWAY, _INFLATED_RATIO = 32 * 2**20, 64
_DOCUMENT, _DISPLAYED_AREA = 0x00420011, 0x0070005A  # PS3.3 C.24.2, C.10.4
MAX_FRAME_SAMPLES = 2**26  # of one frame: 8192 × 8192 of one sample


@dataclass(frozen=True, slots=True)
class Limits:
    """What one instance may be."""

    inflated_bytes: int
    pixels: int
    frames: int
    items: int = MAX_ITEMS  # of sequences


@dataclass(frozen=True, slots=True)
class ParsedInstance:
    """What the index keeps. ``frames`` is 0 when there is nothing to analyse (SEG, SR)."""

    study_uid: str
    series_uid: str
    sop_uid: str
    sop_class: str
    transfer_syntax: str
    modality: str
    rows: int
    columns: int
    frames: int
    study_attributes: dict[str, Any]
    attributes: dict[str, Any]


def parse_file(path: Path, limits: Limits) -> ParsedInstance:
    """Read the file at ``path``.

    Raises:
        InvalidDicom, InvalidUid, UnsupportedObject, TooLarge.
    """
    with path.open("rb") as handle:
        size = handle.seek(0, 2)
        if size < 160:
            raise InvalidDicom("The file is too short to be a DICOM object.")
        with (
            mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as whole,
        ):
            syntax, start = meta(whole)
            if syntax != DEFLATED:
                return _parse(whole, start, syntax, limits, _media_uids(whole, start))
            inflated = path.with_name(path.name + ".inflated")
            try:
                with whole[start:] as packed:
                    most = _INFLATED_ANYWAY + _INFLATED_RATIO * len(packed)
                    _inflate(packed, inflated, min(limits.inflated_bytes, most))
                return _parse_inflated(inflated, limits, _media_uids(whole, start))
            finally:
                inflated.unlink(missing_ok=True)


def _parse_inflated(path: Path, limits: Limits, media: tuple[str, str]) -> ParsedInstance:
    with path.open("rb") as handle:
        if handle.seek(0, 2) == 0:
            raise InvalidDicom("The compressed data set is empty.")
        with (
            mmap.mmap(handle.fileno(), 0, access=mmap.ACCESS_READ) as mapped,
            memoryview(mapped) as whole,
        ):
            return _parse(whole, 0, DEFLATED, limits, media)


def meta(whole: memoryview) -> tuple[str, int]:
    """(transfer syntax, where the data set begins), from the file meta information (PS3.10).

    Raises:
        InvalidDicom: no such file, or cut.
        UnsupportedObject: a DICOMDIR, or a transfer syntax that is not read here.
    """
    if bytes(whole[128:132]) != b"DICM":
        raise InvalidDicom("The file does not have DICM after its preamble (PS3.10).")
    start = meta_end(whole, META_START)
    layout = walk(whole, META_START, start, EXPLICIT_LITTLE)
    reader = AttributeReader(whole, layout.elements, big_endian=False)
    if reader.first(0x00020002, "UI") == _MEDIA_DIRECTORY:
        raise UnsupportedObject("A DICOMDIR is not accepted; send the objects it lists.")
    syntax = str(reader.first(0x00020010, "UI") or "")
    if syntax not in NATIVE | COMPRESSED:
        raise UnsupportedObject("The transfer syntax is not one of those that can be read here.")
    return syntax, start


def _inflate(source: memoryview, target: Path, limit: int) -> None:
    """Inflate piece by piece, never more than ``limit`` bytes in all."""
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    total = checksum = 0
    with target.open("wb") as out:
        pending: bytes | memoryview = source
        while not engine.eof:
            try:
                piece = engine.decompress(pending, 1 << 20)
            except zlib.error as error:
                raise InvalidDicom("The compressed data set is damaged.") from error
            pending = engine.unconsumed_tail
            total, checksum = total + len(piece), zlib.crc32(piece, checksum)
            if total > limit:
                raise TooLarge("The data set inflates to more than this hub accepts.")
            if not piece and not pending and not engine.eof:
                raise InvalidDicom("The compressed data set does not end: the file was cut.")
            out.write(piece)
        # Some writers end the stream as gzip does, with checksum and size (RFC 1952 section 2.3.1).
        trailer = struct.pack("<II", checksum, total & 0xFFFFFFFF)
        if engine.unused_data.removeprefix(trailer).strip(b"\0"):
            raise InvalidDicom("There is more after the end of the compressed data set.")


def _media_uids(whole: memoryview, start: int) -> tuple[str, str]:
    """SOP class and instance by the file meta information, for data sets that leave them out."""
    reader = AttributeReader(whole, walk(whole, META_START, start, EXPLICIT_LITTLE).elements, False)
    return str(reader.first(0x00020002, "UI") or ""), str(reader.first(0x00020003, "UI") or "")


def _parse(
    whole: memoryview, start: int, syntax: str, limits: Limits, media: tuple[str, str]
) -> ParsedInstance:
    """``media``: see ``_media_uids``."""
    layout = walk(whole, start, len(whole), syntax, limits.items)
    reader = AttributeReader(whole, layout.elements, big_endian=syntax == EXPLICIT_BIG)
    sop_class = _uid(reader, 0x00080016, media[0])
    sop_uid = _uid(reader, 0x00080018, media[1])
    if sop_class == _MEDIA_DIRECTORY:
        raise UnsupportedObject("A DICOMDIR is not accepted; send the objects it lists.")
    if sop_class not in IMAGES | COMPANIONS:
        raise UnsupportedObject(_KEPT)
    rows, columns, frames = _size(whole, reader, layout, syntax, sop_class, limits)
    study = reader.json(attributes.STUDY)
    other = reader.json(attributes.SERIES | attributes.INSTANCE)
    other["00080016"] = {"vr": "UI", "Value": [sop_class]}
    other["00080018"] = {"vr": "UI", "Value": [sop_uid]}
    for attributes_of in (study, other):
        attributes_of["00080005"] = {"vr": "CS", "Value": ["ISO_IR 192"]}
    return ParsedInstance(
        study_uid=_uid(reader, 0x0020000D),
        series_uid=_uid(reader, 0x0020000E),
        sop_uid=sop_uid,
        sop_class=sop_class,
        transfer_syntax=syntax,
        modality=_modality(str(reader.first(0x00080060, "CS") or ""), sop_class),
        rows=rows,
        columns=columns,
        frames=frames if sop_class in IMAGES else 0,
        study_attributes=study,
        attributes=other,
    )


def _uid(reader: AttributeReader, tag: int, otherwise: str = "") -> str:
    return parse_uid(str(reader.first(tag, "UI") or otherwise))


def _modality(text: str, sop_class: str) -> str:
    """The first word of what the header says, when it is a CS; else what the SOP class is of."""
    word = (text.split() or [""])[0]
    if _CODE_STRING.fullmatch(word):
        return word
    return "US" if sop_class in ULTRASOUND else "OT" if sop_class in IMAGES else ""


def _size(
    whole: memoryview,
    reader: AttributeReader,
    layout: Layout,
    syntax: str,
    sop_class: str,
    limits: Limits,
) -> tuple[int, int, int]:
    """(rows, columns, frames), after the pixels were found whole and within the caps."""
    pixels = layout.elements.get(PIXEL_DATA)
    if pixels is None:
        if sop_class in IMAGES or sop_class.endswith(".66.4"):
            raise InvalidDicom("The image has no pixels, or the file was cut before them.")
        content = _DOCUMENT if sop_class == ENCAPSULATED_PDF else _CONTENT_SEQUENCE
        if sop_class in PRESENTATION_STATES:
            content = _DISPLAYED_AREA
        if content not in layout.elements:
            raise InvalidDicom("The report has no content, or the file was cut before it.")
        return 0, 0, 0
    rows, columns, samples, bits = (
        int(reader.first(tag, "US") or 0)
        for tag in (0x00280010, 0x00280011, 0x00280002, 0x00280100)
    )
    # Absent, empty and 0 all mean a single image.
    count = reader.first(0x00280008, "IS") or 1
    if not isinstance(count, int) or count < 1 or min(rows, columns) < 1:
        raise InvalidDicom("The image has no size.")
    if samples not in (1, 3) or bits not in (1, 8, 16, 32):
        raise InvalidDicom("The pixels have a form that no image of these kinds has.")
    per_frame = rows * columns * samples
    if per_frame > MAX_FRAME_SAMPLES or per_frame * count > limits.pixels:
        raise TooLarge("The image has more pixels than this hub accepts.")
    if count > limits.frames:
        raise TooLarge(f"A clip may have {limits.frames} frames.")
    if syntax in NATIVE:
        if str(reader.first(0x00280004, "CS")) == "YBR_FULL_422":
            per_frame = rows * columns * 2
        expected = (per_frame * count * bits + 7) // 8
        if pixels.length is None or pixels.length < expected:
            raise InvalidDicom("There are fewer pixels than the header says: the file was cut.")
    else:
        _compressed(whole, layout, syntax, rows, columns, count)
    return rows, columns, count


def _compressed(
    whole: memoryview, layout: Layout, syntax: str, rows: int, columns: int, frames: int
) -> None:
    if syntax in VIDEO:  # one stream for all frames; what it holds shows when it is decoded
        if not layout.fragments:
            raise InvalidDicom("The clip has no video stream, or the file was cut before it.")
        return
    if len(layout.fragments) < frames:
        raise InvalidDicom("There are fewer compressed frames than the header says.")
    if syntax.startswith("1.2.840.10008.1.2.4."):
        sizes = (
            jpeg.size_of(bytes(whole[offset : offset + min(length, 1 << 16)]))
            for offset, length in layout.fragments[:frames]
        )
        # A damaged frame costs itself alone: the first that says its size speaks for the clip.
        jpeg.compare(next((size for size in sizes if size is not None), None), rows, columns)


def parse_bytes(data: bytes, items: int = MAX_ITEMS) -> ParsedInstance:
    """Read an object that was made here (SEG, SR), or any within a bounded child. Raises as
    ``parse_file``. ``items``: of sequences, at most."""
    whole = memoryview(data)
    (syntax, start), limits = meta(whole), Limits(2**30, 2**31, 3000, items)
    if syntax != DEFLATED:
        return _parse(whole, start, syntax, limits, _media_uids(whole, start))
    packed = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        inflated = packed.decompress(whole[start:], limits.inflated_bytes)
    except zlib.error as error:
        raise InvalidDicom("The compressed data set is damaged.") from error
    return _parse(memoryview(inflated), 0, DEFLATED, limits, _media_uids(whole, start))
