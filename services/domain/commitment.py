"""Storage commitment (PS3.4 annex J): who vouches for which objects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

NO_SUCH_OBJECT = 0x0112
CLASS_CONFLICT = 0x0119
PROCESSING_FAILURE = 0x0110


@dataclass(frozen=True, slots=True)
class Reference:
    """An object by its SOP class and instance."""

    sop_class: str
    sop_uid: str


@dataclass(frozen=True, slots=True)
class CommitmentReport:
    """The word on the objects of one transaction. ``failed``: object to failure reason (0008,1197)."""

    transaction_uid: str
    committed: tuple[Reference, ...] = ()
    failed: Mapping[Reference, int] = field(default_factory=dict)
