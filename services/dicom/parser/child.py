"""The bounded child: reads one request a line from standard input, answers one line each.

Everything that touches bytes from outside happens here: parsing, and decoding for WADO-RS. A limit on
memory, on written files and on core dumps is set before the first request; the parent watches the time.
What parent and child say to each other is one JSON object a line, never a pickle. The parent imports
this module too, for the messages.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

from services.dicom.parser.parse import Limits, ParsedInstance, parse_file
from services.domain import errors
from services.domain.errors import FadaError, InvalidDicom, TooLarge
from services.processes.sandbox import confine

_CODE = Path(__file__).resolve().parents[2]

_KNOWN: dict[str, type[FadaError]] = {
    kind.code: kind
    for kind in (
        errors.FrameUndecodable,
        errors.InvalidDicom,
        errors.InvalidInput,
        errors.InvalidUid,
        errors.NotFound,
        errors.PaletteUnusable,
        errors.TooLarge,
        errors.UnsupportedMedia,
        errors.UnsupportedObject,
    )
}
Work = Callable[[dict[str, Any]], dict[str, Any]]
_FIELDS = tuple(field.name for field in dataclasses.fields(ParsedInstance))


def line(message: dict[str, Any]) -> bytes:
    """A message as one line of JSON, in ASCII."""
    return json.dumps(message, ensure_ascii=True, separators=(",", ":")).encode() + b"\n"


def of_error(error: FadaError) -> dict[str, Any]:
    """The answer that a refusal is."""
    return {"error": error.code, "detail": error.detail}


def raise_error(answer: dict[str, Any]) -> None:
    """Raise what the child refused; codes from outside the list become InvalidDicom."""
    if "error" in answer:
        kind = _KNOWN.get(str(answer["error"]), InvalidDicom)
        raise kind(str(answer.get("detail", ""))[:300])


def of_parsed(parsed: ParsedInstance) -> dict[str, Any]:
    """The answer that a parsed instance is."""
    return {name: getattr(parsed, name) for name in _FIELDS}


def to_parsed(answer: dict[str, Any]) -> ParsedInstance:
    """The instance in an answer; the inverse of ``of_parsed``."""
    return ParsedInstance(**{name: answer[name] for name in _FIELDS})


def of_limits(limits: Limits) -> list[int]:
    """Limits as a request carries them."""
    return [limits.inflated_bytes, limits.pixels, limits.frames]


def bound(memory: int, file_size: int) -> None:
    """Address space, size of written files, no core dump."""
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_FSIZE, (file_size, file_size))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def shut_in(*folders: Path) -> None:
    """No network, no program, no file but those in ``folders`` the code and its samples."""
    code = [_CODE, _CODE.parent / "samples", Path(sys.prefix), Path(sys.base_prefix)]
    code += [Path(place) for place in sys.path if place.endswith("-packages")]
    confine(code, folders)


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Do what is asked; any failure is a refusal, never the end of the child."""
    return refusing(_work, request)


def refusing(work: Work, request: dict[str, Any]) -> dict[str, Any]:
    """What ``work`` answers to a request, or its failure as a refusal."""
    try:
        return work(request)
    except FadaError as error:
        return of_error(error)
    except MemoryError:
        return of_error(TooLarge("Reading the object needs more memory than is given to it."))
    except RecursionError:
        return of_error(InvalidDicom("The data set is nested too deep."))
    except Exception as error:  # whatever a decoder thinks of: refused, named by its kind alone
        return of_error(InvalidDicom(f"The object cannot be read ({type(error).__name__})."))


def _work(request: dict[str, Any]) -> dict[str, Any]:
    if request["do"] == "parse":
        return of_parsed(parse_file(Path(request["path"]), Limits(*request["limits"])))
    from services.dicom.parser import (
        retrieve,  # pydicom and the decoders: loaded when first asked for
    )

    return retrieve.answer(request)


def serve(requests: BinaryIO, answers: BinaryIO, work: Work = _work) -> None:
    """Answer request after request, a line each, until ``requests`` ends."""
    answers.write(line({"ready": True}))
    answers.flush()
    for request in requests:
        answers.write(line(refusing(work, json.loads(request))))
        answers.flush()


def main(work: Work = _work) -> None:
    """``python -m PROGRAM MEMORY FILE_SIZE FOLDER…`` (bytes; where files are read and written)."""
    bound(int(sys.argv[1]), int(sys.argv[2]))
    shut_in(*map(Path, sys.argv[3:]))
    serve(sys.stdin.buffer, sys.stdout.buffer, work)


if __name__ == "__main__":
    main()
