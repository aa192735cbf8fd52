"""A preview of a frame of a phone's case, whichever way it came."""

from __future__ import annotations

from services.dicom.parser.jpeg import size_of
from services.domain.errors import InvalidInput
from services.domain.study import Principal
from services.index.port import Index

MOST_BYTES = 30_000  # of one preview
_MOST_OF_A_CASE = 200
_LONGEST_SIDE = 2048  # pixels


def keep_preview(
    index: Index, who: Principal, case_id: str, sop_uid: str, frame: int, jpeg: bytes
) -> None:
    """The first one of a frame counts; none is kept where the picture is here.

    Raises InvalidInput, NotFound (no such case of this sender).
    """
    size = size_of(jpeg) if jpeg[:3] == b"\xff\xd8\xff" else None
    if size is None or max(size) > _LONGEST_SIDE or len(jpeg) > MOST_BYTES:
        raise InvalidInput(
            f"A preview is a JPEG of at most {_LONGEST_SIDE} pixels a side and {MOST_BYTES} bytes."
        )
    with index.begin() as tx:
        case = tx.cases.get(who, case_id)
        if tx.previews.count(who, case.id) >= _MOST_OF_A_CASE:
            raise InvalidInput(f"A case may have {_MOST_OF_A_CASE} previews.")
        study = tx.studies.by_uid(who.site, case.study_uid)
        tx.previews.keep(case, study.id, who.site, sop_uid, frame, jpeg)
