"""DICOM JSON (PS3.18 annex F) of the attributes that QIDO-RS answers, from a walked file."""

from __future__ import annotations

import struct
from functools import cached_property
from typing import Any

from services.dicom.parser.structure import Element
from services.domain.errors import InvalidDicom

MAX_TEXT = 10_240  # characters of an LT, the longest of these (PS3.5 section 6.2)
_MAX_BYTES = 4 * MAX_TEXT  # a character of UTF-8
Json = dict[str, Any]

# tag: VR, as in PS3.6
STUDY = {
    0x00080020: "DA", 0x00080030: "TM", 0x00080050: "SH", 0x00080090: "PN", 0x00081030: "LO",
    0x00080201: "SH", 0x00100010: "PN", 0x00100020: "LO", 0x00100021: "LO", 0x00100030: "DA",
    0x00100040: "CS", 0x00101010: "AS", 0x001021D0: "DA", 0x0020000D: "UI", 0x00200010: "SH",
}  # fmt: skip
SERIES = {
    0x00080060: "CS", 0x00080070: "LO", 0x00081010: "SH", 0x0008103E: "LO", 0x00081070: "PN",
    0x00081090: "LO", 0x00180015: "CS", 0x0020000E: "UI", 0x00200011: "IS", 0x00200060: "CS",
    0x00400244: "DA", 0x00400245: "TM",
}  # fmt: skip
INSTANCE = {
    0x00080008: "CS", 0x00080016: "UI", 0x00080018: "UI", 0x00080022: "DA", 0x00080023: "DA",
    0x0008002A: "DT", 0x00080032: "TM", 0x00080033: "TM", 0x00200013: "IS", 0x00204000: "LT",
    0x00280002: "US", 0x00280004: "CS", 0x00280008: "IS", 0x00280010: "US", 0x00280011: "US",
    0x00280100: "US", 0x00280101: "US", 0x00280102: "US", 0x00280103: "US",
}  # fmt: skip
CHARACTER_SET = 0x00080005
_ESCAPE = b"\x1b"  # ISO 2022: what follows is of another character set, though all bytes are 7-bit
_TEXT = frozenset({"SH", "LO", "LT", "ST", "UT", "PN", "UC"})


class AttributeReader:
    """Reads single values of a walked data set."""

    def __init__(self, data: memoryview, elements: dict[int, Element], big_endian: bool) -> None:
        """``elements`` lie in ``data`` (``services.dicom.parser.structure.walk``)."""
        self._data, self._elements = data, elements
        self._u16 = struct.Struct((">" if big_endian else "<") + "H")

    def json(self, wanted: dict[int, str]) -> Json:
        """``{"00100010": {"vr": "PN", "Value": [...]}}`` for what is there."""
        attributes: Json = {}
        for tag, vr in wanted.items():
            if tag in self._elements:
                values = self.values(tag, vr)
                entry: Json = {"vr": vr}
                if values:
                    entry["Value"] = values
                attributes[f"{tag:08X}"] = entry
        return attributes

    def values(self, tag: int, vr: str) -> list[Any]:
        """The values of one element in the forms of DICOM JSON; empty when absent or empty."""
        if vr == "US":
            raw = self._raw(tag)
            return [v for (v,) in self._u16.iter_unpack(raw[: len(raw) // 2 * 2])]
        text = self._text(tag, vr in _TEXT)
        if not text:
            return []
        parts = [text] if vr in ("LT", "ST", "UT") else [p.strip(" \0") for p in text.split("\\")]
        return [_value(part, vr) for part in parts]

    def first(self, tag: int, vr: str) -> Any:
        """The first value, or None."""
        values = self.values(tag, vr)
        return values[0] if values else None

    def _raw(self, tag: int) -> bytes:
        element = self._elements.get(tag)
        if element is None or element.length is None:
            return b""
        if element.length > _MAX_BYTES:
            raise InvalidDicom("A descriptive attribute is longer than DICOM allows.")
        return bytes(self._data[element.offset : element.offset + element.length])

    @cached_property
    def _encodings(self) -> list[str]:
        """Of free text, as the data set names them."""
        from pydicom.charset import convert_encodings

        names = self._text(CHARACTER_SET, free=False).split("\\")
        try:
            encodings: list[str] = convert_encodings([n.strip() for n in names])
        except (LookupError, ValueError):
            return ["utf-8"]
        return encodings

    def _text(self, tag: int, free: bool) -> str:
        raw = self._raw(tag).rstrip(b" \0")
        if raw.isascii() and _ESCAPE not in raw:
            return _bounded(raw.decode("ascii"))
        # Brings all of pydicom along, which a child that never meets it need not load.
        from pydicom.charset import decode_bytes

        encodings = self._encodings if free else ["iso8859"]
        text: str = decode_bytes(raw, encodings, {0x5C, 0x5E, 0x3D})
        # Lone surrogates cannot be written as UTF-8, so they may not travel further.
        return _bounded(text.encode("utf-8", "replace").decode("utf-8"))


def _bounded(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise InvalidDicom("A descriptive attribute is longer than DICOM allows.")
    return text


def _value(text: str, vr: str) -> Any:
    if vr == "PN":
        names = text.split("=")
        kinds = ("Alphabetic", "Ideographic", "Phonetic")
        return {kind: name for kind, name in zip(kinds, names, strict=False) if name}
    if vr == "IS":
        number = whole_number(text)
        return text or None if number is None else number
    return text or None


def whole_number(text: str) -> int | None:
    """An IS, also one that is written with a decimal point ("1.00"); None when it is no integer."""
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
