"""What the bytes of a line are: heads, reports, previews, images, images sent again, sign-in, questions."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

_PARTS = (
    (re.compile(r"PUT /api/sync/cases/[^/]+/versions/"), "reports"),
    (re.compile(r"PUT /api/sync/cases/[^/]+/previews"), "previews"),
    (re.compile(r"(PATCH|POST) /tus/"), "images and previews"),
    (re.compile(r"POST /api/sync/(challenge|session)"), "sign_in"),
)
_LENGTH = re.compile(rb"(?im)^content-length:\s*(\d+)")
_TARGET = re.compile(rb"^(\S+) (\S+)")
_OFFSET = re.compile(rb"(?im)^upload-offset:\s*(\d+)")


@dataclass(slots=True)
class Traffic:
    """Bytes towards the hub, of all connections. ``bytes_of``: a part and its bytes; ``requests``: how many.

    A request's body counts as its part, its head as ``heads``; bytes of an image at an offset where the
    line has carried some before count as ``images and previews_again``, those of reports likewise.
    """

    bytes_of: dict[str, int] = field(default_factory=dict)
    requests: dict[str, int] = field(default_factory=dict)
    _carried: dict[str, int] = field(default_factory=dict)

    def stream(self) -> Stream:
        """One connection's way up."""
        return Stream(self)

    def add(self, part: str, count: int) -> None:
        """Count bytes."""
        self.bytes_of[part] = self.bytes_of.get(part, 0) + count

    def body(self, part: str, target: str, at: int, count: int) -> None:
        """Count ``count`` bytes of a body from ``at`` on."""
        before = self._carried.get(target, 0)
        fresh = max(0, at + count - max(before, at))
        self._carried[target] = max(before, at + count)
        self.add(part, fresh)
        if count > fresh:
            self.add(f"{part}_again", count - fresh)


class Stream:
    """HTTP/1.1 requests as they come, in pieces of any size; bodies have a Content-Length."""

    def __init__(self, traffic: Traffic) -> None:
        self._traffic = traffic
        self._head = b""
        self._left = self._at = 0
        self._part = self._target = ""

    def feed(self, data: bytes) -> None:
        """Count the next bytes of the connection."""
        while data:
            if self._left:
                piece, data = data[: self._left], data[self._left :]
                self._traffic.body(self._part, self._target, self._at, len(piece))
                self._at += len(piece)
                self._left -= len(piece)
                continue
            before = len(self._head)
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                self._traffic.add("heads", len(data))
                return
            self._traffic.add("heads", end + 4 - before)
            data, head = self._head[end + 4 :], self._head[: end + 4]
            self._head = b""
            self._begin(head)

    def _begin(self, head: bytes) -> None:
        match = _TARGET.match(head)
        self._target = b" ".join(match.groups()).decode("latin-1") if match else ""
        self._part = next((name for form, name in _PARTS if form.match(self._target)), "questions")
        length, offset = _LENGTH.search(head), _OFFSET.search(head)
        self._left = int(length[1]) if length else 0
        self._at = int(offset[1]) if offset else 0
        if self._part in ("sign_in", "questions"):  # each is another one
            self._target += str(sum(self._traffic.requests.values()))
        counts = self._traffic.requests
        counts[self._part] = counts.get(self._part, 0) + 1
