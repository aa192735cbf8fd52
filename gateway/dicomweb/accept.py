"""The media types that a caller of WADO-RS accepts (PS3.18 sections 8.3.3 and 8.7)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import Request

from gateway.dicomweb.multipart import MediaType, media_types
from services.domain.errors import FadaError

EXPLICIT_LITTLE = "1.2.840.10008.1.2.1"
BIG_ENDIAN = "1.2.840.10008.1.2.2"  # may be stored, and is never sent (PS3.18 8.7.3)
_ANY = "*/*"


class NotAcceptable(FadaError):
    """No accepted media type is offered."""

    code, title, status = "not_acceptable", "There is no such representation of this", 406


@dataclass(frozen=True, slots=True)
class AcceptedType:
    """The media type to send; ``single``: without multipart; ``syntax``: transfer syntax, or ``*``."""

    name: str
    single: bool
    syntax: str


def accepted_types(request: Request) -> list[MediaType]:
    """The accepted media types, best first; the query parameter ``accept`` goes before the header."""
    asked = request.query_params.get("accept")
    if asked:
        return media_types(asked)
    return media_types(request.headers.get("accept", "")) or [MediaType(_ANY, {})]


def _any_syntax(name: str, syntax: str) -> bool:
    return True


def choose(
    request: Request,
    offered: tuple[str, ...],
    had: Callable[[str, str], bool] = _any_syntax,
) -> AcceptedType:
    """The best of ``offered`` that the caller accepts, within multipart/related or alone.

    ``had``: whether a media type can be had in a transfer syntax (``*``: in any); an alternative that
    cannot is passed over for the next one.

    Raises:
        NotAcceptable: none.
    """
    for media in accepted_types(request):
        single = media.name != "multipart/related"
        if single:
            inner, parameters = media.name, media.parameters
        else:
            inner, parameters = media.parameters.get("type", _ANY).lower(), media.parameters
        syntax = parameters.get("transfer-syntax", "*")
        for name in offered:
            if inner in (_ANY, name, name.split("/")[0] + "/*") and had(name, syntax):
                # Whoever accepts anything gets the representation that the standard has as default.
                return AcceptedType(name, single and media.name != _ANY, syntax)
    raise NotAcceptable(f"This can be had as {', '.join(offered)}.")


def image_type(request: Request) -> str:
    """image/jpeg or image/png, for rendered resources; JPEG when both are accepted.

    Raises:
        NotAcceptable: neither is accepted.
    """
    for media in accepted_types(request):
        if media.name in (_ANY, "image/*", "image/jpeg", "image/jpg"):
            return "image/jpeg"
        if media.name == "image/png":
            return "image/png"
    raise NotAcceptable("Rendered images can be had as image/jpeg or image/png.")


def require(request: Request, media: str) -> None:
    """Raises NotAcceptable unless ``media`` is accepted, or anything."""
    whole = media.split("/")[0] + "/*"
    if not {m.name for m in accepted_types(request)} & {_ANY, media, whole}:
        raise NotAcceptable(f"This can be had as {media}.")


def require_json(request: Request) -> None:
    """Raises NotAcceptable unless DICOM JSON is accepted: metadata has no other representation."""
    names = {m.name for m in accepted_types(request)}
    if not names & {_ANY, "application/*", "application/json", "application/dicom+json"}:
        raise NotAcceptable("Metadata can be had as application/dicom+json.")
