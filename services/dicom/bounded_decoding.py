"""A DICOM file, a clip or a picture opened in a child process of its own, bounded in memory and time.

For programs that open a file now and then, such as the agent; gateway and workers keep a pool of
children (``services.dicom.parser.pool``). What parent and child say is bytes: one line of JSON, then
the pixels of each frame.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from services.domain import errors
from services.domain.calibration import Calibration, PixelSize, Region
from services.domain.errors import DecodingInterrupted, FadaError, InvalidDicom, TooLarge
from services.reading.images.picture import DecodedPicture

_ROOT = Path(__file__).resolve().parents[2]
_CHILD: Final = "services.dicom.bounded_decoding_child"
_MEMORY: Final = 1536 * 2**20
_SECONDS: Final = 300.0  # of processor time; by the clock twice as long, as a laptop may be busy
OUT_OF_MEMORY: Final = "out_of_memory"  # a child's word for its own end
# An operator, or the system without memory.
_FROM_OUTSIDE: Final = (-signal.SIGKILL, -signal.SIGTERM)
_KNOWN: Final[dict[str, type[FadaError]]] = {
    kind.code: kind
    for kind in (
        errors.FrameUndecodable,
        errors.InvalidDicom,
        errors.InvalidInput,
        errors.InvalidUid,
        errors.PaletteUnusable,
        errors.TooLarge,
        errors.UnsupportedMedia,
        errors.UnsupportedObject,
    )
}


@dataclass(frozen=True, slots=True)
class DecodedObject:
    """An image object as the hub sees it.

    ``count`` frames in all; ``frames`` are the chosen ones by number, (H, W) or (H, W, 3) uint8.
    """

    study_uid: str
    series_uid: str
    sop_uid: str
    count: int
    calibration: Calibration
    frames: tuple[tuple[int, NDArray[np.uint8]], ...]


def decode_object(
    data: bytes,
    *,
    key_frames: int = 0,
    frames: Sequence[int] = (),
    memory: int = _MEMORY,
    seconds: float = _SECONDS,
) -> DecodedObject:
    """Open a Part 10 file, MP4 or MOV and decode ``frames``, else its best ``key_frames`` frames; with
    neither its header alone. The names of a clip are of no use to anybody.

    Raises:
        InvalidDicom, InvalidUid, UnsupportedObject, TooLarge, FrameUndecodable, PaletteUnusable,
        InvalidInput, UnsupportedMedia: as the hub would refuse it; also InvalidDicom and TooLarge where it
            ended two children by itself or took all their time.
        DecodingInterrupted: the child was lost, perhaps for another reason: try again.
    """
    request = {"key_frames": key_frames, "frames": list(frames)}
    answer, pixels = _asked(request, data, memory, seconds)
    return _object(answer, pixels)


def looks_at(
    data: bytes, side: int, *, memory: int = _MEMORY, seconds: float = _SECONDS
) -> tuple[list[int], NDArray[np.uint8]]:
    """The numbers of a clip's frames that can be decoded, and a square of each, (N, side, side).

    Raises as ``decode_object``.
    """
    answer, pixels = _asked({"look": side}, data, memory, seconds)
    numbers = [int(number) for number in answer["numbers"]]
    return numbers, np.frombuffer(pixels, np.uint8).reshape(len(numbers), side, side)


def decode_picture(
    data: bytes, *, memory: int = _MEMORY, seconds: float = _SECONDS
) -> DecodedPicture:
    """A PNG or JPEG as ``services.reading.images.picture.decode`` gives it.

    Raises InvalidInput and TooLarge as that does, and else as ``decode_object``.
    """
    answer, pixels = _asked({"picture": True}, data, memory, seconds)
    ((_, shape),) = answer["frames"]
    decoded = np.frombuffer(pixels, np.uint8).reshape(shape)
    return DecodedPicture(decoded, answer["jpeg"], answer["baseline"])


class _Ended(Exception):
    """A child ended by itself, without an answer; or its memory was not enough."""

    def __init__(self, refusal: FadaError) -> None:
        self.refusal = refusal


def _asked(
    request: dict[str, Any], data: bytes, memory: int, seconds: float
) -> tuple[dict[str, Any], bytes]:
    """A file is refused for what two children could not bear; one may have been unlucky."""
    try:
        return _asked_once(request, data, memory, seconds)
    except _Ended:
        pass
    try:
        return _asked_once(request, data, memory, seconds)
    except _Ended as ended:
        raise ended.refusal from None


def _asked_once(
    request: dict[str, Any], data: bytes, memory: int, seconds: float
) -> tuple[dict[str, Any], bytes]:
    limits = [str(memory), str(max(1, round(seconds)))]
    try:
        ended = subprocess.run(
            [sys.executable, "-m", _CHILD, *limits, json.dumps(request)],
            input=data, capture_output=True, timeout=2 * seconds, check=False, cwd=_ROOT,
            env={"PYTHONPATH": str(_ROOT), "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1",
                 "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise DecodingInterrupted("The file could not be read in time. Try again later.") from None
    if ended.returncode == -signal.SIGXCPU:
        raise InvalidDicom("Reading the file took too long.")
    if ended.returncode in _FROM_OUTSIDE:
        raise DecodingInterrupted("The file could not be read now. Try again later.")
    head, _, pixels = ended.stdout.partition(b"\n")
    if ended.returncode != 0 or not head:
        raise _Ended(InvalidDicom("The file ended the program that reads it."))
    answer: dict[str, Any] = json.loads(head)
    if answer.get("error") == OUT_OF_MEMORY:
        raise _Ended(TooLarge("Reading the file needs more memory than is given to it."))
    if "error" in answer:
        raise _KNOWN.get(answer["error"], InvalidDicom)(answer["detail"])
    return answer, pixels


def _object(answer: dict[str, Any], pixels: bytes) -> DecodedObject:
    frames, at = [], 0
    for number, shape in answer["frames"]:
        size = int(np.prod(shape))
        frames.append((number, np.frombuffer(pixels, np.uint8, size, at).reshape(shape)))
        at += size
    spacing = answer["spacing"]
    scale = Calibration(
        tuple(Region(**region) for region in answer["regions"]),
        PixelSize(**spacing) if spacing else None,
    )
    return DecodedObject(
        answer["study_uid"],
        answer["series_uid"],
        answer["sop_uid"],
        answer["count"],
        scale,
        tuple(frames),
    )
