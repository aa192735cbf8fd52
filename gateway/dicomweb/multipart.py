"""multipart/related, both ways, in bounded memory (RFC 2046, RFC 2387; PS3.18 section 8.6).

Parts need no file name, so the common form parsers are of no use here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from uuid import uuid4

from services.domain.errors import IncompleteBody, InvalidInput, TooLarge, UnsupportedMedia

MAX_HEADER = 16 * 1024
MAX_PARTS = 5000


@dataclass(frozen=True, slots=True)
class MediaType:
    """``type/subtype`` in lower case, and its parameters."""

    name: str
    parameters: dict[str, str]


@lru_cache(maxsize=256)  # a sender says the same each time
def media_type(header: str) -> MediaType:
    """Parse a Content-Type or one element of an Accept header; quoted values may hold ``;``."""
    name, *rest = _split(header, ";")
    parameters = {}
    for item in rest:
        key, _, value = item.partition("=")
        parameters[key.strip().lower()] = value.strip().strip('"')
    return MediaType(name.strip().lower(), parameters)


def _split(text: str, separator: str) -> list[str]:
    parts, current, quoted = [], "", False
    for character in text:
        quoted ^= character == '"'
        if character == separator and not quoted:
            parts.append(current)
            current = ""
        else:
            current += character
    return [*parts, current]


def media_types(header: str) -> list[MediaType]:
    """The elements of an Accept header, the preferred first."""
    found = [media_type(item) for item in _split(header, ",") if item.strip()]
    return sorted(found, key=lambda m: -_quality(m))


def _quality(media: MediaType) -> float:
    try:
        return float(media.parameters.get("q", "1"))
    except ValueError:
        return 0.0


class _State(Enum):
    PREAMBLE = 0
    DELIMITER = 1
    HEADERS = 2
    BODY = 3
    EPILOGUE = 4


@dataclass(frozen=True, slots=True)
class Begin:
    """A part begins; header names in lower case."""

    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Data:
    """A view of what was fed, where that is possible: copying costs more than looking through it."""

    data: bytes | memoryview


@dataclass(frozen=True, slots=True)
class End:
    """A part is whole."""


Event = Begin | Data | End


class Reader:
    """Push parser: holds no more than one piece, one header block and one delimiter."""

    def __init__(self, boundary: str) -> None:
        """Raises InvalidInput when ``boundary`` is not one (RFC 2046 section 5.1.1)."""
        if not 1 <= len(boundary) <= 70 or not boundary.isascii():
            raise InvalidInput("The multipart boundary is malformed.")
        self._delimiter = b"\r\n--" + boundary.encode()
        self._buffer = b"\r\n"  # so that the first delimiter looks like the others
        self._at = 0  # what lies before it is done with
        self._state = _State.PREAMBLE
        self._parts = 0

    def feed(self, piece: bytes) -> Iterator[Event]:
        """The events that ``piece`` completes.

        Raises:
            InvalidInput, TooLarge: the message is malformed, or has too many parts.
        """
        left = self._buffer[self._at :]
        self._buffer, self._at = left + piece if left else piece, 0
        while True:
            if self._state is _State.EPILOGUE:
                self._at = len(self._buffer)
                return
            if self._state in (_State.PREAMBLE, _State.BODY):
                found = self._next_delimiter()
                end = found if found >= 0 else self._certain()
                if self._state is _State.BODY:
                    if end > self._at:
                        yield Data(self._view(end))
                    if found >= 0:
                        yield End()
                self._at = end
                if found < 0:
                    return
                self._at += len(self._delimiter)
                self._state = _State.DELIMITER
            elif self._state is _State.DELIMITER:
                if not self._after_delimiter():
                    return
            else:
                headers = self._headers()
                if headers is None:
                    return
                yield Begin(headers)

    def close(self) -> None:
        """Raises IncompleteBody when the closing delimiter has not come."""
        if self._state is not _State.EPILOGUE:
            raise IncompleteBody("The multipart message ends before its last boundary.")

    def _next_delimiter(self) -> int:
        """Where it begins, or -1: the search from the right knows that in half the time."""
        if self._buffer.rfind(self._delimiter, self._at) < 0:
            return -1
        return self._buffer.find(self._delimiter, self._at)

    def _certain(self) -> int:
        """Up to where no delimiter can begin that the next piece completes."""
        tail = max(len(self._buffer) - len(self._delimiter) + 1, self._at)
        begins = self._buffer.find(b"\r", tail)
        return begins if begins >= 0 else len(self._buffer)

    def _view(self, end: int) -> bytes | memoryview:
        if self._at == 0 and end == len(self._buffer):
            return self._buffer
        return memoryview(self._buffer)[self._at : end]

    def _after_delimiter(self) -> bool:
        if len(self._buffer) - self._at < 2:
            return False
        if self._buffer.startswith(b"--", self._at):
            self._state = _State.EPILOGUE
            return True
        end = self._buffer.find(b"\r\n", self._at)
        if end < 0:
            if len(self._buffer) - self._at > MAX_HEADER:
                raise InvalidInput("A multipart boundary is not followed by a line end.")
            return False
        if self._buffer[self._at : end].strip(b" \t"):
            raise InvalidInput("A multipart boundary is followed by something else.")
        self._parts += 1
        if self._parts > MAX_PARTS:
            raise TooLarge(f"One request may have {MAX_PARTS} parts.")
        self._at = end  # the line end is also that of an empty header block
        self._state = _State.HEADERS
        return True

    def _headers(self) -> dict[str, str] | None:
        end = self._buffer.find(b"\r\n\r\n", self._at)
        if (end if end >= 0 else len(self._buffer)) - self._at > MAX_HEADER:
            raise InvalidInput("The headers of a part are too long.")
        if end < 0 or len(self._buffer) < end + 2 + len(self._delimiter):
            return None  # what follows them at once may be a delimiter: see below
        block = self._buffer[self._at : end].decode("latin-1")
        # The delimiter of an empty part begins with the line end that closes its headers.
        self._at = end + 2
        self._state = _State.BODY
        if not self._buffer.startswith(self._delimiter, self._at):
            self._at += 2
        headers = {}
        for line in block.split("\r\n"):
            name, _, value = line.partition(":")
            if name.strip():
                headers[name.strip().lower()] = value.strip()
        return headers


def boundary_of(content_type: str, inner: str) -> str:
    """The boundary of ``multipart/related`` whose parts are ``inner``.

    Raises:
        UnsupportedMedia: another type, or parts of another type.
        InvalidInput: no boundary.
    """
    media = media_type(content_type)
    kind = media.parameters.get("type", inner).lower()
    if media.name != "multipart/related" or kind != inner:
        raise UnsupportedMedia(f'Send multipart/related; type="{inner}".')
    if "boundary" not in media.parameters:
        raise InvalidInput("The Content-Type names no boundary.")
    return media.parameters["boundary"]


class Writer:
    """Writes multipart/related from parts whose content streams."""

    def __init__(self, inner: str) -> None:
        self.boundary = uuid4().hex
        self.content_type = f'multipart/related; type="{inner}"; boundary={self.boundary}'

    def stream(self, parts: Iterable[tuple[dict[str, str], Iterable[bytes]]]) -> Iterator[bytes]:
        """(headers, content) of each part becomes the message."""
        for headers, content in parts:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            yield f"--{self.boundary}\r\n{lines}\r\n".encode()
            yield from content
            yield b"\r\n"
        yield f"--{self.boundary}--\r\n".encode()
