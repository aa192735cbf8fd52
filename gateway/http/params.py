"""Parameters and roles that many routes share. A malformed identifier in a path is not found."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Literal, TypeVar

from fastapi import Depends, Path, Query
from pydantic import AfterValidator

from gateway.http.authorization import require
from services.domain.errors import InvalidInput
from services.domain.study import Principal, Role

StateT = TypeVar("StateT", bound=StrEnum)
_ID = r"^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$"
_UID = r"^[0-9]+(\.[0-9]+)+$"  # a leading zero is wrong (PS3.5 9.1), and real


def utc_if_naive(moment: datetime | None) -> datetime | None:
    """A time without a zone is UTC."""
    if moment is None or moment.tzinfo is not None:
        return moment
    return moment.replace(tzinfo=UTC)


def parse_states(kind: type[StateT], text: str) -> tuple[StateT, ...]:
    """States of a comma-separated query parameter; none for an empty one. Raises InvalidInput."""
    try:
        return tuple(kind(word) for word in text.split(",") if word)
    except ValueError as error:
        raise InvalidInput(f"state is one or several of {', '.join(kind)}.") from error


StudyId = Annotated[str, Path(pattern=_ID, description="the hub's id of a study (UUID)")]
JobId = Annotated[str, Path(pattern=_ID)]
RecordId = Annotated[str, Path(pattern=r"^[0-9A-Za-z-]{1,64}$")]
ResultVersion = Annotated[str, Path(pattern=r"^(latest|[1-9][0-9]{0,8})$", description="or latest")]
Sha256 = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$", description="SHA-256 of the content")]
StudyUid = Annotated[str, Path(pattern=_UID, max_length=64, description="Study Instance UID")]
SeriesUid = Annotated[str, Path(pattern=_UID, max_length=64, description="Series Instance UID")]
SopUid = Annotated[str, Path(pattern=_UID, max_length=64, description="SOP Instance UID")]
Frame = Annotated[int, Path(ge=1, le=100_000, description="counted from 1")]
Language = Literal["en", "fr", "sw", "hi", "pt"]
Text = Annotated[str, Query(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")]
Since = Annotated[
    datetime | None,
    AfterValidator(utc_if_naive),
    Query(description="received at or after, RFC 3339"),
]
Until = Annotated[
    datetime | None,
    AfterValidator(utc_if_naive),
    Query(description="received at or before, RFC 3339"),
]
States = Annotated[str, Query(max_length=60, description="comma-separated")]
OfStudy = Annotated[str | None, Query(max_length=36, pattern=r"^[0-9a-f-]*$")]
Limit = Annotated[int, Query(ge=1, le=1000)]
Offset = Annotated[int, Query(ge=0, le=10_000_000)]

Reader = Annotated[Principal, Depends(require(Role.READER))]
ReaderOrDevice = Annotated[Principal, Depends(require(Role.READER, device=True))]
Sender = Annotated[Principal, Depends(require(Role.DEVICE))]
Sonographer = Annotated[Principal, Depends(require(Role.SONOGRAPHER))]
Manager = Annotated[Principal, Depends(require(Role.MANAGER))]
Admin = Annotated[Principal, Depends(require(Role.ADMIN))]
