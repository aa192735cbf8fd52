"""A route that FastAPI describes and guards, and whose plain requests go straight to the endpoint."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi import Request
from fastapi.routing import APIRoute
from starlette.responses import Response

from gateway.dependencies import services_of
from gateway.http.authorization import guard_of


class DirectRoute(APIRoute):
    """For endpoints ``(request, who, services)``, whatever else they take having a default.

    FastAPI solves an endpoint's parameters anew for each request, which cost an object that is sent alone
    a tenth of the gateway's time (docs/decisions/050). A request with a query or with parameters in its
    path still goes that way; any other has nothing to be solved. The guard is the endpoint's own.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The handler that FastAPI calls."""
        solving, endpoint = super().get_route_handler(), self.endpoint
        guard = guard_of(self.dependant)

        async def handle(request: Request) -> Response:
            if request.scope["query_string"] or request.path_params:
                return await solving(request)
            who = await guard(request)
            response: Response = await endpoint(request, who, await services_of(request))
            return response

        return handle
