"""What a caller of WADO-RS is ready to take (PS3.18 sections 8.3.3 and 8.7)."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import Request

from gateway.dicomweb.multipart import MediaType, media_type, media_types
from services.domain.errors import FadaError

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
_ANY = "*/*"


class NotAcceptable(FadaError):
    code, title, status = "not_acceptable", "There is no such form of this", 406


@dataclass(frozen=True, slots=True)
class Choice:
    """``single``: without multipart. ``syntax``: the transfer syntax asked for, or ``*``."""

    name: str
    single: bool
    syntax: str


def accepted(request: Request) -> list[MediaType]:
    """The media types asked for, best first; the query parameter ``accept`` goes before the header."""
    asked = request.query_params.get("accept")
    if asked:
        return media_types(asked)
    found = media_types(request.headers.get("accept", ""))
    return found or [MediaType(_ANY, {})]


def choose(request: Request, offered: tuple[str, ...]) -> Choice:
    """The best of ``offered`` that the caller takes, within multipart/related or alone.

    Raises:
        NotAcceptable: none.
    """
    for media in accepted(request):
        single = media.name != "multipart/related"
        if single:
            inner, parameters = media.name, media.parameters
        else:
            inner, parameters = media.parameters.get("type", _ANY).lower(), media.parameters
        syntax = parameters.get("transfer-syntax", "*")
        for name in offered:
            if inner in (_ANY, name, name.split("/")[0] + "/*"):
                # Whoever takes anything gets the form that the standard has as its default.
                return Choice(name, single and media.name != _ANY, syntax)
    raise NotAcceptable(f"This can be had as {', '.join(offered)}.")


def picture(request: Request) -> str:
    """image/jpeg or image/png, for rendered resources; JPEG when anything goes."""
    for media in accepted(request):
        if media.name in (_ANY, "image/*", "image/jpeg", "image/jpg"):
            return "image/jpeg"
        if media.name == "image/png":
            return "image/png"
    raise NotAcceptable("Rendered images can be had as image/jpeg or image/png.")


def is_json(request: Request) -> None:
    """Metadata is JSON alone. Raises NotAcceptable."""
    names = {m.name for m in accepted(request)}
    if not names & {_ANY, "application/*", "application/json", "application/dicom+json"}:
        raise NotAcceptable("Metadata can be had as application/dicom+json.")


__all__ = [
    "EXPLICIT_LITTLE",
    "Choice",
    "NotAcceptable",
    "choose",
    "is_json",
    "media_type",
    "picture",
]
