"""The bounded child: reads one request a line from standard input, answers one line each.

Everything that touches bytes from outside happens here: parsing, and decoding for WADO-RS. A limit on
memory, on written files and on core dumps is set before the first request; the parent watches the time.
"""

from __future__ import annotations

import json
import resource
import sys
from pathlib import Path
from typing import Any, BinaryIO

from services.dicom.parser import ipc
from services.dicom.parser.parse import Limits, parse_file
from services.domain.errors import FadaError, InvalidDicom, TooLarge


def bound(memory: int, file_size: int) -> None:
    """Address space, size of written files, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked; any failure is a refusal, never the end of the child."""
    try:
        if request["do"] == "parse":
            return ipc.of_parsed(parse_file(Path(request["path"]), Limits(*request["limits"])))
        from services.dicom.parser import (
            retrieve,  # pydicom and the decoders: loaded when first asked for
        )

        return retrieve.answer(request)
    except FadaError as error:
        return ipc.of_error(error)
    except MemoryError:
        return ipc.of_error(TooLarge("Reading the object needs more memory than is given to it."))
    except RecursionError:
        return ipc.of_error(InvalidDicom("The data set is nested too deep."))
    except Exception as error:  # whatever a decoder thinks of: refused, named by its kind alone
        return ipc.of_error(InvalidDicom(f"The object cannot be read ({type(error).__name__})."))


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer request after request, a line each, until ``requests`` ends."""
    answers.write(ipc.line({"ready": True}))
    answers.flush()
    for request in requests:
        answers.write(ipc.line(answer(json.loads(request))))
        answers.flush()


def main() -> None:
    """``python -m services.dicom.parser.child MEMORY FILE_SIZE`` (bytes)."""
    bound(int(sys.argv[1]), int(sys.argv[2]))
    serve(sys.stdin.buffer, sys.stdout.buffer)


if __name__ == "__main__":
    main()
