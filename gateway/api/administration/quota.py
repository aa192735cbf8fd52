"""What the caller's site may store and send, and what it has used of it."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from gateway.dependencies import ServicesDep
from gateway.http.params import Admin, Manager
from services.domain.quota import WARN_SHARE, Quota, state_of
from services.index.port import SiteQuota

router = APIRouter(prefix="/api", tags=["Operations"])


class QuotaIn(BaseModel):
    """Bounds of the caller's site; null: none."""

    model_config = ConfigDict(extra="forbid")
    stored_bytes: Annotated[
        int | None, Field(ge=1, le=2**60, description="of all that is kept of the site")
    ]
    daily_studies: Annotated[
        int | None, Field(ge=1, le=1_000_000, description="new ones in any 24 hours")
    ]


@router.get("/quota", summary="Get the site's quota and use", operation_id="quota")
def quota(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """``state``: room, warning (from ``warn_share`` on) or full. Bytes are added up every minute, less
    often on a very large hub (``counted_at``); in between, what comes is added for a site with a bound.
    """
    with services.index.read() as tx:
        return _quota(tx.quotas.of(who.site))


@router.put("/quota", summary="Set the site's quota", operation_id="setQuota")
def set_quota(body: QuotaIn, who: Admin, services: ServicesDep) -> dict[str, Any]:
    """Above it what is new is refused with 507 ``site_quota_reached``; what is here stays, and is read."""
    with services.index.begin() as tx:
        kept = tx.quotas.set(who, Quota(body.stored_bytes, body.daily_studies))
    services.ingest.site_room.forget(who.site)
    return _quota(kept)


def _quota(kept: SiteQuota) -> dict[str, Any]:
    return {
        "stored_bytes": kept.quota.stored_bytes,
        "daily_studies": kept.quota.daily_studies,
        "used": {
            "stored_bytes": kept.usage.stored_bytes,
            "daily_studies": kept.usage.daily_studies,
        },
        "state": state_of(kept.quota, kept.usage).value,
        "warn_share": WARN_SHARE,
        "counted_at": kept.counted_at,
        "changed_by": kept.actor or None,
        "changed_at": kept.changed_at,
    }
