"""Deliveries to webhooks and the PACS: which wait, which were given up, and running those again."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query

from gateway.dependencies import ServicesDep
from gateway.http.params import Limit, Manager, parse_states
from services.index.port import Delivery, DeliveryState

router = APIRouter(prefix="/api/deliveries", tags=["Operations"])
DeliveryId = Annotated[str, Path(pattern=r"^[0-9a-f-]{36}$")]


@router.get("", summary="List deliveries", operation_id="listDeliveries")
def deliveries(
    who: Manager,
    services: ServicesDep,
    state: Annotated[str, Query(max_length=60, description="comma-separated")] = "",
    study: Annotated[str | None, Query(max_length=36, pattern=r"^[0-9a-f-]*$")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """``state=dead`` are those that were given up. What was delivered is listed for a week."""
    with services.index.read() as tx:
        rows = tx.deliveries.find(
            who.site, states=parse_states(DeliveryState, state), study_id=study or None, limit=limit
        )
        urls = {hook.id: hook.url for hook in tx.webhooks.find(who.site)}
    return {"items": [_item(row, urls) for row in rows]}


@router.post(
    "/{delivery_id}/run-again", summary="Retry a dead delivery", operation_id="rerunDelivery",
    status_code=202,
)  # fmt: skip
def run_again(delivery_id: DeliveryId, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """It waits again, with no attempt counted. 409 when it was not given up."""
    with services.index.begin() as tx:
        row = tx.deliveries.run_again(who, delivery_id)
        urls = {hook.id: hook.url for hook in tx.webhooks.find(who.site)}
    return _item(row, urls)


def _item(row: Delivery, urls: dict[str, str]) -> dict[str, Any]:
    """``url`` is the webhook's; null for the PACS, which the hub's settings name."""
    return {
        "id": row.id,
        "kind": row.kind.value,
        "study_id": row.study_id,
        "webhook_id": row.webhook_id,
        "url": urls.get(row.webhook_id or ""),
        "event_seq": row.event_seq,
        "version": row.version,
        "state": row.state.value,
        "attempts": row.attempts,
        "error_code": row.error_code,
        "created_at": row.created_at,
        "next_attempt_at": row.next_attempt_at if row.state is DeliveryState.WAITING else None,
        "finished_at": row.finished_at,
    }
