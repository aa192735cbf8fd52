"""Writes an irregular file out as PS3.5 has it, so that pydicom reads all of it.

Values stay as they are. Sequences and items get delimiters instead of lengths, what was superfluous is
gone, and what had an unknown value representation has UN.
"""

from __future__ import annotations

import struct

from services.dicom.parser.structure import (
    DEFLATED,
    EXPLICIT_BIG,
    EXPLICIT_LITTLE,
    LONG,
    META_START,
    PIXEL_DATA,
    Walker,
)

_ITEM, _ITEM_END, _SEQUENCE_END = (0xFFFE, 0xE000), (0xFFFE, 0xE00D), (0xFFFE, 0xE0DD)
_UNDEFINED = 0xFFFFFFFF


def rewritten(data: memoryview, start: int, transfer_syntax: str) -> bytes:
    """``data`` as a regular file: the file meta information, which ends at ``start``, and the data set
    written anew. A compressed data set stays as it is.

    Raises:
        InvalidDicom: what ``services.dicom.parser.structure.walk`` refuses.
    """
    meta = _Rewriter(data, "<")
    meta.walk(META_START, start, EXPLICIT_LITTLE)
    head = bytes(data[:META_START]) + b"".join(meta.out)
    if transfer_syntax == DEFLATED:
        return head + bytes(data[start:])
    writer = _Rewriter(data, ">" if transfer_syntax == EXPLICIT_BIG else "<")
    writer.walk(start, len(data), transfer_syntax)
    return head + b"".join(writer.out)


class _Rewriter(Walker):
    def __init__(self, data: memoryview, endian: str) -> None:
        super().__init__(data, endian)
        self.out: list[bytes | memoryview] = []
        self._endian = endian

    def on_element(self, tag: int, vr: bytes, start: int, end: int) -> None:
        """Write it with a length of its own."""
        length = end - start
        if tag == PIXEL_DATA and self.layout.fragments:
            length = _UNDEFINED
        self._head(tag, vr, length)
        self.out.append(self.data[start:end])

    def on_sequence(self, tag: int, vr: bytes) -> None:
        """Begin it without a length."""
        self._head(tag, vr, _UNDEFINED)

    def on_item(self) -> None:
        """Begin it without a length."""
        self._mark(_ITEM, _UNDEFINED)

    def on_end(self, sequence: bool) -> None:
        """Write the delimiter."""
        self._mark(_SEQUENCE_END if sequence else _ITEM_END, 0)

    def _mark(self, tag: tuple[int, int], length: int) -> None:
        self.out.append(struct.pack(self._endian + "HHI", *tag, length))

    def _head(self, tag: int, vr: bytes, length: int) -> None:
        """Of an element; no ``vr``: implicit."""
        where = (tag >> 16, tag & 0xFFFF)
        if not vr:
            self._mark(where, length)
        elif vr in LONG:
            self.out.append(struct.pack(self._endian + "HH2sHI", *where, vr, 0, length))
        else:
            self.out.append(struct.pack(self._endian + "HH2sH", *where, vr, length))
