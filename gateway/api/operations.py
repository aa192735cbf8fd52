"""The queue, dead letters and releases."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi import Path as InPath
from starlette.responses import Response

from gateway.dependencies import Needs
from gateway.http.params import Admin, JobId, Limit, Manager, Reader, ReaderOrDevice
from gateway.representations import releases, serializers
from services.domain.errors import BrokerUnavailable, InvalidInput
from services.index.port import JobState

router = APIRouter(prefix="/api", tags=["Operations"])
Name = Annotated[str, InPath(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$")]


@router.get("/queue", summary="How much is waiting", operation_id="queue")
def queue(_: Reader, services: Needs) -> dict[str, Any]:
    """Jobs by state, messages in the broker, rows not yet sent. Of the whole hub."""
    with services.index.read() as tx:
        jobs = tx.jobs.depth()
        outbox = tx.outbox.pending()
    try:
        broker: dict[str, int] | None = services.queue.depth()
    except BrokerUnavailable:
        broker = None
    return {"jobs": jobs, "broker": broker, "outbox": outbox}


@router.get("/jobs", summary="Jobs of the site", operation_id="listJobs")
def jobs(
    who: Manager,
    services: Needs,
    state: Annotated[str, Query(max_length=60, description="comma-separated")] = "",
    study: Annotated[str | None, Query(max_length=36, pattern=r"^[0-9a-f-]*$")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """``state=dead`` are those that failed for good."""
    try:
        states = tuple(JobState(s) for s in state.split(",") if s)
    except ValueError as error:
        raise InvalidInput(f"state is one or several of {', '.join(JobState)}.") from error
    with services.index.read() as tx:
        found = tx.jobs.find(who.site, states=states, study_id=study or None, limit=limit)
    return {"items": [serializers.job(j) for j in found]}


@router.post(
    "/jobs/{job_id}/run-again", summary="Run a dead job again", operation_id="rerunJob",
    status_code=202,
)  # fmt: skip
def run_again(job_id: JobId, who: Manager, services: Needs) -> dict[str, Any]:
    """409 when it is not dead."""
    with services.index.begin() as tx:
        tx.jobs.get(who.site, job_id)
        job = tx.jobs.run_again(who, job_id)
    return serializers.job(job)


@router.get("/releases", summary="Model releases", operation_id="listReleases")
def list_releases(_: ReaderOrDevice, services: Needs) -> dict[str, Any]:
    """Those that are signed by a key trusted here, and which of them speaks."""
    return releases.listing(services.settings.releases)


@router.get(
    "/releases/{name}/model-card",
    summary="A release's model card",
    operation_id="modelCard",
    response_class=Response,
    responses={200: {"content": {"text/markdown": {}}}},
)
def card(name: Name, _: ReaderOrDevice, services: Needs) -> Response:
    """As text; what it was trained on, how good it is, what it must refuse."""
    path: Path = releases.file(services.settings.releases, name, "MODEL_CARD.md").path
    return Response(path.read_bytes(), media_type="text/markdown; charset=utf-8")


@router.post(
    "/releases/{name}/activate", summary="Let a release speak", operation_id="activateRelease"
)
def activate(
    name: Name,
    who: Admin,
    services: Needs,
    rollback: Annotated[bool, Query(description="allow an older version")] = False,
) -> dict[str, Any]:
    """Verified wholly first; an older one is refused unless a roll-back is asked for."""
    made = releases.activate(services.settings.releases, name, rollback=rollback)
    with services.index.begin() as tx:
        tx.audit.add(who, "release.activated", name, {"sha256": made, "rollback": rollback})
    return releases.listing(services.settings.releases)
