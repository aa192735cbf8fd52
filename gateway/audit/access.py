"""Notes every read of patients that a request makes."""

from __future__ import annotations

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gateway.audit.notes import AccessNotes
from gateway.audit.reads import read_of
from gateway.http.authenticator import Caller
from services.domain.study import Principal


class AccessAudit:
    """ASGI middleware, inside authentication: notes every read of what ``gateway.audit.reads`` names."""

    def __init__(self, app: ASGIApp, notes: AccessNotes) -> None:
        self._app, self._notes = app, notes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes everything on as it is."""
        if scope["type"] != "http" or scope["method"] != "GET":
            await self._app(scope, receive, send)
            return
        status = 0

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        await self._app(scope, receive, sending)
        caller: Caller | None = scope.get("state", {}).get("caller")
        if caller is not None and 200 <= status < 300:
            self._note(scope, caller.principal)

    def _note(self, scope: Scope, who: Principal) -> None:
        route = str(getattr(scope.get("route"), "path", ""))
        read = read_of(route, scope.get("path_params") or {}, scope["state"])
        if read is None:
            return
        if read.subject:
            self._notes.note(who, read.action, read.subject, {"route": route})
        else:
            self._notes.searched(who, read.action, route, read.given)
