"""``create_app``: routers, middleware and error handlers around the services it is given."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import JSONResponse
from starlette.concurrency import run_in_threadpool

from gateway import dicomweb, pages
from gateway.api import events, health, metrics, studies
from gateway.api.administration import (
    accounts,
    admin,
    audit,
    deliveries,
    destinations,
    devices,
    erasures,
    operations,
    passkeys,
    push,
    quota,
    sessions,
    sign_in,
    sign_on,
    workitems,
)
from gateway.api.record import examinations, facts, growth_charts, orders, patients
from gateway.api.results import artefacts, heatmaps, questions, report_formats, results, shares
from gateway.audit.access import AccessAudit
from gateway.audit.notes import AccessNotes
from gateway.audit.reads import unaudited
from gateway.audit.seals import keep_sealing, seal_key
from gateway.dependencies import Services
from gateway.dicomweb import subscribers
from gateway.dicomweb.page_marks import PageMarks
from gateway.http import problems
from gateway.http.authentication import Authentication
from gateway.http.authenticator import Authenticator
from gateway.http.authorization import unguarded
from gateway.http.concurrency import ConcurrentRequests
from gateway.http.fair_threads import share_fairly
from gateway.http.idempotency import IdempotentRequests
from gateway.http.limits import LoginAttempts, RequestLimits, address_buckets
from gateway.http.oidc.sign_on import SignOn
from gateway.http.passkeys import RelyingParty
from gateway.http.request_logging import RequestLogging
from gateway.http.tokens import Signer
from gateway.representations.images import CalibrationCache
from gateway.reviews import agreement, dicom_export, export, reviews, scores
from gateway.sync import (
    case_routes,
    device_keys,
    device_status,
    enrolment,
    phone_releases,
    previews,
)
from gateway.uploads import bundles, forms, housekeeping, tus
from gateway.uploads.turns import Turns
from services.credentials import secrets_of
from services.domain.errors import FadaError
from services.reading.releases.registry import Manifests

TAGS: list[dict[str, str]] = [
    {"name": "Studies", "description": "Worklist, status, events"},
    {"name": "Patients", "description": "Patients, their pregnancies, and whose a study is"},
    {"name": "Orders", "description": "What was asked for, and which studies met it"},
    {"name": "Results", "description": "Result versions, their reports and artefacts"},
    {"name": "Review", "description": "Reviews by people; each is a further version"},
    {"name": "Upload", "description": "Web form and resumable upload (tus 1.0)"},
    {"name": "DICOMweb", "description": "STOW-RS, QIDO-RS, WADO-RS, UPS-RS (PS3.18)"},
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
    sign_in.router,
    sessions.router,
    sign_on.router,
    passkeys.router,
    push.router,
    accounts.router,
    studies.router,
    events.router,
    artefacts.router,
    results.router,
    examinations.router,
    facts.router,
    patients.router,
    orders.router,
    questions.router,
    heatmaps.router,
    report_formats.router,
    growth_charts.router,
    agreement.router,
    export.router,
    dicom_export.router,
    scores.router,
    shares.router,
    enrolment.router,
    device_status.router,
    device_keys.router,
    case_routes.router,
    phone_releases.router,
    previews.router,
    admin.router,
    devices.router,
    audit.router,
    operations.router,
    deliveries.router,
    destinations.router,
    workitems.router,
    erasures.router,
    quota.router,
    reviews.router,
    forms.router,
    tus.router,
    bundles.router,
)


def create_app(services: Services, *, owned: bool = False) -> FastAPI:
    """The whole gateway; ``owned`` services are closed with it.

    Raises RuntimeError when a route does not say who may use it, or what it gives of patients.
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
        # FastAPI's own spans and logs hold paths, queries and bodies; ours (telemetry.traces) do not.
        telemetry={"tracing": False, "metrics": False, "logs": False, "auto_configure": False},
    )
    app.state.owned = owned
    _add_state(app, services)
    _add_sign_in(app, services)
    for router in ROUTERS:
        app.include_router(router)
    app.add_api_route("/api/openapi.json", _openapi(app), methods=["GET"], include_in_schema=False)
    app.include_router(pages.router)
    problems.install(app)
    _add_middleware(app, services)
    if open_to_all := unguarded(app):
        raise RuntimeError(f"these routes do not say who may use them: {open_to_all}")
    if unnoted := unaudited(app):
        raise RuntimeError(f"gateway.audit.reads does not say what these routes give: {unnoted}")
    return app


def _add_middleware(app: FastAPI, services: Services) -> None:
    """The one added last is outermost: a request passes them from the last to the first."""
    app.add_middleware(IdempotentRequests, index=services.index, settings=services.settings)
    app.add_middleware(AccessAudit, notes=app.state.access)
    addresses = address_buckets(services.settings)
    app.add_middleware(RequestLimits, settings=services.settings, addresses=addresses)
    app.add_middleware(ConcurrentRequests)
    app.add_middleware(
        Authentication,
        authenticator=app.state.authenticator,
        addresses=addresses,
        refused=app.state.access.refused,
    )
    if origins := services.settings.cors_origin_list:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=origins,  # with a key or token of their own: never with this hub's cookie
            allow_methods=["GET", "POST"],
            allow_headers=["Authorization", "Accept", "Content-Type"],
            expose_headers=["Warning"],
            max_age=600,
        )
    app.add_middleware(RequestLogging)


def _add_state(app: FastAPI, services: Services) -> None:
    """What routes find in ``app.state``, one of each per process."""
    share = services.settings.share
    app.state.services = services
    app.state.access = AccessNotes(services.index)
    app.state.attempts = LoginAttempts(rate=0.5 * share, burst=20 * share)
    app.state.calibrations = CalibrationCache(services)
    app.state.page_marks = PageMarks()
    app.state.manifests = Manifests(services.settings.releases, services.settings.release)
    app.state.probe = health.of_all_parts(services)
    app.state.serving = health.of_this_gateway(services)
    app.state.broadcaster = events.Broadcaster(services)
    app.state.listeners = subscribers.places()
    app.state.carried_turns = Turns()


def _add_sign_in(app: FastAPI, services: Services) -> None:
    """Who verifies callers, and the ways in of people."""
    signer = Signer(*secrets_of(services.settings))
    app.state.signer = signer
    app.state.authenticator = Authenticator(services.index, services.settings, signer)
    app.state.sign_on = _sign_on(services, app.state.authenticator, signer)
    fits = RelyingParty.fits(services.settings)
    app.state.relying_party = RelyingParty(services.settings, signer) if fits else None


def _sign_on(services: Services, authenticator: Authenticator, signer: Signer) -> SignOn | None:
    """None: no issuer is configured for people. Raises ValueError: the settings are not enough."""
    if authenticator.oidc is None or not services.settings.oidc_client_id:
        return None
    return SignOn(services.settings, authenticator.oidc, signer)


def _openapi(app: FastAPI) -> Any:
    def openapi() -> JSONResponse:
        return JSONResponse(app.openapi())

    return openapi


@asynccontextmanager
async def _lifespan(app: FastAPI) -> AsyncIterator[None]:
    services: Services = app.state.services
    share_fairly()
    tasks = [
        asyncio.create_task(app.state.broadcaster.run()),
        asyncio.create_task(housekeeping.run(services)),
        asyncio.create_task(app.state.access.run()),
        asyncio.create_task(keep_sealing(services.index, _seal_key(services))),
    ]
    if app.state.owned:
        tasks.append(asyncio.create_task(_warm(services)))
        tasks.append(asyncio.create_task(app.state.probe.watch()))
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        for task in tasks:
            with suppress(asyncio.CancelledError):
                await task
        app.state.probe.close()
        app.state.serving.close()
        if app.state.owned:
            await run_in_threadpool(services.close)


def _seal_key(services: Services) -> bytes:
    return seal_key(secrets_of(services.settings)[0])


async def _warm(services: Services) -> None:
    with suppress(FadaError):  # the first file will start it again
        await run_in_threadpool(services.parser.warm)


def _version() -> str:
    try:
        return version("fada")
    except PackageNotFoundError:
        return "0"
