"""The child of ``bounded_decoding``: an image file from standard input, its frames to standard output.

A limit on memory, on processor time, on written files and on core dumps is set before the first byte is read.
"""

from __future__ import annotations

import json
import resource
import sys
from typing import Any

import numpy as np
from numpy.typing import NDArray

from services.dicom.bounded_decoding import OUT_OF_MEMORY
from services.dicom.parser.child import bound, of_error, shut_in
from services.domain.errors import FadaError, InvalidDicom
from services.reading.images.picture import decode

_Decoded = list[NDArray[np.uint8]]


def answer(data: bytes, request: dict[str, Any]) -> tuple[dict[str, Any], _Decoded]:
    """What is said of the file, and its frames. Raises what the hub's intake and reader raise."""
    if "picture" in request:
        return _picture(data)
    from services.dicom import bounded_object  # pydicom and its decoders: a picture needs none

    return bounded_object.answer(data, request)


def _picture(data: bytes) -> tuple[dict[str, Any], _Decoded]:
    """A PNG or JPEG: its one frame."""
    picture = decode(data)
    pixels = np.ascontiguousarray(picture.pixels)
    header = {"jpeg": picture.jpeg, "baseline": picture.baseline, "frames": [[1, pixels.shape]]}
    return header, [pixels]


def main() -> None:
    """``python -m services.dicom.bounded_decoding_child MEMORY SECONDS REQUEST``; any failure is a refusal.

    The seconds are of processor time; the kernel ends whoever uses more.
    """
    bound(int(sys.argv[1]), 0)
    seconds = int(sys.argv[2])
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 5))
    shut_in()
    decoded: _Decoded = []
    try:
        header, decoded = answer(sys.stdin.buffer.read(), json.loads(sys.argv[3]))
    except FadaError as error:
        header = of_error(error)
    except MemoryError:
        header = {"error": OUT_OF_MEMORY}
    except Exception as error:  # whatever a decoder thinks of: refused, named by its kind alone
        header = of_error(InvalidDicom(f"The file cannot be read ({type(error).__name__})."))
    sys.stdout.buffer.write(json.dumps(header).encode() + b"\n")
    for pixels in decoded:
        sys.stdout.buffer.write(pixels.tobytes())


if __name__ == "__main__":
    main()
