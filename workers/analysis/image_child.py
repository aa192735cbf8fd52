"""The bounded child that opens images for a worker: ``python -m workers.analysis.image_child``.

A worker reads no byte from outside itself. A crash, a hang or a bomb of one image ends this child, and
costs that image alone. ``services.dicom.parser.pool`` starts, bounds and replaces it.
"""

from __future__ import annotations

import base64
import time
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

from services.dicom.objects import image_header
from services.dicom.parser import child
from services.dicom.parser.frames import Frames, calibration
from services.domain.errors import InvalidDicom, NotFound
from services.reading.images.drawn_mask import check_area
from services.reading.images.keyframes import look
from services.reading.images.picture import square


class _Opened:
    """The file that was asked for last: a clip is asked for frame by frame."""

    path = ""
    frames: Frames | None = None


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """``do`` is open, look or frame. Raises InvalidDicom, NotFound, TooLarge."""
    frames = _frames(str(request["path"]))
    if request["do"] == "open":
        return _open(frames)
    if request["do"] == "look":
        numbers = [int(number) for number in request["numbers"]]
        return _look(frames, numbers, int(request["side"]), Path(request["out"]))
    if request["do"] == "frame":
        pixels = frames.read(int(request["frame"]))
        Path(request["out"]).write_bytes(pixels.tobytes())
        return {"shape": list(pixels.shape)}
    raise NotFound("There is no such request.")


def _frames(path: str) -> Frames:
    if _Opened.path != path or _Opened.frames is None:
        _Opened.path, _Opened.frames = "", None  # the one before is freed first
        _Opened.frames = Frames.of_file(Path(path))
        _Opened.path = path
    return _Opened.frames


def _open(frames: Frames) -> dict[str, Any]:
    """Header, scale and number of frames. Raises TooLarge: what is found on it could not be drawn."""
    check_area(frames.columns, frames.rows)
    scale = calibration(frames.dataset)
    header = image_header.pack(frames.dataset, scale)
    return {
        "header": base64.b64encode(header).decode(),
        "regions": [asdict(region) for region in scale.regions[: image_header.MOST_REGIONS]],
        "spacing": asdict(scale.spacing) if scale.spacing is not None else None,
        "count": frames.count,
    }


def _look(frames: Frames, wanted: list[int], side: int, out: Path) -> dict[str, Any]:
    """Number and quality of each frame that can be decoded; of each a thumb and a small copy to ``out``."""
    began = time.process_time()
    numbers, qualities = [], []
    with out.open("wb") as file, suppress(InvalidDicom):  # where none of these can be, others may
        for number, pixels in frames.readable(wanted):
            seen = look(number, pixels)
            numbers.append(number)
            qualities.append(seen.quality)
            file.write(seen.thumb.tobytes())
            file.write(square(pixels, side).pixels.tobytes())
    return {"numbers": numbers, "qualities": qualities, "seconds": time.process_time() - began}


if __name__ == "__main__":
    child.main(answer)
