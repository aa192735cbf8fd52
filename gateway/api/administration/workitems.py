"""Work items of the site for people; machines have them by UPS-RS (``gateway.dicomweb.workitems``)."""

from __future__ import annotations

from contextlib import suppress
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query, Request
from pydantic import BaseModel, ConfigDict, Field

from gateway.dependencies import ServicesDep
from gateway.http.params import Limit, Manager, Offset
from gateway.representations.serializers import display_name
from services.domain.dicom.values import first_text
from services.domain.errors import NotFound
from services.domain.orders import workitem
from services.domain.orders.workitem import AlreadySo, WorkitemState
from services.domain.study import Principal, Role
from services.index.port import Transaction, Workitem
from services.workitems import PERFORMER, ask_to_cancel

router = APIRouter(prefix="/api/workitems", tags=["Operations"])
ItemUid = Annotated[str, Path(pattern=r"^[0-9]+(\.[0-9]+)+$", max_length=64)]
_LINE = r"^[^\x00-\x1f\x7f]*$"


class CancelIn(BaseModel):
    """Why it is not needed; told to its performer."""

    model_config = ConfigDict(extra="forbid")
    reason: str = Field("", max_length=400, pattern=_LINE)


@router.get("", summary="List work items", operation_id="listWorkitems")
def find(
    request: Request,
    who: Manager,
    services: ServicesDep,
    state: Annotated[WorkitemState | None, Query()] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> dict[str, Any]:
    """Newest first: what somebody asked for by UPS-RS, who has claimed it, and how far it is."""
    with services.index.read() as tx:
        workitems = tx.workitems.find(who.site, state or "", limit=limit, offset=offset)
        items = [_shown(tx, one) for one in workitems]
    for one in workitems:
        request.app.state.access.note(who, "workitem.read", one.uid)
    return {"items": items}


@router.get("/{workitem_uid}", summary="Get a work item", operation_id="showWorkitem")
def show(
    request: Request, workitem_uid: ItemUid, who: Manager, services: ServicesDep
) -> dict[str, Any]:
    """With all its attributes (DICOM JSON) but the transaction UID, which is its performer's alone."""
    with services.index.read() as tx:
        one = tx.workitems.get(who.site, workitem_uid)
        shown = _shown(tx, one)
    request.app.state.access.note(who, "workitem.read", workitem_uid)
    return {**shown, "attributes": workitem.shown(one.attributes)}


@router.post(
    "/{workitem_uid}/cancel",
    summary="Cancel a work item",
    operation_id="cancelWorkitemOfSite",
    status_code=202,
    responses={409: {"description": "It is COMPLETED, or its performer cannot be told."}},
)
def cancel(
    workitem_uid: ItemUid, body: CancelIn, who: Manager, services: ServicesDep
) -> dict[str, Any]:
    """One that nobody has claimed, or that this hub performs, is CANCELED at once; of another its performer
    is asked to. What was read by then is kept.
    """
    reason = {"vr": "LT", "Value": [body.reason]} if body.reason else {"vr": "LT"}
    asked = {workitem.REASON: reason}
    with suppress(AlreadySo), services.index.begin() as tx:
        ask_to_cancel(tx, who, workitem_uid, asked, services.settings.dimse_aet)
    with services.index.read() as tx:
        return _shown(tx, tx.workitems.get(who.site, workitem_uid))


def _shown(tx: Transaction, one: Workitem) -> dict[str, Any]:
    progress = workitem.progress_of(one.attributes)
    return {
        "uid": one.uid,
        "state": one.state,
        "label": first_text(one.attributes, workitem.LABEL),
        "priority": first_text(one.attributes, workitem.PRIORITY),
        "scheduled": first_text(one.attributes, workitem.START),
        "study_uid": one.study_uid or None,
        "study_id": _study(tx, one),
        "reading": one.reading,
        "performer": _performer(tx, one),
        "percent": first_text(progress, workitem.PROGRESS) or None,
        "progress": first_text(progress, workitem.DESCRIPTION) or None,
        "reason": first_text(progress, workitem.REASON) or None,
        "created_at": one.created_at,
        "changed_at": one.changed_at,
        "began_at": one.began_at,
    }


def _study(tx: Transaction, one: Workitem) -> str | None:
    if not one.study_uid:
        return None
    try:
        return tx.studies.by_uid(one.site, one.study_uid).id
    except NotFound:
        return None


def _performer(tx: Transaction, one: Workitem) -> str | None:
    if not one.performer:
        return None
    if one.performer == PERFORMER:
        return "FADA"
    return display_name(tx, Principal(one.performer, one.site, Role.READER))
