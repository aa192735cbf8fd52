"""The queue, jobs and model releases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from starlette.responses import Response

from gateway.dependencies import ServicesDep
from gateway.http.params import (
    Admin,
    JobId,
    Limit,
    Manager,
    OfStudy,
    Reader,
    ReaderOrDevice,
    States,
    parse_states,
)
from gateway.representations import releases, serializers
from services.domain.errors import BrokerUnavailable
from services.index.port import JobState

router = APIRouter(prefix="/api", tags=["Operations"])
Name = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


@router.get("/queue", summary="Get queue lengths", operation_id="queue")
def queue(_: Reader, services: ServicesDep) -> dict[str, Any]:
    """Jobs by state, messages in the broker, outbox rows not yet sent; of the whole hub."""
    with services.index.read() as tx:
        jobs = tx.jobs.depth()
        outbox = tx.outbox.pending()
    try:
        broker: dict[str, int] | None = services.queue.depth()
    except BrokerUnavailable:
        broker = None
    return {"jobs": jobs, "broker": broker, "outbox": outbox}


@router.get("/jobs", summary="List jobs", operation_id="listJobs")
def jobs(
    who: Manager,
    services: ServicesDep,
    state: States = "",
    study: OfStudy = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Of the caller's site; ``state=dead`` are those that failed for good."""
    with services.index.read() as tx:
        rows = tx.jobs.find(
            who.site, states=parse_states(JobState, state), study_id=study or None, limit=limit
        )
    return {"items": [serializers.job(j) for j in rows]}


@router.post(
    "/jobs/{job_id}/run-again", summary="Retry a dead job", operation_id="rerunJob",
    status_code=202,
)  # fmt: skip
def run_again(job_id: JobId, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """It is queued again; 409 when it is not dead."""
    with services.index.begin() as tx:
        tx.jobs.get(who.site, job_id)
        job = tx.jobs.run_again(who, job_id)
    return serializers.job(job)


@router.get("/releases", summary="List model releases", operation_id="listReleases")
def list_releases(_: ReaderOrDevice, services: ServicesDep) -> dict[str, Any]:
    """Releases that are signed by a key trusted here, and which of them is active."""
    return releases.listing(services.settings.releases)


@router.get(
    "/releases/{name}/model-card",
    summary="Get a release's model card",
    operation_id="modelCard",
    response_class=Response,
    responses={200: {"content": {"text/markdown": {}}}},
)
def card(name: Name, _: ReaderOrDevice, services: ServicesDep) -> Response:
    """Markdown: training data, evaluation, what the model refuses."""
    path: Path = releases.file(services.settings.releases, name, "MODEL_CARD.md").path
    return Response(path.read_bytes(), media_type="text/markdown; charset=utf-8")


@router.post(
    "/releases/{name}/activate", summary="Activate a release", operation_id="activateRelease"
)
def activate(
    name: Name,
    who: Admin,
    services: ServicesDep,
    rollback: Annotated[bool, Query(description="allow an older version")] = False,
) -> dict[str, Any]:
    """All its files are verified first; an older release needs ``rollback``."""
    sha256 = releases.activate(services.settings.releases, name, rollback=rollback)
    with services.index.begin() as tx:
        tx.audit.add(who, "release.activated", name, {"sha256": sha256, "rollback": rollback})
    return releases.listing(services.settings.releases)
