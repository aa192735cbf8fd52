"""WADO-RS (PS3.18 section 10.4): whole objects and metadata of studies, series and instances.

Frames, rendered images and bulk data are in ``frames``.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable, Iterator
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response, StreamingResponse

from gateway.dependencies import Services, ServicesDep
from gateway.dicomweb import accept
from gateway.dicomweb.multipart import MultipartWriter
from gateway.dicomweb.responses import JSON, base_url, instance_url
from gateway.http.params import ReaderOrDevice, SeriesUid, SopUid, StudyUid
from gateway.representations.object_cache import ObjectCache, object_cache, part10
from services.domain.errors import NotFound
from services.index.port import Instance

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"])
DICOM = "application/dicom"
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
def study(
    request: Request, study: StudyUid, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """All its objects, with the hub's SEG and SR."""
    return _objects(request, services, find_instances(services, who.site, study))


@router.get("/studies/{study}/series/{series}", summary="Retrieve a series (WADO-RS)",
            operation_id="wadoSeries", **_WHOLE)  # fmt: skip
def series(
    request: Request, study: StudyUid, series: SeriesUid, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """All objects of one series."""
    return _objects(request, services, find_instances(services, who.site, study, series))


@router.get("/studies/{study}/series/{series}/instances/{instance}",
            summary="Retrieve an instance (WADO-RS)", operation_id="wadoInstance",
            **_WHOLE)  # fmt: skip
def instance(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    who: ReaderOrDevice,
    services: ServicesDep,
) -> Response:
    """One object; with ``Accept: application/dicom`` without multipart."""
    return _objects(request, services, find_instances(services, who.site, study, series, instance))


@router.get("/studies/{study}/metadata", summary="Retrieve a study's metadata (WADO-RS)",
            operation_id="wadoStudyMetadata", **_DESCRIBED)  # fmt: skip
def study_metadata(
    request: Request, study: StudyUid, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """DICOM JSON of all instances; bulk data by URL."""
    return _metadata(request, services, find_instances(services, who.site, study))


@router.get("/studies/{study}/series/{series}/metadata", summary="Retrieve a series' metadata (WADO-RS)",
            operation_id="wadoSeriesMetadata", **_DESCRIBED)  # fmt: skip
def series_metadata(
    request: Request, study: StudyUid, series: SeriesUid, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """DICOM JSON of the series' instances."""
    return _metadata(request, services, find_instances(services, who.site, study, series))


@router.get("/studies/{study}/series/{series}/instances/{instance}/metadata",
            summary="Retrieve an instance's metadata (WADO-RS)", operation_id="wadoInstanceMetadata",
            **_DESCRIBED)  # fmt: skip
def instance_metadata(
    request: Request,
    study: StudyUid,
    series: SeriesUid,
    instance: SopUid,
    who: ReaderOrDevice,
    services: ServicesDep,
) -> Response:
    """DICOM JSON of one instance, in a list of one."""
    return _metadata(request, services, find_instances(services, who.site, study, series, instance))


def find_instances(
    services: Services,
    site: str,
    study_uid: str,
    series_uid: str | None = None,
    sop_uid: str | None = None,
) -> list[Instance]:
    """Instances of the caller's site by their UIDs. Raises NotFound: none, or of another site.

    A whole study is what is current of it; what a later version replaced is had by its own UIDs.
    """
    with services.index.read() as tx:
        instances = tx.studies.instances(
            site, study_uid=study_uid, series_uid=series_uid, sop_uid=sop_uid,
            replaced=series_uid is not None or sop_uid is not None,
        )  # fmt: skip
    if not instances:
        raise NotFound()
    return instances


def _objects(request: Request, services: Services, instances: list[Instance]) -> Response:
    def had(name: str, syntax: str) -> bool:
        if syntax in ("*", accept.EXPLICIT_LITTLE):
            return True
        stored = {row.transfer_syntax for row in instances}
        return stored == {syntax} and syntax != accept.BIG_ENDIAN

    choice = accept.choose(request, (DICOM,), had)
    objects = object_cache(request, services)
    contents = (_content(services, objects, row, choice.syntax) for row in instances)
    first = next(contents)
    if choice.single:
        if len(instances) > 1:
            raise accept.NotAcceptable("Several objects come as multipart/related alone.")
        return StreamingResponse(first[1], media_type=DICOM, headers=_CACHED)
    writer = MultipartWriter(DICOM)
    return StreamingResponse(
        writer.stream(itertools.chain([first], contents)), media_type=writer.content_type
    )


def _content(
    services: Services, objects: ObjectCache, row: Instance, syntax: str
) -> tuple[dict[str, str], Iterable[bytes]]:
    """(headers, bytes) of one object; the store was reached when this returns."""
    as_stored = syntax in ("*", row.transfer_syntax) and row.transfer_syntax != accept.BIG_ENDIAN
    given = row.transfer_syntax if as_stored else accept.EXPLICIT_LITTLE
    headers = {"Content-Type": f"{DICOM}; transfer-syntax={given}"}
    if as_stored and row.corrected is None:
        return headers, _started(services.store.open(row.site, row.sha256))
    with part10(services, objects, row, as_stored=as_stored) as path:
        return headers, [path.read_bytes()]


def _started(stream: Iterator[bytes]) -> Iterator[bytes]:
    """Take the first chunk now, so that a failure is an answer and not a broken one."""
    return itertools.chain([next(stream, b"")], stream)


def _metadata(request: Request, services: Services, instances: list[Instance]) -> Response:
    accept.require_json(request)
    objects, base = object_cache(request, services), base_url(request)

    def metadata(row: Instance) -> bytes:
        with objects.local(row.site, row.sha256) as path:
            dataset = services.parser.ask(
                {"do": "metadata", "path": str(path), "attributes": row.corrected or {}}
            )["dataset"]
        url = instance_url(base, row.study_uid, row.series_uid, row.sop_uid)
        _set_bulk_data_uris(dataset, f"{url}/bulkdata")
        return json.dumps(dataset, ensure_ascii=False).encode()

    def stream(first: bytes) -> Iterator[bytes]:
        yield b"[" + first
        for row in instances[1:]:
            yield b"," + metadata(row)
        yield b"]"

    return StreamingResponse(stream(metadata(instances[0])), media_type=JSON)


def _set_bulk_data_uris(dataset: dict[str, Any], url: str) -> None:
    """``{bulk}`` in the parser's answer stands for ``url``."""
    for element in dataset.values():
        if "BulkDataURI" in element:
            element["BulkDataURI"] = element["BulkDataURI"].replace("{bulk}", url, 1)
        if element.get("vr") == "SQ":
            for item in element.get("Value") or ():
                _set_bulk_data_uris(item, url)
