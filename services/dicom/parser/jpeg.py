"""The size that a compressed frame claims for itself, read before any decoder allocates for it."""

from __future__ import annotations

from services.domain.errors import InvalidDicom

_JP2 = b"jP  "  # the signature box's type (ISO 15444-1 I.5.1)
_NO_LENGTH = frozenset({0x01, *range(0xD0, 0xD9)})
_FRAME_HEADERS = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC} | {0xF7}  # F7: JPEG-LS


def check_size(stream: bytes, rows: int, columns: int) -> None:
    """Refuse a JPEG, JPEG-LS or JPEG 2000 stream whose own size is not the header's.

    Raises:
        InvalidDicom: other size, or no size within ``stream``.
    """
    compare(size_of(stream), rows, columns)


def compare(size: tuple[int, int] | None, rows: int, columns: int) -> None:
    """Raises InvalidDicom: other size than (rows, columns), or none."""
    if size is None:
        raise InvalidDicom("A compressed frame does not say how large it is.")
    if size != (rows, columns):
        raise InvalidDicom("A compressed frame has another size than the header says.")


def bare(stream: bytes) -> bytes:
    """The codestream without what some writers put before it: zero bytes, or the boxes of a JP2 file."""
    stream = stream.lstrip(b"\0") if stream[:1] == b"\0" and stream[4:8] != _JP2 else stream
    if stream[4:8] != _JP2:
        return stream
    at = stream.find(b"\xff\x4f\xff\x51")
    return stream[at:] if at > 0 else stream


def size_of(stream: bytes) -> tuple[int, int] | None:
    """(rows, columns) as the stream's head says them; None when it does not."""
    stream = bare(stream)
    return _jpeg2000(stream) if stream[:2] == b"\xff\x4f" else _jpeg(stream)


def _jpeg2000(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns from the SIZ marker (ISO 15444-1 A.5.1)."""
    if stream[2:4] != b"\xff\x51" or len(stream) < 24:
        return None
    x1, y1, x0, y0 = (int.from_bytes(stream[p : p + 4], "big") for p in (8, 12, 16, 20))
    return y1 - y0, x1 - x0


def _jpeg(stream: bytes) -> tuple[int, int] | None:
    """Rows and columns from the frame header (ISO 10918-1 B.2.2, ISO 14495-1 C.2.2)."""
    if stream[:2] != b"\xff\xd8":
        return None
    pos = 2
    while pos + 9 <= len(stream):
        if stream[pos] != 0xFF:
            return None
        marker = stream[pos + 1]
        if marker == 0xFF:
            pos += 1
        elif marker in _NO_LENGTH:
            pos += 2
        elif marker in _FRAME_HEADERS:
            return (
                int.from_bytes(stream[pos + 5 : pos + 7], "big"),
                int.from_bytes(stream[pos + 7 : pos + 9], "big"),
            )
        else:
            pos += 2 + int.from_bytes(stream[pos + 2 : pos + 4], "big")
    return None
