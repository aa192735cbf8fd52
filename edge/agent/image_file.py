"""A file of a case opened in a bounded child: a PNG or JPEG, a clip, or a DICOM file
with its own names, scale and frames."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from services.dicom.bounded_decoding import decode_object, decode_picture, looks_at
from services.domain.calibration import Calibration
from services.domain.dicom.file_kind import DICOM_TYPE, HEIC_WORDS, clip_type, kind_of
from services.domain.dicom.values import case_picture_uid, case_series_uid
from services.domain.errors import DecodingInterrupted, FadaError, UnsupportedMedia

DICOM = DICOM_TYPE
KEY_FRAMES = 3  # of a clip: each costs seconds here; the hub reads more, these among them


class ChooseFrames(Protocol):
    """Names the frames of a clip that are worth reading."""

    side: int  # of the squares that it takes; 0: it cannot choose

    def best_frames(self, numbers: Sequence[int], squares: NDArray[np.uint8]) -> list[int]:
        """Of the frames ``numbers``, seen as ``squares`` (N, side, side), the best; maybe none."""
        ...


@dataclass(frozen=True, slots=True)
class ImageFile:
    """``frames`` by number, (H, W) or (H, W, 3) uint8. ``calibration``: the file's own; None where a
    person may give the scale. ``study_uid`` is empty for pictures. ``problem`` is the code of what keeps
    its frames from being decoded here."""

    series_uid: str
    sop_uid: str
    frames: tuple[tuple[int, NDArray[np.uint8]], ...]
    calibration: Calibration | None = None
    study_uid: str = ""
    problem: str = ""


def identify(data: bytes) -> tuple[str, str]:
    """Media type and Study Instance UID (empty for pictures and clips), by content and never by name.

    Raises:
        FadaError: it is nothing that can be read, as the hub would refuse it.
        DecodingInterrupted: that is not known yet.
    """
    head = data[:132]
    kind = kind_of(head)
    if kind == "dicom":
        return DICOM, decode_object(data).study_uid
    if kind == "heic":
        raise UnsupportedMedia(HEIC_WORDS)
    if kind == "clip":
        decode_object(data)
        return clip_type(head), ""
    return "image/jpeg" if decode_picture(data).jpeg else "image/png", ""


def open_image(
    case_id: str,
    sha256: str,
    media_type: str,
    data: bytes,
    *,
    frames: Sequence[int] = (),
    choose: ChooseFrames | None = None,
) -> ImageFile:
    """Decode a file of a case. Pictures and clips are named by ``services.domain.dicom.values``, as the
    hub and the browser name them. ``frames`` are those of a clip to decode; without them ``choose``
    names the best, else its looks.

    Raises:
        FadaError: nothing can be told of it; one whose frames alone fail says so itself.
    """
    series, picture = case_series_uid(case_id), case_picture_uid(case_id, sha256)
    clip = media_type.startswith("video/")
    if media_type != DICOM and not clip:
        return ImageFile(series, picture, ((1, decode_picture(data).pixels),))
    try:
        numbers = frames or (_numbers(data, choose) if choose is not None else [])
        decoded, problem = decode_object(data, key_frames=KEY_FRAMES, frames=numbers), ""
    except DecodingInterrupted:
        raise
    except FadaError as error:
        decoded, problem = decode_object(data), error.code
    if clip:
        return ImageFile(series, picture, decoded.frames, problem=problem)
    scale = decoded.calibration
    own = scale if scale.regions or scale.spacing else None
    return ImageFile(
        decoded.series_uid, decoded.sop_uid, decoded.frames, own, decoded.study_uid, problem
    )


def sop_uid_of(case_id: str, sha256: str, media_type: str, data: bytes) -> str:
    """The name that reports have for a file of a case. Raises FadaError: it is no image."""
    return decode_object(data).sop_uid if media_type == DICOM else case_picture_uid(case_id, sha256)


def _numbers(data: bytes, choose: ChooseFrames) -> list[int]:
    """The best frame of each plane of a clip; empty for one picture."""
    if choose.side == 0 or decode_object(data).count == 1:
        return []
    return choose.best_frames(*looks_at(data, choose.side))
