"""UPS-RS (PS3.18 chapter 11): work items of the caller's site, their states, subscriptions and events.

Events come as JSON on a WebSocket (``notifications``), and by long polling on the same address.
"""

from __future__ import annotations

import json
import time
from typing import Annotated, Any
from uuid import uuid4

import anyio
from fastapi import APIRouter, Body, Path, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from gateway.dependencies import Services, ServicesDep
from gateway.dicomweb.responses import IGNORED, JSON, base_url
from gateway.dicomweb.subscribers import events_of, listening, note_events
from gateway.dicomweb.xml_route import XmlRoute
from gateway.http.params import Reader, Sonographer
from services.domain.dicom.matching import matches
from services.domain.dicom.values import first_text
from services.domain.errors import InvalidInput
from services.domain.orders import workitem
from services.domain.orders.workitem import GLOBAL, AlreadySo, WorkitemState
from services.domain.study import Principal
from services.index.port import Workitem
from services.workitems import ReadingPerformer, ask_to_cancel, is_reading

router = APIRouter(prefix="/dicomweb", tags=["DICOMweb"], route_class=XmlRoute)
_UID = r"^[0-9]+(\.[0-9]+)+$"
ItemUid = Annotated[str, Path(pattern=_UID, max_length=64, description="UPS Instance UID")]
Transaction = Annotated[str, Query(alias="transaction-uid", pattern=_UID + "|^$", max_length=64)]
Aet = Annotated[
    str, Path(pattern=r"^[A-Za-z0-9_ .-]{1,16}$", description="AE title of a subscriber")
]
Content = Annotated[
    list[dict[str, Any]] | dict[str, Any], Body(description="a data set (DICOM JSON)")
]
_SCANNED, _PAGE, _POLL_SECONDS, _LONGEST_WAIT = 10_000, 500, 0.5, 30.0
# What a search gives without ``includefield`` (PS3.18 table 11.9.3-1, and the keys of CC.2.5-3).
_RETURNED = frozenset({
    "00080016", "00080018", "00081195", "00100010", "00100020", "00100030", "00100040", "0020000D",
    "00380010", "00404005", "00404018", "00404021", "00404025", "00404041", "00741000", "00741002",
    "00741200", "00741202", "00741204", "00741216",
})  # fmt: skip
_KEYS = {
    "ProcedureStepState": workitem.STATE, "ScheduledProcedureStepPriority": workitem.PRIORITY,
    "ProcedureStepLabel": workitem.LABEL, "WorklistLabel": workitem.WORKLIST,
    "ScheduledProcedureStepStartDateTime": workitem.START, "PatientID": "00100020",
    "PatientName": "00100010", "StudyInstanceUID": workitem.STUDY_TAG,
    "InputReadinessState": workitem.READINESS, "SOPInstanceUID": workitem.UID_TAG,
}  # fmt: skip


@router.post("/workitems", summary="Create a work item (UPS-RS)", operation_id="createWorkitem",
             status_code=201, response_class=Response)  # fmt: skip
def create(
    request: Request,
    body: Content,
    who: Sonographer,
    services: ServicesDep,
    workitem_uid: Annotated[str, Query(alias="workitem", pattern=_UID + "|^$", max_length=64)] = "",
) -> Response:
    """The UID is the parameter ``workitem`` (or the query itself), (0008,0018), or a new one. One that asks
    for this hub's reading of a study is claimed at once, or when the images have come."""
    given = _one(body)
    named = workitem_uid or _bare(request) or first_text(given, workitem.UID_TAG)
    uid = named or f"2.25.{uuid4().int}"
    item = workitem.created(given, uid)
    aet = services.settings.dimse_aet
    studies = sorted(workitem.referenced_studies(item))
    with services.index.begin() as tx:
        made = tx.workitems.create(who, item, (studies or [""])[0], is_reading(item, aet))
    if made.reading:
        ReadingPerformer(services.index, aet).advance(made.site, made.uid)
        services.ingest.dispatcher.wake()
    where = f"{base_url(request)}/workitems/{uid}"
    headers = {"Location": where, "Content-Location": where}
    if set(item) - set(given):
        headers["Warning"] = '299 fada "The work item was created with modifications."'
    return Response(status_code=201, headers=headers)


@router.get("/workitems", summary="Search for work items (UPS-RS)", operation_id="findWorkitems",
            response_class=Response)  # fmt: skip
def search(request: Request, who: Reader, services: ServicesDep) -> Response:
    """Matched by keyword or tag at the top level; ``limit``, ``offset``, ``includefield``."""
    match, include, limit, offset, ignored = _query(list(request.query_params.multi_items()))
    matches = _matching(services, who, match, offset + limit)[offset:]
    for one in matches:
        request.app.state.access.note(who, "workitem.read", one.uid)
    headers = {"Warning": IGNORED} if ignored else {}
    if not matches:
        return Response(status_code=204, headers=headers)
    items = [workitem.shown(one.attributes) for one in matches]
    if include is not None:
        wanted = _RETURNED | include | set(match)
        items = [{tag: v for tag, v in one.items() if tag in wanted} for one in items]
    response = _json(items)
    response.headers.update(headers)
    return response


@router.get("/workitems/{workitem_uid}", summary="Retrieve a work item (UPS-RS)",
            operation_id="getWorkitem", response_class=Response)  # fmt: skip
def retrieve(
    request: Request, workitem_uid: ItemUid, who: Reader, services: ServicesDep
) -> Response:
    """All but the transaction UID."""
    with services.index.read() as tx:
        item = tx.workitems.get(who.site, workitem_uid)
    request.app.state.access.note(who, "workitem.read", workitem_uid)
    return _json([workitem.shown(item.attributes)])


@router.post("/workitems/{workitem_uid}", summary="Update a work item (UPS-RS)",
             operation_id="updateWorkitem", response_class=Response)  # fmt: skip
def change(
    workitem_uid: ItemUid,
    body: Content,
    who: Sonographer,
    services: ServicesDep,
    transaction: Transaction = "",
) -> Response:
    """Attributes, by whom has claimed it. 409: another transaction, or it has ended."""
    with services.index.begin() as tx:
        item = tx.workitems.lock(who.site, workitem_uid)
        changed = workitem.updated(item.attributes, _one(body), transaction, item.transaction_uid)
        tx.workitems.save(who, item, changed)
    return Response(status_code=200)


@router.put("/workitems/{workitem_uid}/state", summary="Change a work item's state (UPS-RS)",
            operation_id="changeWorkitemState", response_class=Response)  # fmt: skip
def change_state(
    workitem_uid: ItemUid, body: Content, who: Sonographer, services: ServicesDep
) -> Response:
    """Claimed (IN PROGRESS) with a transaction UID of the performer's; ended by the same."""
    given = _one(body)
    named, wanted = first_text(given, workitem.TRANSACTION), first_text(given, workitem.STATE)
    with services.index.begin() as tx:
        item = tx.workitems.lock(who.site, workitem_uid)
        try:
            changed = workitem.moved(
                item.attributes, wanted, named, item.transaction_uid, tx.workitems.now()
            )
        except AlreadySo:
            warning = f'299 fada "The UPS is already in the requested state of {wanted}."'
            return Response(status_code=200, headers={"Warning": warning})
        claim = named if wanted == WorkitemState.IN_PROGRESS else ""
        tx.workitems.save(who, item, changed, claim)
    return Response(status_code=200)


@router.post("/workitems/{workitem_uid}/cancelrequest", summary="Ask to cancel a work item (UPS-RS)",
             operation_id="cancelWorkitem", status_code=202, response_class=Response)  # fmt: skip
def cancel(
    workitem_uid: ItemUid, who: Sonographer, services: ServicesDep, body: Content | None = None
) -> Response:
    """One that nobody has claimed, and one that this hub performs, is CANCELED (what was read by then is
    kept); of another its subscribers are told. 409: it is COMPLETED, or nobody listens."""
    given = _one(body) if body else {}
    try:
        with services.index.begin() as tx:
            ask_to_cancel(tx, who, workitem_uid, given, services.settings.dimse_aet)
    except AlreadySo:
        warning = '299 fada "The UPS is already in the requested state of CANCELED."'
        return Response(status_code=202, headers={"Warning": warning})
    return Response(status_code=202)


@router.post("/workitems/{workitem_uid}/subscribers/{aet}", summary="Subscribe (UPS-RS)",
             operation_id="subscribeWorkitem", status_code=201, response_class=Response)  # fmt: skip
def subscribe(
    request: Request, workitem_uid: ItemUid, aet: Aet, who: Reader, services: ServicesDep
) -> Response:
    """To one item, or with 1.2.840.10008.5.1.4.34.5 to all of the site. Its state is told at once."""
    if workitem_uid == f"{GLOBAL}.1":
        raise InvalidInput("Filtered global subscriptions are not offered.")
    with services.index.begin() as tx:
        tx.workitems.subscribe(who, aet.strip(), workitem_uid)
    where = f"{base_url(request)}/subscribers/{aet.strip()}".replace("http", "ws", 1)
    return Response(status_code=201, headers={"Content-Location": where})


@router.delete("/workitems/{workitem_uid}/subscribers/{aet}", summary="Unsubscribe (UPS-RS)",
               operation_id="unsubscribeWorkitem", response_class=Response)  # fmt: skip
def unsubscribe(workitem_uid: ItemUid, aet: Aet, who: Reader, services: ServicesDep) -> Response:
    """From one item, or from all."""
    with services.index.begin() as tx:
        tx.workitems.unsubscribe(who, aet.strip(), workitem_uid)
    return Response(status_code=200)


@router.post("/workitems/{workitem_uid}/subscribers/{aet}/suspend",
             summary="Suspend the global subscription (UPS-RS)", operation_id="suspendWorkitems",
             response_class=Response)  # fmt: skip
def suspend(workitem_uid: ItemUid, aet: Aet, who: Reader, services: ServicesDep) -> Response:
    """Items that are made from now on are not subscribed to; those that are there stay."""
    if workitem_uid != GLOBAL:
        raise InvalidInput("Only the global subscription is suspended.")
    with services.index.begin() as tx:
        tx.workitems.suspend(who, aet.strip())
    return Response(status_code=200)


@router.get("/subscribers/{aet}", summary="Wait for events of work items",
            operation_id="workitemEvents", response_class=Response)  # fmt: skip
async def events(
    request: Request,
    aet: Aet,
    who: Reader,
    services: ServicesDep,
    after: Annotated[int, Query(ge=0, le=2**53, description="number of the last event seen")] = 0,
    wait: Annotated[float, Query(ge=0, le=_LONGEST_WAIT, description="s")] = 20.0,
) -> Response:
    """Long polling: event reports after number ``after``, as soon as there are any; 204 when ``wait`` is
    over. ``X-Last-Event`` is the ``after`` of the next request. Kept for a week. 429: too many wait."""
    end = time.monotonic() + wait
    with listening(request, who, aet.strip()):
        while not (
            reports := await run_in_threadpool(events_of, services, who, aet.strip(), after)
        ):
            left = end - time.monotonic()
            if left <= 0 or await request.is_disconnected():
                return Response(status_code=204, headers={"X-Last-Event": str(after)})
            await anyio.sleep(min(_POLL_SECONDS, left))
    note_events(request, who, reports)
    response = _json([one.report for one in reports])
    response.headers["X-Last-Event"] = str(reports[-1].seq)
    return response


def _matching(
    services: Services, who: Principal, match: dict[str, str], most: int
) -> list[Workitem]:
    state = match.get(workitem.STATE, "")
    exact = state if state in tuple(WorkitemState) else ""
    items: list[Workitem] = []
    with services.index.read() as tx:
        for offset in range(0, _SCANNED, _PAGE):
            page = tx.workitems.find(who.site, exact, limit=_PAGE, offset=offset)
            items += [one for one in page if matches(one.attributes, match)]
            if len(page) < _PAGE or len(items) >= most:
                break
    return items[:most]


def _query(
    parameters: list[tuple[str, str]],
) -> tuple[dict[str, str], frozenset[str] | None, int, int, bool]:
    """(match, fields to include, limit, offset, whether a key was ignored). Raises InvalidInput."""
    match: dict[str, str] = {}
    ignored = False
    include: set[str] | None = set()
    numbers = {"limit": 200, "offset": 0}
    for name, value in parameters:
        if name == "includefield":
            if value.lower() == "all":
                include = None
            elif include is not None:
                include |= {_KEYS.get(one, one).upper() for one in value.split(",")}
        elif name in numbers:
            if not (value.isascii() and value.isdigit() and int(value[:9]) <= _SCANNED):
                raise InvalidInput(f"{name} is a whole number up to {_SCANNED}.")
            numbers[name] = int(value)
        elif name not in ("fuzzymatching", "accept"):
            tag = _KEYS.get(name, name).upper()
            if len(tag) == 8 and all(c in "0123456789ABCDEF" for c in tag):
                match[tag] = value
            else:
                ignored = True
    fields = None if include is None else frozenset(include)
    return match, fields, min(numbers["limit"], 1000), numbers["offset"], ignored


def _bare(request: Request) -> str:
    """The UID in ``/workitems?1.2.3`` (PS3.18 11.4.1)."""
    text = request.url.query
    return text if text and "=" not in text and all(c in "0123456789." for c in text) else ""


def _one(body: list[dict[str, Any]] | dict[str, Any]) -> dict[str, Any]:
    """Raises InvalidInput: none, or several."""
    datasets = body if isinstance(body, list) else [body]
    if len(datasets) != 1:
        raise InvalidInput("A request holds one data set.")
    return datasets[0]


def _json(content: list[Any]) -> Response:
    return Response(json.dumps(content, ensure_ascii=False), media_type=JSON)
