"""Authorization: what a caller may do. Every route says with ``require`` who may use it.

``unguarded`` lists the routes that do not; the app refuses to start with one.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from fastapi import FastAPI
from fastapi.dependencies.models import Dependant
from fastapi.routing import iter_route_contexts
from starlette.concurrency import run_in_threadpool
from starlette.requests import HTTPConnection

from gateway.http.authentication import is_public
from gateway.http.authenticator import Caller
from services.domain.errors import Forbidden, NotAuthenticated, NotFound
from services.domain.study import Principal, Role
from services.index.port import Index

_RANK = {role: rank for rank, role in enumerate(Role)}
_PHONE_READS = ("/api/sync/", "/tus", "/api/me", "/api/releases")


def require(
    role: Role, *, device: bool = False
) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """A dependency that gives the Principal, of ``role`` or above. It is asynchronous, so it costs no
    thread.

    ``Role.DEVICE`` admits all who may send: devices, sonographers and above. Other roles admit
    devices only with ``device=True``.
    """

    async def guard(connection: HTTPConnection) -> Principal:
        caller: Caller | None = connection.scope.get("state", {}).get("caller")
        if caller is None:
            raise NotAuthenticated()
        held = caller.principal.role
        if held is Role.DEVICE:
            allowed = device or role is Role.DEVICE
        else:
            least = Role.SONOGRAPHER if role is Role.DEVICE else role
            allowed = holds(held, least)
        if not allowed:
            raise Forbidden()
        if caller.principal.is_phone:
            await _phone_guard(connection, caller.principal)
        return caller.principal

    guard.__dict__["fada_guard"] = role
    return guard


def holds(held: Role, least: Role) -> bool:
    """Whether one role has the rights of another; a device has those of no other."""
    return held is not Role.DEVICE and _RANK[held] >= _RANK[least]


async def _phone_guard(connection: HTTPConnection, phone: Principal) -> None:
    """A phone reads the studies of its own cases alone; what is about no study, where it is named.

    Raises:
        NotFound: another's study, as one that does not exist.
        Forbidden: searches, artefacts and events of a whole site.
    """
    names: tuple[str, ...] = ("study_id", "study")
    where = {name: connection.path_params[name] for name in names if name in connection.path_params}
    if connection.scope.get("method", "GET") not in ("GET", "HEAD"):
        return  # what is written is checked where it is stored, with the study locked
    if where:
        if not await run_in_threadpool(_reaches, connection.app.state.services.index, phone, where):
            raise NotFound()
    elif not connection.url.path.startswith(_PHONE_READS):
        raise Forbidden("A phone reads its own cases alone.")


def _reaches(index: Index, phone: Principal, where: dict[str, str]) -> bool:
    try:
        with index.read() as tx:
            if "study" in where:
                study_id = tx.studies.by_uid(phone.site, where["study"]).id
            else:
                study_id = where["study_id"]
            return tx.studies.is_own(phone, study_id)
    except NotFound:
        return False


def unguarded(app: FastAPI) -> list[str]:
    """Routes that neither require a role nor are meant to be public: must be empty."""
    return sorted(
        f"{method} {route.path}"
        for route in iter_route_contexts(app.routes)
        for method in route.methods or ("GET",)
        if not is_public(method, route.path or "/api/mount")
        and not _guarded(getattr(route, "dependant", None))
    )


def guard_of(dependant: Dependant) -> Callable[[HTTPConnection], Awaitable[Principal]]:
    """What ``require`` made for a route. Raises RuntimeError: it has none."""
    for one in (dependant, *dependant.dependencies):
        if one.call is not None and hasattr(one.call, "fada_guard"):
            return one.call
    raise RuntimeError("the route does not say who may use it")


def _guarded(dependant: Dependant | None) -> bool:
    if dependant is None:
        return False
    return hasattr(dependant.call, "fada_guard") or any(map(_guarded, dependant.dependencies))
