"""Prometheus metrics of the gateway. Labels are routes, methods and codes; never names or ids."""

from __future__ import annotations

import hmac

from fastapi import APIRouter, Request
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.authentication import credentials
from gateway.http.authenticator import Authenticator
from gateway.http.authorization import holds
from services.domain.errors import Forbidden, NotAuthenticated
from services.domain.study import Role
from services.telemetry.metrics import exposition

router = APIRouter(tags=["Health"])


@router.get(
    "/metrics",
    summary="Get Prometheus metrics",
    operation_id="metrics",
    responses={200: {"content": {"text/plain": {}}}},
    response_class=Response,
)
def metrics(request: Request, services: ServicesDep) -> Response:
    """Of the gateway; workers and the model server have their own. For the bearer token
    FADA_METRICS_TOKEN, or a manager's key.
    """
    _check(request, services.settings.metrics_token.get_secret_value())
    body, media_type = exposition()
    return Response(body, media_type=media_type)


def _check(request: Request, token: str) -> None:
    """Raises NotAuthenticated, Forbidden."""
    given = credentials(request)
    if given is None:
        raise NotAuthenticated()
    kind, secret = given
    if token and kind == "bearer" and hmac.compare_digest(secret.encode(), token.encode()):
        return
    authenticator: Authenticator = request.app.state.authenticator
    if not holds(authenticator.identify(kind, secret).principal.role, Role.MANAGER):
        raise Forbidden()
