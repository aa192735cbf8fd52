"""Prometheus metrics of the gateway. Labels are routes, methods and codes; never names or ids."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from services.telemetry.metrics import exposition

router = APIRouter(tags=["Health"])


@router.get(
    "/metrics",
    summary="Get Prometheus metrics",
    operation_id="metrics",
    responses={200: {"content": {"text/plain": {}}}},
    response_class=Response,
)
def metrics() -> Response:
    """Of the gateway; workers and the model server have their own."""
    body, media_type = exposition()
    return Response(body, media_type=media_type)
