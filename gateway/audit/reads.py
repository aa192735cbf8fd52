"""What each route lets its caller read of patients: the words of the audit trail.

A route whose path names a study or a patient needs no entry here. The app refuses to start with any
other route for reading that stands in none of these tables.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import FastAPI
from fastapi.routing import iter_route_contexts
from starlette.requests import HTTPConnection
from starlette.routing import WebSocketRoute

from gateway.http.authentication import is_public

_ABOUT = ("study_id", "study", "patient_id")
_FILES = (".pdf", ".dcm", ".zip")

# Path → (action, the parameter that says what is read). The route may know it better: ``reads``.
_ONE = {
    "/dicomweb/wado": ("study.read", ""),
    "/api/artefacts/{sha256}": ("artefact.read", "sha256"),
    "/api/artefacts/{sha256}/url": ("artefact.read", "sha256"),
    "/api/destinations/dry-run": ("study.read", ""),
    "/api/fhir/ServiceRequest/{order_id}": ("order.read", "order_id"),
    "/api/orders/{order_id}": ("order.read", "order_id"),
    "/api/sync/cases/{case_id}": ("case.read", "case_id"),
}
# Path → action: noted is that it was searched, and how many were given.
_SEARCHES = {
    "/api/orders": "orders.searched",
    "/api/orders/unmatched": "studies.searched",
    "/api/patient-news": "patients.searched",
    "/api/patients": "patients.searched",
    "/api/studies": "studies.searched",
    "/api/sync/changes": "cases.searched",
    "/dicomweb/instances": "instances.searched",
    "/dicomweb/series": "series.searched",
    "/dicomweb/studies": "studies.searched",
}
_NOTED_BY_ROUTE = frozenset(
    {
        "/api/export/dicom.zip",
        "/api/export/scores.csv",
        "/api/export/training.zip",
        "/api/workitems",
        "/api/workitems/{workitem_uid}",
        "/dicomweb/subscribers/{aet}",
        "/dicomweb/workitems",
        "/dicomweb/workitems/{workitem_uid}",
    }
)
# Settings, figures, states and the hub's own ids.
_WITHOUT_PATIENTS = frozenset(
    {
        "/api/accounts",
        "/api/agreement",
        "/api/audit",
        "/api/audit/export",
        "/api/audit/verify",
        "/api/charts/hc",
        "/api/charts/{measure}",
        "/api/deliveries",
        "/api/destinations",
        "/api/devices",
        "/api/devices/groups",
        "/api/devices/settings",
        "/api/devices/settings/qr",
        "/api/erasures",
        "/api/erasures/{erasure_id}/certificate",
        "/api/events",
        "/api/export/scores-agreement.csv",
        "/api/jobs",
        "/api/keys",
        "/api/me",
        "/api/me/passkeys",
        "/api/me/push",
        "/api/queue",
        "/api/quota",
        "/api/releases",
        "/api/releases/{name}/model-card",
        "/api/retention",
        "/api/schemas/report.json",
        "/api/sessions",
        "/api/sync/releases",
        "/api/sync/releases/{release}/{name}",
        "/api/webhooks",
        "/tus/{upload_id}",
    }
)


@dataclass(frozen=True, slots=True)
class Read:
    """``subject``: an id of a study, patient, order or object; empty for a search."""

    action: str
    subject: str = ""
    given: int = 0


def reads(connection: HTTPConnection, subject: str) -> None:
    """A route says which study's its answer is, where its path does not."""
    connection.scope["state"]["read_subject"] = subject


def gives(connection: HTTPConnection, count: int) -> None:
    """A route that searches says how many it gives."""
    connection.scope["state"]["given"] = count


def read_of(path: str, params: dict[str, Any], state: dict[str, Any]) -> Read | None:
    """What was read by a request. ``path``: of the route; ``params``: of its path."""
    if path in _SEARCHES:
        return Read(_SEARCHES[path], given=state.get("given", 0))
    if path in _ONE:
        action, name = _ONE[path]
        subject = state.get("read_subject")
        return Read("study.read" if subject else action, subject or str(params.get(name, "")))
    about = next((name for name in _ABOUT if name in params), None)
    if about is None:
        return None
    action = "patient.read" if about == "patient_id" else "study.read"
    return Read("report.read" if path.endswith(_FILES) else action, str(params[about]))


def unaudited(app: FastAPI) -> list[str]:
    """Routes for reading of which nothing says what they give: must be empty.

    What a WebSocket gives is not seen from outside (``AccessAudit``): its route notes it, or gives nothing.
    """
    by_route = _WITHOUT_PATIENTS | _NOTED_BY_ROUTE
    known = by_route | _ONE.keys() | _SEARCHES.keys()
    return sorted(
        path
        for path, is_socket in set(_reading(app))
        if path not in (by_route if is_socket else known) and (is_socket or not _names(path))
    )


def _reading(app: FastAPI) -> Iterator[tuple[str, bool]]:
    """(path, whether it is a WebSocket)."""
    for route in iter_route_contexts(app.routes):
        is_socket = isinstance(route.original_route, WebSocketRoute)
        for method in route.methods or ("GET",):
            path = route.path or ""
            if method == "GET" and not is_public(method, path or "/api/mount"):
                yield path, is_socket


def _names(path: str) -> bool:
    return any("{" + name + "}" in path for name in _ABOUT)
