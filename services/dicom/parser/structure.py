"""Walk a DICOM file's structure without believing it: no recursion, no allocation by its lengths.

pydicom reads a file that was cut at any byte without a warning, recurses with the file's nesting and
inflates without a bound. This walk is what stands before it: every length must fit its container, the
nesting is bounded, and the last element must end where the file ends. Source: PS3.5 chapter 7.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.domain.errors import InvalidDicom

Bytes = Sequence[int] | memoryview | bytes

EXPLICIT_BIG = "1.2.840.10008.1.2.2"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
PIXEL_DATA = 0x7FE00010
MAX_DEPTH = 48
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
_LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                   b"UT", b"UV"})  # fmt: skip
_SHORT = frozenset({b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO",
                    b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"})  # fmt: skip


class Element(NamedTuple):
    """A top-level element: its value lies at ``offset``, ``length`` bytes (None: undefined)."""

    offset: int
    length: int | None


@dataclass(slots=True)
class Layout:
    """Where the top-level elements of a data set lie, and the fragments of encapsulated pixels."""

    elements: dict[int, Element] = field(default_factory=dict)
    fragments: list[tuple[int, int]] = field(default_factory=list)


@dataclass(slots=True)
class _Container:
    end: int | None
    limit: int  # where the nearest one with a known end does end
    sequence: bool
    implicit: bool


def walk(data: memoryview, start: int, end: int, transfer_syntax: str) -> Layout:
    """The layout of the data set that lies in ``data[start:end]``.

    Raises:
        InvalidDicom: the file was cut, a length lies, or the nesting is too deep.
    """
    implicit = transfer_syntax == IMPLICIT_LITTLE
    walker = _Walker(data, ">" if transfer_syntax == EXPLICIT_BIG else "<")
    try:
        walker.run(start, end, implicit)
    except struct.error as error:
        raise InvalidDicom("The file ends in the middle of an element: it was cut.") from error
    return walker.layout


def meta_end(data: memoryview, start: int) -> int:
    """Where the file meta information (group 0002, explicit little endian) that begins at ``start``
    ends. Its own length element is not needed: some writers leave it out.

    Raises:
        InvalidDicom: it does not end within the file.
    """
    walker, pos = _Walker(data, "<"), start
    try:
        while pos < len(data) and data[pos] == 2 and data[pos + 1] == 0:
            _, length, value = walker._head(pos, implicit=False)
            pos = value + length
    except (struct.error, IndexError) as error:
        raise InvalidDicom("The file meta information is cut.") from error
    if pos > len(data) or pos == start:
        raise InvalidDicom("The file meta information is cut, or not there.")
    return pos


class _Walker:
    def __init__(self, data: memoryview, endian: str) -> None:
        self.data = data
        self.layout = Layout()
        self._tag = struct.Struct(endian + "HH").unpack_from
        self._explicit = struct.Struct(endian + "2sH").unpack_from
        self._u32 = struct.Struct(endian + "I").unpack_from

    def run(self, pos: int, end: int, implicit: bool) -> None:
        stack = [_Container(end, end, False, implicit)]
        data = self.data
        while True:
            top = stack[-1]
            if top.end is not None and pos >= top.end:
                if pos > top.end:
                    raise InvalidDicom("An element is longer than what holds it.")
                if len(stack) == 1:
                    return
                stack.pop()
                continue
            group, number = self._tag(data, pos)
            tag = group << 16 | number
            if top.sequence:
                pos = self._item(tag, pos, stack)
            elif tag == _ITEM_END and top.end is None:
                pos += 8
                stack.pop()
            elif len(stack) == 1 and tag == 0 and not any(data[pos:end]):
                return  # padding with zeros after the last element, as some writers do
            else:
                pos = self._element(tag, pos, stack, end)

    def _item(self, tag: int, pos: int, stack: list[_Container]) -> int:
        (length,) = self._u32(self.data, pos + 4)
        top = stack[-1]
        if tag == _SEQUENCE_END and top.end is None:
            stack.pop()
            return pos + 8
        if tag != _ITEM:
            raise InvalidDicom("A sequence holds something that is not an item.")
        self._push(stack, pos + 8, length, sequence=False, implicit=top.implicit)
        return pos + 8

    def _element(self, tag: int, pos: int, stack: list[_Container], end: int) -> int:
        top = stack[-1]
        vr, length, value = self._head(pos, top.implicit)
        root = len(stack) == 1
        if root:
            if tag in self.layout.elements:
                raise InvalidDicom("An element stands twice in the data set.")
            known = None if length == _UNDEFINED else length
            self.layout.elements[tag] = Element(value, known)
        if length == _UNDEFINED:
            if tag == PIXEL_DATA and root:
                return self._fragments(value, end)
            if vr not in (b"SQ", b"UN", b""):
                raise InvalidDicom("An element that is not a sequence has no length.")
            # PS3.5 section 6.2.2: UN of undefined length is a sequence in implicit VR.
            self._push(stack, value, length, sequence=True, implicit=top.implicit or vr == b"UN")
            return value
        if vr == b"SQ":
            self._push(stack, value, length, sequence=True, implicit=top.implicit)
            return value
        if value + length > top.limit:
            raise InvalidDicom("An element is longer than what is left: the file was cut.")
        return value + length

    def _head(self, pos: int, implicit: bool) -> tuple[bytes, int, int]:
        """(VR, length, where the value begins)."""
        if implicit:
            return b"", int(self._u32(self.data, pos + 4)[0]), pos + 8
        vr, length = self._explicit(self.data, pos + 4)
        if vr in _SHORT:
            return vr, length, pos + 8
        if vr in _LONG:
            return vr, int(self._u32(self.data, pos + 8)[0]), pos + 12
        raise InvalidDicom("An element has no known value representation.")

    def _push(
        self, stack: list[_Container], start: int, length: int, *, sequence: bool, implicit: bool
    ) -> None:
        if len(stack) > 2 * MAX_DEPTH:
            raise InvalidDicom(f"Sequences are nested more than {MAX_DEPTH} deep.")
        limit = stack[-1].limit
        ends = None if length == _UNDEFINED else start + length
        if ends is not None and ends > limit:
            raise InvalidDicom("A sequence is longer than what is left: the file was cut.")
        stack.append(_Container(ends, limit if ends is None else ends, sequence, implicit))

    def _fragments(self, pos: int, end: int) -> int:
        """Encapsulated pixels (PS3.5 annex A.4): items up to the delimiter; the first is the table."""
        first = True
        while True:
            group, number = self._tag(self.data, pos)
            tag = group << 16 | number
            (length,) = self._u32(self.data, pos + 4)
            pos += 8
            if tag == _SEQUENCE_END:
                return pos
            if tag != _ITEM or pos + length > end:
                raise InvalidDicom("The compressed pixels do not end: the file was cut.")
            if not first:
                self.layout.fragments.append((pos, length))
            first = False
            pos += length
