"""What parent and child of the parser say to each other: one JSON object a line, never a pickle."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from services.dicom.parser.parse import Limits, ParsedInstance
from services.domain import errors
from services.domain.errors import FadaError, InvalidDicom

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


_FIELDS = tuple(field.name for field in dataclasses.fields(ParsedInstance))
