"""Result versions: all are kept, none is changed. Phone's and hub's stand side by side."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import Frame, Reader, ReaderOrDevice, ResultVersion, SopUid, StudyId
from gateway.representations import serializers
from gateway.representations.results import draw_overlay, frame_of, read_result
from services.actors import names_of
from services.domain.errors import NotFound
from services.reading import report_json

router = APIRouter(prefix="/api/studies/{study_id}", tags=["Results"])


@router.get("/results", summary="List result versions", operation_id="listResults")
def versions(study_id: StudyId, who: ReaderOrDevice, services: ServicesDep) -> dict[str, Any]:
    """Versions by hub, phone and reviewers, oldest first, each with its release's hash."""
    with services.index.read() as tx:
        tx.studies.get(who.site, study_id)
        rows = tx.results.versions(who.site, study_id)
        names = names_of(tx, who.site)
    return {"items": [serializers.result_summary(row, names) for row in rows]}


@router.get("/results/{version}", summary="Get a result version", operation_id="getResult")
def get(
    study_id: StudyId, version: ResultVersion, who: ReaderOrDevice, services: ServicesDep
) -> dict[str, Any]:
    """The report and the artefacts that were stored with it."""
    result = read_result(services, who, study_id, version)
    with services.index.read() as tx:
        names = names_of(tx, who.site)
    return serializers.result(result, names)


@router.get(
    "/disagreement", summary="Compare phone and hub results", operation_id="getDisagreement"
)
def disagreement(study_id: StudyId, who: ReaderOrDevice, services: ServicesDep) -> dict[str, Any]:
    """How the latest versions of phone and hub differ, with both releases; 404 when one is missing."""
    with services.index.read() as tx:
        tx.studies.get(who.site, study_id)
        rows = tx.results.versions(who.site, study_id)
    comparison = serializers.compare_phone_and_hub(rows)
    if comparison is None:
        raise NotFound("There is no reading by a phone and by the hub to compare.")
    return comparison


@router.get(
    "/results/{version}/frames/{sop_uid}/{frame}/overlay.png",
    summary="Get a frame with its overlay",
    operation_id="overlay",
    response_class=Response,
    responses={200: {"content": {"image/png": {}}}},
)
def frame_overlay(
    study_id: StudyId,
    version: ResultVersion,
    sop_uid: SopUid,
    frame: Frame,
    who: Reader,
    services: ServicesDep,
) -> Response:
    """Rendered from this version; its label is burned in."""
    result = read_result(services, who, study_id, version)
    png = draw_overlay(services, who.site, result, frame_of(result, sop_uid, frame))
    headers = {"Cache-Control": "private, max-age=300", "ETag": f'"{result.id}-{frame}"'}
    return Response(png, headers=headers, media_type="image/png")


@router.get("/results/{version}/report.json", summary="Get a report as JSON", operation_id="report")
def report(
    study_id: StudyId, version: ResultVersion, who: ReaderOrDevice, services: ServicesDep
) -> Response:
    """The report alone, by the published JSON Schema (/api/schemas/report.json)."""
    result = read_result(services, who, study_id, version)
    return Response(report_json.dump(result.report), media_type="application/json")
