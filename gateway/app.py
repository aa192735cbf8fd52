"""``create_app``: routers, middleware and error handlers around the services it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from gateway import dicomweb, pages
from gateway.api import (
    admin,
    artefacts,
    deliveries,
    events,
    examinations,
    growth_charts,
    health,
    metrics,
    operations,
    report_formats,
    results,
    sessions,
    shares,
    studies,
)
from gateway.dependencies import Services
from gateway.http import problems
from gateway.http.auth import Authentication, Authenticator
from gateway.http.authorization import unguarded
from gateway.http.idempotency import Idempotency
from gateway.http.limits import LoginAttempts, RequestLimits
from gateway.http.request_logging import RequestLogging
from gateway.http.tokens import Signer
from gateway.representations.images import CalibrationCache
from gateway.reviews import agreement, export, reviews
from gateway.sync import case_routes, enrolment, phone_releases
from gateway.uploads import forms, housekeeping, tus
from services.domain.errors import FadaError

TAGS: list[dict[str, str]] = [
    {"name": "Studies", "description": "Worklist, status, events"},
    {"name": "Results", "description": "Result versions, their reports and artefacts"},
    {"name": "Review", "description": "Reviews by people; each is a further version"},
    {"name": "Upload", "description": "Web form and resumable upload (tus 1.0)"},
    {"name": "DICOMweb", "description": "STOW-RS, QIDO-RS, WADO-RS (PS3.18)"},
    {"name": "Phones", "description": "Enrolment, cases, results and releases for phones"},
    {"name": "Sharing", "description": "Share links with an expiry"},
    {"name": "Operations", "description": "Keys, webhooks, jobs, phones, audit, releases"},
    {"name": "Access", "description": "Sign-in and the caller"},
    {"name": "Health", "description": "Liveness and readiness"},
]

ROUTERS: tuple[APIRouter, ...] = (
    *dicomweb.ROUTERS,  # first: routes are tried in this order, and most requests come here
    health.router,
    metrics.router,
    sessions.router,
    studies.router,
    events.router,
    artefacts.router,
    results.router,
    examinations.router,
    report_formats.router,
    growth_charts.router,
    agreement.router,
    export.router,
    shares.router,
    enrolment.router,
    case_routes.router,
    phone_releases.router,
    admin.router,
    operations.router,
    deliveries.router,
    reviews.router,
    forms.router,
    tus.router,
)


def create_app(services: Services, *, owned: bool = False) -> FastAPI:
    """The whole gateway; ``owned`` services are closed with it.

    Raises RuntimeError when a route does not say who may use it.
    """
    app = FastAPI(
        title="FADA hub",
        version=_version(),
        summary="Fetal ultrasound from DICOM bytes to a stored, published report",
        description="AI results are not for diagnosis until a person has reviewed them.",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        openapi_tags=TAGS,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        lifespan=_lifespan,
    )
    secret = services.settings.secret_key.get_secret_value().encode()
    signer = Signer(secret)
    authenticator = Authenticator(services.index, services.settings, signer)
    app.state.owned = owned
    app.state.signer = signer
    app.state.authenticator = authenticator
    _add_state(app, services)
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/api/openapi.json", _openapi(app), methods=["GET"], include_in_schema=False)
    app.include_router(pages.router)
    problems.install(app)
    # The one added last is outermost.
    app.add_middleware(Idempotency, index=services.index, settings=services.settings)
    app.add_middleware(RequestLimits, settings=services.settings)
    app.add_middleware(Authentication, authenticator=authenticator)
    app.add_middleware(RequestLogging)
    if open_to_all := unguarded(app):
        raise RuntimeError(f"these routes do not say who may use them: {open_to_all}")
    return app


def _add_state(app: FastAPI, services: Services) -> None:
    """What routes find in ``app.state``, one of each per process."""
    share = services.settings.share
    app.state.services = services
    app.state.attempts = LoginAttempts(rate=0.5 * share, burst=20 * share)
    app.state.calibrations = CalibrationCache(services)
    app.state.probe = health.ReadinessProbe(services)
    app.state.broadcaster = events.Broadcaster(services)


def _openapi(app: FastAPI) -> Any:
    def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    return openapi


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    tasks = [
        asyncio.create_task(app.state.broadcaster.run()),
        asyncio.create_task(housekeeping.run(services)),
    ]
    if app.state.owned:
        tasks.append(asyncio.create_task(_warm(services)))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        app.state.probe.close()
        if app.state.owned:
            await run_in_threadpool(services.close)


async def _warm(services: Services) -> None:
    with suppress(FadaError):  # the first file will start it again
        await run_in_threadpool(services.parser.warm)


def _version() -> str:
    try:
        return version("fada")
    except PackageNotFoundError:
        return "0"
