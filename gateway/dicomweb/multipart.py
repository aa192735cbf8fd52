"""Media types, and the writing of multipart/related (RFC 2046, RFC 2387; PS3.18 section 8.6).

Bodies that come in are parsed by python-multipart (``stow.StowBody``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from urllib.request import parse_http_list
from uuid import uuid4

from python_multipart.multipart import parse_options_header


@dataclass(frozen=True, slots=True)
class MediaType:
    """``type/subtype`` in lower case, and its parameters."""

    name: str
    parameters: dict[str, str]


@lru_cache(maxsize=256)  # a sender repeats itself
def media_type(header: str) -> MediaType:
    """Parse a Content-Type or one element of an Accept header; quoted values may hold ``;``."""
    # A query parameter may hold characters that a header cannot.
    name, parameters = parse_options_header(header.encode("latin-1", "replace"))
    decoded = {
        key.decode("latin-1").strip().lower(): value.decode("latin-1").strip()
        for key, value in parameters.items()
    }
    return MediaType(name.decode("latin-1").strip().lower(), decoded)


def media_types(header: str) -> list[MediaType]:
    """The elements of an Accept header, the preferred first."""
    elements = [media_type(item) for item in parse_http_list(header) if item.strip()]
    return sorted(elements, key=lambda m: -_quality(m))


def _quality(media: MediaType) -> float:
    try:
        return float(media.parameters.get("q", "1"))
    except ValueError:
        return 0.0


class MultipartWriter:
    """Writes multipart/related from parts whose content streams."""

    def __init__(self, inner: str) -> None:
        self.boundary = uuid4().hex
        self.content_type = f'multipart/related; type="{inner}"; boundary={self.boundary}'

    def stream(self, parts: Iterable[tuple[dict[str, str], Iterable[bytes]]]) -> Iterator[bytes]:
        """The message, from the (headers, content) of each part."""
        for headers, content in parts:
            lines = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            yield f"--{self.boundary}\r\n{lines}\r\n".encode()
            yield from content
            yield b"\r\n"
        yield f"--{self.boundary}--\r\n".encode()
