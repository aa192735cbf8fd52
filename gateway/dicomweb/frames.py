"""WADO-RS: frames, rendered images, thumbnails and bulk data of instances.

All decoding happens in the bounded parser process (``services.dicom.parser.retrieve``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from gateway.dependencies import Services, ServicesDep
from gateway.dicomweb import accept
from gateway.dicomweb.multipart import MultipartWriter
from gateway.dicomweb.wado import find_instances
from gateway.http.params import ReaderOrDevice, SeriesUid, SopUid, StudyUid
from gateway.representations.object_cache import object_cache
from services.dicom.parser.parse import ENCAPSULATED_PDF
from services.dicom.parser.video import VIDEO
from services.domain.dicom.values import parse_uid
from services.domain.errors import InvalidInput, NotFound
from services.index.port import Instance

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"])
_OCTETS, PDF = "application/octet-stream", "application/pdf"
_DOCUMENT = "00420011"
_SAVED = {
    "Content-Disposition": 'attachment; filename="document.pdf"',
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
}
_CACHED = {"Cache-Control": "private, max-age=3600"}
_MAX_FRAMES = 500  # of one request
_PREFIX = "1.2.840.10008.1.2."
_MEDIA_TYPES = {
    **{f"{_PREFIX}4.{n}": "image/jpeg" for n in (50, 51, 57, 70)},
    **{f"{_PREFIX}4.{n}": "image/jls" for n in (80, 81)},
    **{f"{_PREFIX}4.{n}": "image/jp2" for n in (90, 91)},
    **{f"{_PREFIX}4.{n}": "image/jphc" for n in (201, 202, 203)},
    f"{_PREFIX}5": "image/dicom-rle",
}
_BYTES: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"description": "Bytes", "content": {"multipart/related": {}}}},
}
_IMAGE: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"description": "An image", "content": {"image/jpeg": {}, "image/png": {}}}},
}
_PICTURE_OR_PDF: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {
            "description": "An image, or the document of an encapsulated PDF",
            "content": {"image/jpeg": {}, "image/png": {}, PDF: {}},
        }
    },
}
Viewport = Annotated[
    str | None,
    Query(max_length=100, description="width,height[,x,y,width,height of the source]"),
]
Quality = Annotated[int, Query(ge=1, le=100)]
_INSTANCE = "/studies/{study}/series/{series}/instances/{instance}"


@router.get(_INSTANCE + "/frames/{frames}", summary="Retrieve frames (WADO-RS)",
            operation_id="wadoFrames", **_BYTES)  # fmt: skip
def frames(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    frames: str,
    who: ReaderOrDevice,
    services: ServicesDep,
) -> Response:
    """Frame numbers, separated by commas; as stored, or decoded when native pixels are accepted."""
    (row,) = find_instances(services, who.site, study, series, instance)[:1]
    numbers = _numbers(frames)
    stored = _MEDIA_TYPES.get(row.transfer_syntax, _OCTETS)
    offered = (stored, _OCTETS) if stored != _OCTETS else (_OCTETS,)

    def had(name: str, syntax: str) -> bool:
        ways = ["*", row.transfer_syntax]  # as stored; bytes may be native, too
        return syntax in (ways if name == stored != _OCTETS else [*ways, accept.EXPLICIT_LITTLE])

    choice = accept.choose(request, offered, had)
    native = choice.name == _OCTETS and stored != _OCTETS and choice.syntax != row.transfer_syntax
    if native and choice.syntax == "*" and _names_any_syntax(request):
        native = False
    # A video's frames have no bytes of their own, and big endian ones are not sent.
    native = native or row.transfer_syntax in (*VIDEO, accept.BIG_ENDIAN)
    do = "native" if native else "frame"
    inner = _OCTETS if native else stored if choice.name != _OCTETS else _OCTETS
    syntax = accept.EXPLICIT_LITTLE if native else row.transfer_syntax

    def read(number: int) -> bytes:
        return _parse(request, services, row, {"do": do, "frame": number})

    first = read(numbers[0])
    if choice.single and len(numbers) == 1:
        return Response(first, media_type=inner, headers=_CACHED)
    writer = MultipartWriter(inner)
    headers = {"Content-Type": f"{inner}; transfer-syntax={syntax}"}

    def parts() -> Iterator[tuple[dict[str, str], list[bytes]]]:
        yield headers, [first]
        for number in numbers[1:]:
            yield headers, [read(number)]

    return StreamingResponse(writer.stream(parts()), media_type=writer.content_type)


@router.get(_INSTANCE + "/frames/{frame}/rendered", summary="Retrieve a rendered frame (WADO-RS)",
            operation_id="wadoFrameRendered", **_IMAGE)  # fmt: skip
def frame_rendered(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    frame: str,
    who: ReaderOrDevice,
    services: ServicesDep,
    viewport: Viewport = None,
    quality: Quality = 90,
) -> Response:
    """PNG or JPEG, fitted into the viewport."""
    (number,) = _numbers(frame)[:1]
    (row,) = find_instances(services, who.site, study, series, instance)[:1]
    return _rendered(request, services, row, number, viewport, quality)


@router.get(_INSTANCE + "/rendered", summary="Retrieve a rendered instance (WADO-RS)",
            operation_id="wadoRendered", **_PICTURE_OR_PDF)  # fmt: skip
def rendered(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    who: ReaderOrDevice,
    services: ServicesDep,
    viewport: Viewport = None,
    quality: Quality = 90,
) -> Response:
    """Its first frame, as PNG or JPEG; an encapsulated PDF as the document, to be saved."""
    (row,) = find_instances(services, who.site, study, series, instance)[:1]
    if row.sop_class == ENCAPSULATED_PDF:
        accept.require(request, PDF)
        return document(request, services, row)
    return _rendered(request, services, row, 1, viewport, quality)


@router.get("/studies/{study}/rendered", summary="Retrieve a rendered study (WADO-RS)",
            operation_id="wadoStudyRendered", **_IMAGE)  # fmt: skip
@router.get("/studies/{study}/thumbnail", summary="Retrieve a study's thumbnail (WADO-RS)",
            operation_id="wadoStudyThumbnail", **_IMAGE)  # fmt: skip
def study_rendered(
    request: Request,
    study: StudyUid,
    who: ReaderOrDevice,
    services: ServicesDep,
    viewport: Viewport = "256,256",
    quality: Quality = 80,
) -> Response:
    """The first frame of its first image."""
    row = _first_image(find_instances(services, who.site, study))
    return _rendered(request, services, row, 1, viewport, quality)


@router.get("/studies/{study}/series/{series}/rendered", summary="Retrieve a rendered series (WADO-RS)",
            operation_id="wadoSeriesRendered", **_IMAGE)  # fmt: skip
@router.get("/studies/{study}/series/{series}/thumbnail", summary="Retrieve a series' thumbnail (WADO-RS)",
            operation_id="wadoSeriesThumbnail", **_IMAGE)  # fmt: skip
@router.get(_INSTANCE + "/thumbnail", summary="Retrieve an instance's thumbnail (WADO-RS)",
            operation_id="wadoThumbnail", **_IMAGE)  # fmt: skip
def series_rendered(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    who: ReaderOrDevice,
    services: ServicesDep,
    instance: str | None = None,
    viewport: Viewport = "256,256",
    quality: Quality = 80,
) -> Response:
    """The first frame of its first image."""
    sop_uid = parse_uid(instance) if instance is not None else None
    row = _first_image(find_instances(services, who.site, study, series, sop_uid))
    return _rendered(request, services, row, 1, viewport, quality)


@router.get(_INSTANCE + "/bulkdata/{where:path}", summary="Retrieve bulk data (WADO-RS)",
            operation_id="wadoBulkdata", **_BYTES)  # fmt: skip
def bulkdata(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    where: str,
    who: ReaderOrDevice,
    services: ServicesDep,
) -> Response:
    """The value that a BulkDataURI of the metadata names."""
    (row,) = find_instances(services, who.site, study, series, instance)[:1]
    choice = accept.choose(request, (_OCTETS,))
    path = where.split("/")
    if len(path) > 20 or not all(part.isalnum() and len(part) <= 8 for part in path):
        raise NotFound()
    data = _parse(request, services, row, {"do": "bulk", "where": path})
    if choice.single:
        return Response(data, media_type=_OCTETS, headers=_CACHED)
    writer = MultipartWriter(_OCTETS)
    parts = [({"Content-Type": _OCTETS, "Content-Location": str(request.url)}, [data])]
    return StreamingResponse(writer.stream(parts), media_type=writer.content_type)


def _numbers(text: str) -> list[int]:
    """Raises InvalidInput."""
    pieces = text.split(",")
    if not 1 <= len(pieces) <= _MAX_FRAMES or not all(
        p.isascii() and p.isdigit() and int(p[:9]) >= 1 for p in pieces
    ):
        raise InvalidInput(
            f"Frames are numbers from 1, separated by commas, at most {_MAX_FRAMES}."
        )
    return [int(p[:9]) for p in pieces]


def _names_any_syntax(request: Request) -> bool:
    return any(m.parameters.get("transfer-syntax") == "*" for m in accept.accepted_types(request))


def _first_image(instances: list[Instance]) -> Instance:
    for row in instances:
        if row.frames > 0:
            return row
    raise NotFound()


def _rendered(
    request: Request,
    services: Services,
    row: Instance,
    number: int,
    viewport: str | None,
    quality: int,
) -> Response:
    if row.rows == 0:
        raise accept.NotAcceptable("This object has no image.")
    media = accept.image_type(request)
    return render(request, services, row, number, media, _viewport(viewport), quality)


def render(
    request: Request,
    services: Services,
    row: Instance,
    number: int,
    media: str,
    viewport: list[float] | None,
    quality: int,
) -> Response:
    """A frame, counted from 1, as ``media``: image/jpeg or image/png."""
    task = {
        "do": "rendered",
        "frame": number,
        "media": media,
        "quality": quality,
        "viewport": viewport,
    }
    return Response(_parse(request, services, row, task), media_type=media, headers=_CACHED)


def document(request: Request, services: Services, row: Instance) -> Response:
    """The PDF of an encapsulated document, which no browser opens in the hub's own pages.

    Raises NotAcceptable: what it encapsulates is no PDF.
    """
    content = _parse(request, services, row, {"do": "bulk", "where": [_DOCUMENT]}).rstrip(b"\0")
    if not content.startswith(b"%PDF-"):
        raise accept.NotAcceptable("The object holds no PDF; it can be had as application/dicom.")
    return Response(content, media_type=PDF, headers={**_CACHED, **_SAVED})


def _viewport(text: str | None) -> list[float] | None:
    """Raises InvalidInput."""
    if text is None:
        return None
    try:
        values = [float(v) for v in text.split(",")]
    except ValueError as error:
        raise InvalidInput("The viewport is not a list of numbers.") from error
    if len(values) not in (2, 6) or not all(abs(v) < 1e6 for v in values):
        raise InvalidInput("The viewport has two or six numbers.")
    return values


def _parse(request: Request, services: Services, row: Instance, task: dict[str, Any]) -> bytes:
    """What the parser process writes for ``task``."""
    objects = object_cache(request, services)
    with objects.local(row.site, row.sha256) as path, objects.scratch() as out:
        services.parser.ask({**task, "path": str(path), "out": str(out)})
        return out.read_bytes()
