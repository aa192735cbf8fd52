"""Deliveries to webhooks and destinations: which wait, which were given up, and running those again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from gateway.dependencies import ServicesDep
from gateway.http.params import Limit, Manager, OfStudy, States, parse_states
from services.index.port import Delivery, DeliveryState

router = APIRouter(prefix="/api/deliveries", tags=["Operations"])
DeliveryId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]


@router.get("", summary="List deliveries", operation_id="listDeliveries")
def deliveries(
    who: Manager,
    services: ServicesDep,
    state: States = "",
    study: OfStudy = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """``state=dead`` are those that were given up. What was delivered is listed for a week."""
    with services.index.read() as tx:
        rows = tx.deliveries.find(
            who.site, states=parse_states(DeliveryState, state), study_id=study or None, limit=limit
        )
        urls = {hook.id: hook.url for hook in tx.webhooks.find(who.site)}
        names = tx.destinations.names(who.site)
    return {"items": [item(row, urls, names) for row in rows]}


@router.post(
    "/{delivery_id}/run-again", summary="Retry a dead delivery", operation_id="rerunDelivery",
    status_code=202,
)  # fmt: skip
def run_again(delivery_id: DeliveryId, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """It waits again, with no attempt counted. 409 when it was not given up."""
    with services.index.begin() as tx:
        row = tx.deliveries.run_again(who, delivery_id)
        urls = {hook.id: hook.url for hook in tx.webhooks.find(who.site)}
        names = tx.destinations.names(who.site)
    return item(row, urls, names)


def item(row: Delivery, urls: dict[str, str], names: dict[str, str]) -> dict[str, Any]:
    """``url`` is a webhook's, ``destination`` the name of one of the site's destinations; ``objects``
    says what it made of each object."""
    return {
        "id": row.id,
        "kind": row.kind.value,
        "study_id": row.study_id,
        "webhook_id": row.webhook_id,
        "url": urls.get(row.webhook_id or ""),
        "destination_id": row.destination_id,
        "destination": names.get(row.destination_id or ""),
        "results": list(row.results),
        "objects": [
            {"sop_uid": o.sop_uid, "kind": o.kind, "state": o.state.value, "code": o.code}
            for o in row.objects
        ],
        "event_seq": row.event_seq,
        "version": row.version,
        "state": row.state.value,
        "attempts": row.attempts,
        "error_code": row.error_code,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at if row.state is DeliveryState.WAITING else None,
        "finished_at": row.finished_at,
    }
