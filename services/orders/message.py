"""An HL7 v2 message from outside: opened within bounds, read by segment and field."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import hl7

from services.domain.errors import InvalidInput

MAX_BYTES = 256 * 1024
_MAX_SEGMENTS = 500
_CHARACTER_SETS = {
    "": "utf-8", "ASCII": "ascii", "UNICODE": "utf-8", "UNICODE UTF-8": "utf-8", "UTF-8": "utf-8",
    "UTF8": "utf-8", **{f"8859/{n}": f"iso8859-{n}" for n in (*range(1, 12), 13, 15)},
}  # fmt: skip
_MOMENT = re.compile(r"(\d{8})(\d{4})?(\d{2})?(?:\.\d+)?([+-]\d{4})?")


@dataclass(frozen=True, slots=True)
class Segment:
    """One segment; a field that is not there is empty."""

    name: str
    _fields: Any

    def text(self, field: int, component: int = 1, repetition: int = 1) -> str:
        """A component's first part, without escapes, on one line; "" for HL7's null, too."""
        try:
            value = self._fields.extract_field(
                field_num=field, repeat_num=repetition, component_num=component
            )
        except (IndexError, KeyError, hl7.HL7Exception):
            return ""
        words = " ".join(str(value).split())
        return "" if words == '""' else "".join(c for c in words if c.isprintable())

    def repetitions(self, field: int) -> int:
        """How often the field is repeated."""
        try:
            return len(self._fields[field])
        except (IndexError, KeyError):
            return 0


@dataclass(frozen=True, slots=True)
class Hl7Message:
    """A message that was understood; ``kind`` such as ("ORM", "O01")."""

    segments: tuple[Segment, ...]

    @property
    def header(self) -> Segment:
        """MSH."""
        return self.segments[0]

    @property
    def kind(self) -> tuple[str, str]:
        """MSH-9: message and event."""
        return self.header.text(9, 1), self.header.text(9, 2)

    @property
    def control_id(self) -> str:
        """MSH-10."""
        return self.header.text(10)

    def first(self, name: str) -> Segment | None:
        """The first segment of this name."""
        return next((one for one in self.segments if one.name == name), None)

    def groups(self, leader: str) -> Iterator[tuple[Segment, ...]]:
        """Each segment ``leader`` with those that follow it, up to the next."""
        starts = [n for n, one in enumerate(self.segments) if one.name == leader]
        for start, end in itertools.pairwise([*starts, len(self.segments)]):
            yield self.segments[start:end]


def parse(data: bytes) -> Hl7Message:
    """Segments that end in CR (LF is taken, too).

    Raises:
        InvalidInput: too large, of an unknown character set, or no HL7 v2 message.
    """
    if len(data) > MAX_BYTES:
        raise InvalidInput("An HL7 message has at most 256 KiB here.")
    text = _decoded(data).replace("\r\n", "\r").replace("\n", "\r").strip("\r") + "\r"
    if text.count("\r") > _MAX_SEGMENTS:
        raise InvalidInput("An HL7 message has at most 500 segments here.")
    try:
        message = hl7.parse(text)
        segments = tuple(Segment(str(one[0]), one) for one in message)
    except (hl7.HL7Exception, AssertionError, IndexError, KeyError, ValueError) as error:
        # AssertionError: what the library asks of its own plan, when two delimiters of MSH are the same.
        raise InvalidInput("This is no HL7 v2 message.") from error
    if not segments or segments[0].name != "MSH" or not segments[0].text(10):
        raise InvalidInput("An HL7 message begins with MSH and has a control id.")
    return Hl7Message(segments)


def _decoded(data: bytes) -> str:
    """By MSH-18; without one UTF-8, else Latin 1."""
    head = data.split(b"\r", 1)[0].split(b"|")
    named = head[17].split(b"~")[0].decode("ascii", "replace").strip() if len(head) > 17 else ""
    codec = _CHARACTER_SETS.get(named.upper())
    if codec is None:
        raise InvalidInput("The character set of MSH-18 is not known here.")
    try:
        return data.decode(codec)
    except UnicodeDecodeError as error:
        if named:
            raise InvalidInput("The message is not in the character set of MSH-18.") from error
        return data.decode("latin-1")


def day_of(text: str) -> str:
    """The day of a DTM as ISO 8601; empty when it holds none."""
    return text_of_moment(text)[0]


def text_of_moment(text: str) -> tuple[str, str]:
    """(day, HH:MM) of a DTM in the hub's own time zone; both may be empty. A zone that is given is
    converted, one that is not is the hub's."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return "", ""
    day, clock, _, zone = match.groups()
    try:
        if zone and clock:
            moment = datetime.strptime(day + clock + zone, "%Y%m%d%H%M%z").astimezone()
        else:
            moment = datetime.strptime(day + (clock or "0000"), "%Y%m%d%H%M").replace(tzinfo=UTC)
    except ValueError:
        return "", ""
    return moment.date().isoformat(), f"{moment:%H:%M}" if clock else ""
