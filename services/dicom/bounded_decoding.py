"""A DICOM file or a clip opened in a child process of its own, bounded in memory and time.

For programs that open a file now and then, such as the agent; gateway and workers keep a pool of
children (``services.dicom.parser.pool``). What parent and child say is bytes: one line of JSON, then
the pixels of each frame.
"""

from __future__ import annotations

import json
import os
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
from services.domain.errors import FadaError, InvalidDicom

_ROOT = Path(__file__).resolve().parents[2]
_CHILD: Final = "services.dicom.bounded_decoding_child"
_MEMORY: Final = 1536 * 2**20
_SECONDS: Final = 300.0
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
        InvalidInput, UnsupportedMedia: as the hub would refuse it; also InvalidDicom where the child died
            or took too long.
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


def _asked(
    request: dict[str, Any], data: bytes, memory: int, seconds: float
) -> tuple[dict[str, Any], bytes]:
    try:
        ended = subprocess.run(
            [sys.executable, "-m", _CHILD, str(memory), json.dumps(request)],
            input=data, capture_output=True, timeout=seconds, check=False, cwd=_ROOT,
            env={"PYTHONPATH": str(_ROOT), "PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1",
                 "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MALLOC_ARENA_MAX": "2"},
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        raise InvalidDicom("Reading the file took too long.") from None
    head, _, pixels = ended.stdout.partition(b"\n")
    if ended.returncode != 0 or not head:
        raise InvalidDicom("The file ended the program that reads it.")
    answer: dict[str, Any] = json.loads(head)
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
