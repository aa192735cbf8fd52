"""Walk a DICOM file's structure without believing it: no recursion, no allocation by its lengths.

pydicom reads a file that was cut at any byte without a warning, recurses with the file's nesting and
inflates without a bound. This walk is what stands before it: every length must fit its container, the
nesting is bounded, and the last element must end where the file ends. Source: PS3.5 chapter 7.

What real machines and archives write and what can only be meant in one way is accepted and marked as
irregular: a delimiter too many, one delimiter for item and sequence together, an unknown value
representation, a data set that is implicit though the meta information says explicit.
``services.dicom.parser.rewriter`` writes such a data set out properly.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from services.domain.errors import InvalidDicom, TooLarge

Bytes = Sequence[int] | memoryview | bytes

EXPLICIT_BIG = "1.2.840.10008.1.2.2"
EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
DEFLATED = "1.2.840.10008.1.2.1.99"
IMPLICIT_LITTLE = "1.2.840.10008.1.2"
META_START = 132  # of a file: after the preamble and its mark (PS3.10 section 7.1)
PIXEL_DATA = 0x7FE00010
MAX_DEPTH = 48
MAX_ITEMS = 50_000  # of one object: each costs a hundred times its eight bytes once it is read
_UNDEFINED = 0xFFFFFFFF
_ITEM, _ITEM_END, _SEQUENCE_END = 0xFFFEE000, 0xFFFEE00D, 0xFFFEE0DD
LONG = frozenset({b"OB", b"OD", b"OF", b"OL", b"OV", b"OW", b"SQ", b"SV", b"UC", b"UN", b"UR",
                   b"UT", b"UV"})  # fmt: skip
_SHORT = frozenset({b"AE", b"AS", b"AT", b"CS", b"DA", b"DS", b"DT", b"FD", b"FL", b"IS", b"LO",
                    b"LT", b"PN", b"SH", b"SL", b"SS", b"ST", b"TM", b"UI", b"UL", b"US"})  # fmt: skip


class Element(NamedTuple):
    """A top-level element: its value lies at ``offset``, ``length`` bytes (None: undefined)."""

    offset: int
    length: int | None


@dataclass(slots=True)
class Layout:
    """Where the top-level elements of a data set lie, and the fragments of encapsulated pixels.

    ``irregular``: something was accepted that PS3.5 does not allow.
    """

    elements: dict[int, Element] = field(default_factory=dict)
    fragments: list[tuple[int, int]] = field(default_factory=list)
    irregular: bool = False


@dataclass(slots=True)
class _Container:
    end: int | None
    limit: int  # where the nearest one with a known end does end
    sequence: bool
    implicit: bool


def walk(
    data: memoryview, start: int, end: int, transfer_syntax: str, items: int = MAX_ITEMS
) -> Layout:
    """The layout of the data set that lies in ``data[start:end]``, of ``items`` at most.

    Raises:
        InvalidDicom: the file was cut, a length lies, or the nesting is too deep.
    """
    walker = Walker(data, ">" if transfer_syntax == EXPLICIT_BIG else "<")
    walker.most_items = items
    walker.walk(start, end, transfer_syntax)
    return walker.layout


def meta_end(data: memoryview, start: int) -> int:
    """Where the file meta information (group 0002, explicit little endian) that begins at ``start``
    ends. Its own length element is not needed: some writers leave it out.

    Raises:
        InvalidDicom: it does not end within the file.
    """
    walker, pos = Walker(data, "<"), start
    try:
        while pos < len(data) and data[pos] == 2 and data[pos + 1] == 0:
            _, length, value = walker._read_head(pos, implicit=False)
            pos = value + length
    except (struct.error, IndexError) as error:
        raise InvalidDicom("The file meta information is cut.") from error
    if pos > len(data) or pos == start:
        raise InvalidDicom("The file meta information is cut, or not there.")
    return pos


class Walker:
    """One walk over one data set. A subclass may do something with what is met (see the hooks)."""

    def __init__(self, data: memoryview, endian: str) -> None:
        """``endian``: "<" or ">", as struct has it."""
        self.data = data
        self.layout = Layout()
        self.most_items, self._items = MAX_ITEMS, 0
        self._tag = struct.Struct(endian + "HH").unpack_from
        self._explicit = struct.Struct(endian + "2sH").unpack_from
        self._u32 = struct.Struct(endian + "I").unpack_from

    # --- hooks -----------------------------------------------------------------------------------
    def on_element(self, tag: int, vr: bytes, start: int, end: int) -> None:
        """An element that is no sequence; its value is ``data[start:end]``."""

    def on_sequence(self, tag: int, vr: bytes) -> None:
        """A sequence begins; ``vr`` is SQ, UN or, in implicit VR, empty."""

    def on_item(self) -> None:
        """An item begins."""

    def on_end(self, sequence: bool) -> None:
        """The innermost sequence or item ends."""

    # --- the walk --------------------------------------------------------------------------------
    def walk(self, start: int, end: int, transfer_syntax: str) -> None:
        """Raises InvalidDicom, as the function of the same name."""
        try:
            self._run(start, end, self._is_implicit(start, end, transfer_syntax))
        except struct.error as error:
            raise InvalidDicom("The file ends in the middle of an element: it was cut.") from error

    def _is_implicit(self, start: int, end: int, transfer_syntax: str) -> bool:
        """By the first element: some writers name one encoding and use the other."""
        declared = transfer_syntax == IMPLICIT_LITTLE
        if transfer_syntax == EXPLICIT_BIG or end - start < 8:
            return declared
        has_vr = bytes(self.data[start + 4 : start + 6]) in _SHORT | LONG
        if has_vr == declared:
            self.layout.irregular = True
        return not has_vr

    def _run(self, pos: int, end: int, implicit: bool) -> None:
        stack = [_Container(end, end, False, implicit)]
        data = self.data
        while True:
            top = stack[-1]
            if top.end is not None and pos >= top.end:
                if pos > top.end:
                    raise InvalidDicom("An element is longer than what holds it.")
                if len(stack) == 1:
                    return
                self._leave(stack)
                continue
            group, number = self._tag(data, pos)
            tag = group << 16 | number
            if top.sequence:
                pos = self._item(tag, pos, stack)
            elif tag in (_ITEM_END, _SEQUENCE_END):
                pos = self._delimiter(tag, pos, stack)
            elif len(stack) == 1 and tag == 0 and not any(data[pos:end]):
                return  # padding with zeros after the last element, as some writers do
            else:
                pos = self._element(tag, pos, stack, end)

    def _leave(self, stack: list[_Container]) -> None:
        self.on_end(stack.pop().sequence)

    def _item(self, tag: int, pos: int, stack: list[_Container]) -> int:
        (length,) = self._u32(self.data, pos + 4)
        top = stack[-1]
        if tag == _SEQUENCE_END and top.end is None:
            self._leave(stack)
            return pos + 8
        if tag in (_ITEM_END, _SEQUENCE_END):
            return self._superfluous(pos)
        if tag != _ITEM:
            raise InvalidDicom("A sequence holds something that is not an item.")
        self._items += 1
        if self._items > self.most_items:
            raise TooLarge(f"An object may have {self.most_items} sequence items.")
        self._push(stack, pos + 8, length, sequence=False, implicit=top.implicit)
        self.on_item()
        return pos + 8

    def _delimiter(self, tag: int, pos: int, stack: list[_Container]) -> int:
        """Within an item, or at the top of the data set."""
        if stack[-1].end is not None:
            return self._superfluous(pos)
        self._leave(stack)
        if tag == _SEQUENCE_END:  # one delimiter for the item and its sequence
            self.layout.irregular = True
            if stack[-1].end is None:
                self._leave(stack)
        return pos + 8

    def _superfluous(self, pos: int) -> int:
        """A delimiter of what has a length of its own."""
        if self._u32(self.data, pos + 4)[0]:
            raise InvalidDicom("A delimiter has a length.")
        self.layout.irregular = True
        return pos + 8

    def _element(self, tag: int, pos: int, stack: list[_Container], end: int) -> int:
        top = stack[-1]
        vr, length, value = self._read_head(pos, top.implicit)
        root = len(stack) == 1
        if root:
            if tag in self.layout.elements:
                raise InvalidDicom("An element stands twice in the data set.")
            known = None if length == _UNDEFINED else length
            self.layout.elements[tag] = Element(value, known)
        if length == _UNDEFINED:
            if tag == PIXEL_DATA and root:
                after = self._fragments(value, end)
                self.on_element(tag, vr, value, after)
                return after
            if vr not in (b"SQ", b"UN", b""):
                raise InvalidDicom("An element that is not a sequence has no length.")
            # PS3.5 section 6.2.2: UN of undefined length is a sequence in implicit VR.
            self._push(stack, value, length, sequence=True, implicit=top.implicit or vr == b"UN")
            self.on_sequence(tag, vr)
            return value
        if vr == b"SQ":
            self._push(stack, value, length, sequence=True, implicit=top.implicit)
            self.on_sequence(tag, vr)
            return value
        if value + length > top.limit:
            raise InvalidDicom("An element is longer than what is left: the file was cut.")
        self.on_element(tag, vr, value, value + length)
        return value + length

    def _read_head(self, pos: int, implicit: bool) -> tuple[bytes, int, int]:
        """(VR, length, where the value begins)."""
        if implicit:
            return b"", int(self._u32(self.data, pos + 4)[0]), pos + 8
        vr, length = self._explicit(self.data, pos + 4)
        if vr in _SHORT:
            return vr, length, pos + 8
        if vr in LONG:
            return vr, int(self._u32(self.data, pos + 8)[0]), pos + 12
        if all(0x20 < byte < 0x7F for byte in vr):  # of a later standard, or "??": read as unknown
            self.layout.irregular = True
            return b"UN", length, pos + 8
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
