"""Prometheus figures of this process. Labels are routes, methods and codes; never names or ids."""

from __future__ import annotations

from fastapi import APIRouter
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest
from starlette.responses import Response

router = APIRouter(tags=["Health"])


@router.get(
    "/metrics",
    summary="Prometheus figures",
    operation_id="metrics",
    responses={200: {"content": {"text/plain": {}}}},
    response_class=Response,
)
def metrics() -> Response:
    """Of the gateway; workers and the model server have their own."""
    return Response(generate_latest(REGISTRY), media_type=CONTENT_TYPE_LATEST)
