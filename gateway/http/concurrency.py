"""How many requests of one caller are under way at once, and in whose name they take threads."""

from __future__ import annotations

from contextlib import ExitStack

from starlette.types import ASGIApp, Receive, Scope, Send

from gateway.http.authenticator import Caller
from gateway.http.fair_threads import threads_of
from gateway.http.limits import address_of, is_large_json, is_page_file
from gateway.http.places import Places

MOST_REQUESTS = 128  # of one process: behind HTTP/2 a hundred of one viewer come at once
MOST_LARGE = 8  # of them: JSON of up to 32 MiB, which takes several times as much once it is read


class ConcurrentRequests:
    """ASGI middleware, inside authentication, so that it knows the caller."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._places = Places(
            MOST_REQUESTS, "Wait until some of your requests are answered.", retry_after=1
        )
        self._large = Places(
            MOST_LARGE, "Send fewer large requests at the same time.", retry_after=1
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Raises TooManyAtOnce."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        caller: Caller | None = scope["state"].get("caller")
        name = address_of(scope) if caller is None else caller.principal.counted_as
        # Whoever reads files of the pages slowly must not keep those at the same address from them.
        free = caller is None and is_page_file(scope)
        with threads_of(name), ExitStack() as places:
            if not free:
                places.enter_context(self._places.taken(name))
            if scope["type"] == "http" and is_large_json(scope):
                places.enter_context(self._large.taken(name))
            await self._app(scope, receive, send)
