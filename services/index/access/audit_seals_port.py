"""What the index promises about the seals over the audit trail."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Seal:
    """A stretch of the audit trail, closed: entries ``first`` to ``last``, ``count`` of them. ``mac`` is
    over all of them and the seal before, so that none can be changed, removed or put between.
    """

    number: int
    first: int
    last: int
    count: int
    mac: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verification found: entries and seals looked at, the newest mac, and the first fault."""

    entries: int
    seals: int
    unsealed: int
    mac: str
    fault: str = ""

    @property
    def holds(self) -> bool:
        """Whether nothing was changed."""
        return not self.fault


class AuditSeals(Protocol):
    """A hash chain over the audit trail, made in the background: writing an entry costs nothing more."""

    def boundary(self) -> int:
        """The number below which every entry is committed; 0 when that cannot be known now."""
        ...

    def seal(self, key: bytes, boundary: int, limit: int = 10_000) -> Seal | None:
        """Close the next stretch up to ``boundary``; None when there is none."""
        ...

    def verify(self, key: bytes, noted: str = "", *, before: Sequence[bytes] = ()) -> Verdict:
        """Look through all of it, entry by entry. ``noted``: the mac of a seal that must be there;
        ``before``: keys that sealed earlier.
        """
        ...
