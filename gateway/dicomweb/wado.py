"""WADO-RS (PS3.18 section 10.4): whole objects and metadata of studies, series and instances.

Frames, rendered pictures and bulk data are in ``frames``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from gateway.dependencies import Needs, Services
from gateway.dicomweb import accept
from gateway.dicomweb.addresses import SeriesUid, SopUid, StudyUid, base, instance_address
from gateway.dicomweb.multipart import Writer
from gateway.dicomweb.object_cache import Objects, objects_of
from gateway.http.params import ReaderOrDevice
from services.domain.errors import NotFound
from services.index.port import Instance

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"])
DICOM = "application/dicom"
JSON = "application/dicom+json"
_CHUNK = 256 * 1024
_CACHED = {"Cache-Control": "private, max-age=3600"}
_WHOLE: dict[str, Any] = {
    "response_class": Response,
    "responses": {
        200: {"description": "The objects",
              "content": {'multipart/related; type="application/dicom"': {}}}
    },
}  # fmt: skip
_DESCRIBED: dict[str, Any] = {
    "response_class": Response,
    "responses": {200: {"description": "DICOM JSON", "content": {JSON: {}}}},
}


@router.get("/studies/{study}", summary="Retrieve a study (WADO-RS)", operation_id="wadoStudy",
            **_WHOLE)  # fmt: skip
def study(request: Request, study: StudyUid, who: ReaderOrDevice, services: Needs) -> Response:
    """All its objects, FADA's SEG and SR included."""
    return _objects(request, services, rows(services, who.site, study))


@router.get("/studies/{study}/series/{series}", summary="Retrieve a series (WADO-RS)",
            operation_id="wadoSeries", **_WHOLE)  # fmt: skip
def series(
    request: Request, study: StudyUid, series: SeriesUid, who: ReaderOrDevice, services: Needs
) -> Response:
    """All objects of one series."""
    return _objects(request, services, rows(services, who.site, study, series))


@router.get("/studies/{study}/series/{series}/instances/{instance}",
            summary="Retrieve an instance (WADO-RS)", operation_id="wadoInstance",
            **_WHOLE)  # fmt: skip
def instance(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    who: ReaderOrDevice,
    services: Needs,
) -> Response:
    """One object; with ``Accept: application/dicom`` without multipart."""
    return _objects(request, services, rows(services, who.site, study, series, instance))


@router.get("/studies/{study}/metadata", summary="Metadata of a study (WADO-RS)",
            operation_id="wadoStudyMetadata", **_DESCRIBED)  # fmt: skip
def study_metadata(
    request: Request, study: StudyUid, who: ReaderOrDevice, services: Needs
) -> Response:
    """DICOM JSON of all instances; bulk data by address."""
    return _metadata(request, services, rows(services, who.site, study))


@router.get("/studies/{study}/series/{series}/metadata", summary="Metadata of a series (WADO-RS)",
            operation_id="wadoSeriesMetadata", **_DESCRIBED)  # fmt: skip
def series_metadata(
    request: Request, study: StudyUid, series: SeriesUid, who: ReaderOrDevice, services: Needs
) -> Response:
    """DICOM JSON of the series' instances."""
    return _metadata(request, services, rows(services, who.site, study, series))


@router.get("/studies/{study}/series/{series}/instances/{instance}/metadata",
            summary="Metadata of an instance (WADO-RS)", operation_id="wadoInstanceMetadata",
            **_DESCRIBED)  # fmt: skip
def instance_metadata(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    who: ReaderOrDevice,
    services: Needs,
) -> Response:
    """DICOM JSON of one instance, in a list of one."""
    return _metadata(request, services, rows(services, who.site, study, series, instance))


def rows(
    services: Services,
    site: str,
    study_uid: str,
    series_uid: str | None = None,
    sop_uid: str | None = None,
) -> list[Instance]:
    """The instances of the caller's site. Raises NotFound: none, or of another site."""
    with services.index.read() as tx:
        found = tx.studies.instances(
            site, study_uid=study_uid, series_uid=series_uid, sop_uid=sop_uid
        )
    if not found:
        raise NotFound()
    return found


def _objects(request: Request, services: Services, found: list[Instance]) -> Response:
    choice = accept.choose(request, (DICOM,))
    objects = objects_of(request, services)
    if choice.syntax not in ("*", accept.EXPLICIT_LITTLE) and any(
        row.transfer_syntax != choice.syntax for row in found
    ):
        raise accept.NotAcceptable("Not all objects are stored in that transfer syntax.")
    contents = (_content(services, objects, row, choice.syntax) for row in found)
    first, rest = next(contents), contents
    whole = itertools.chain([first], rest)
    if choice.single:
        if len(found) > 1:
            raise accept.NotAcceptable("Several objects come as multipart/related alone.")
        return StreamingResponse(first[1], media_type=DICOM, headers=_CACHED)
    writer = Writer(DICOM)
    return StreamingResponse(writer.stream(whole), media_type=writer.content_type)


def _content(
    services: Services, objects: Objects, row: Instance, syntax: str
) -> tuple[dict[str, str], Iterable[bytes]]:
    """(headers, bytes) of one object; the store was reached when this returns."""
    if syntax in ("*", row.transfer_syntax):
        told = {"Content-Type": f"{DICOM}; transfer-syntax={row.transfer_syntax}"}
        return told, _begun(services.store.open(row.site, row.sha256))
    with objects.local(row.site, row.sha256) as path, objects.scratch() as out:
        services.parser.ask({"do": "explicit", "path": str(path), "out": str(out)})
        data = out.read_bytes()
    return {"Content-Type": f"{DICOM}; transfer-syntax={accept.EXPLICIT_LITTLE}"}, [data]


def _begun(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Take the first chunk now, so that a failure is an answer and not a broken one."""
    return itertools.chain([next(stream, b"")], stream)


def _metadata(request: Request, services: Services, found: list[Instance]) -> Response:
    accept.is_json(request)
    objects, address = objects_of(request, services), base(request)

    def one(row: Instance) -> bytes:
        with objects.local(row.site, row.sha256) as path:
            made = services.parser.ask({"do": "metadata", "path": str(path)})["dataset"]
        place = instance_address(address, row.study_uid, row.series_uid, row.sop_uid)
        _locate(made, f"{place}/bulkdata")
        return json.dumps(made, ensure_ascii=False).encode()

    def stream(first: bytes) -> Iterator[bytes]:
        yield b"[" + first
        for row in found[1:]:
            yield b"," + one(row)
        yield b"]"

    return StreamingResponse(stream(one(found[0])), media_type=JSON)


def _locate(dataset: dict[str, Any], place: str) -> None:
    """Fill in the addresses of bulk data."""
    for element in dataset.values():
        if "BulkDataURI" in element:
            element["BulkDataURI"] = element["BulkDataURI"].replace("{bulk}", place, 1)
        if element.get("vr") == "SQ":
            for item in element.get("Value") or ():
                _locate(item, place)
