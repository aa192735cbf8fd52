"""Orders: typed in or sent, today's list, and studies that wait to be matched with one."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from gateway.api.record.patients import Name, Number
from gateway.audit.reads import gives
from gateway.dependencies import ServicesDep
from gateway.http.params import Limit, Reader, RecordId, Sonographer, StudyId, Text
from gateway.representations import serializers
from services.domain.errors import InvalidInput
from services.domain.orders.order import NewOrder, OrderSource, OrderState
from services.domain.patient import Identity
from services.index.port import OrderQuery
from services.orders.fhir_order import order_of, resource_of

router = APIRouter(prefix="/api", tags=["Orders"])
_Line = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f\x7f\\]*$")]
_Short = Annotated[str, Field(max_length=16, pattern=r"^[^\x00-\x1f\x7f\\]*$")]
_Time = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$|^$")]
_UNMATCHED_DAYS = 2
_FHIR = "application/fhir+json"
_RESOURCE: dict[int | str, dict[str, Any]] = {
    200: {"description": "The order, which was known", "content": {_FHIR: {}}}
}


class OrderIn(BaseModel):
    """An order that a person types in. Without ``accession`` the hub gives a number; ``station`` is the
    AE title of the machine, empty for any; ``day`` is today where it is left out."""

    model_config = ConfigDict(extra="forbid")

    number: Number
    name: Name = ""
    birth_date: date | None = None
    sex: Literal["", "F", "M", "O"] = ""
    accession: _Short = ""
    day: date | None = None
    time: _Time = ""
    station: _Short = ""
    procedure: _Line = ""
    reason: _Line = ""
    referring: Name = ""
    urgent: bool = False


class OrderChange(BaseModel):
    """What is left out stays as it is. ``state``: completed, discontinued or cancelled end an order,
    scheduled opens it again."""

    model_config = ConfigDict(extra="forbid")

    number: Number | None = None
    name: Name | None = None
    birth_date: date | None = None
    day: date | None = None
    time: _Time | None = None
    station: _Short | None = None
    procedure: _Line | None = None
    reason: _Line | None = None
    referring: Name | None = None
    urgent: bool | None = None
    state: OrderState | None = None


class MatchIn(BaseModel):
    """The study that is the order's."""

    model_config = ConfigDict(extra="forbid")

    study_id: str = Field(pattern=r"^[0-9a-f-]{36}$")


class NewsDecision(BaseModel):
    """Whether the record is to say what the hospital says."""

    model_config = ConfigDict(extra="forbid")

    accept: bool


@router.get("/orders", summary="List orders", operation_id="listOrders")
def list_orders(
    request: Request,
    who: Reader,
    services: ServicesDep,
    day: Annotated[
        date | None, Query(description="default: today, as the hub's clock has it")
    ] = None,
    days: Annotated[int, Query(ge=1, le=366, description="from ``day`` on")] = 1,
    q: Text = "",
    limit: Limit = 500,
) -> dict[str, Any]:
    """The orders of a day by their time, each with the studies that met it."""
    first = day or _today()
    query = OrderQuery(
        day_from=first.isoformat(),
        day_to=(first + timedelta(days=days - 1)).isoformat(),
        text=q,
        limit=limit,
    )
    with services.index.read() as tx:
        orders = tx.orders.find(who.site, query)
        studies = tx.orders.studies(who.site, [one.id for one in orders])
    items = [serializers.order(one, studies[one.id]) for one in orders]
    gives(request, len(items))
    return {"day": first, "items": items}


@router.get(
    "/orders/unmatched", summary="Studies without an order", operation_id="unmatchedStudies"
)
def unmatched(
    request: Request,
    who: Reader,
    services: ServicesDep,
    since: Annotated[date | None, Query(description="default: yesterday")] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Studies that came since ``since``, or are of it or later, and met no order, newest first. Phones' cases
    are not among them."""
    first = since or _today() - timedelta(days=_UNMATCHED_DAYS - 1)
    with services.index.read() as tx:
        rows = tx.orders.unmatched(who.site, first.isoformat(), limit)
    gives(request, len(rows))
    return {"since": first, "items": [serializers.study(one) for one in rows]}


@router.post("/orders", summary="Place an order", operation_id="placeOrder", status_code=201)
def place(body: OrderIn, who: Sonographer, services: ServicesDep) -> dict[str, Any]:
    """It stands on the machine's worklist at once. Send ``Idempotency-Key`` to try again safely."""
    new = NewOrder(
        identity=_identity(body.number, body.name, body.birth_date),
        day=(body.day or _today()).isoformat(),
        source=OrderSource.TYPED,
        **body.model_dump(exclude={"number", "name", "birth_date", "day"}),
    )
    with services.index.begin() as tx:
        order, _ = tx.orders.place(who, new)
    return serializers.order(order, [])


@router.get("/orders/{order_id}", summary="Get an order", operation_id="getOrder")
def get(order_id: RecordId, who: Reader, services: ServicesDep) -> dict[str, Any]:
    """With the studies that met it and what machines reported of their steps (MPPS)."""
    with services.index.read() as tx:
        order = tx.orders.get(who.site, order_id)
        studies = tx.orders.studies(who.site, [order_id])[order_id]
        steps = tx.procedure_steps.find(who.site, order_id)
    shown = [
        {"uid": s.uid, "state": s.state.value, "station": s.station, "changed_at": s.changed_at}
        for s in steps
    ]
    return {**serializers.order(order, studies), "steps": shown}


@router.patch("/orders/{order_id}", summary="Change an order", operation_id="changeOrder")
def change(
    order_id: RecordId, body: OrderChange, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """Whom it is for changes only before it has begun; one with images cannot be cancelled (409)."""
    given = body.model_dump(exclude_none=True, exclude={"state"})
    with services.index.begin() as tx:
        order = tx.orders.get(who.site, order_id)
        if given:
            before = {
                name: getattr(order, name)
                for name in ("day", "time", "station", "sex", "procedure", "reason", "referring",
                             "urgent", "placer", "placer_system")
            }  # fmt: skip
            whole = {**before, **{k: v for k, v in given.items() if k in before}}
            whole["day"] = str(whole["day"])
            identity = replace(
                order.identity,
                **{
                    k: str(given[k]).strip() for k in ("number", "name", "birth_date") if k in given
                },
            )
            new = NewOrder(identity=identity, source=order.source, **whole)
            order = tx.orders.change(who, order_id, new)
        if body.state is not None:
            order = tx.orders.set_state(who, order_id, body.state)
        studies = tx.orders.studies(who.site, [order_id])[order_id]
    return serializers.order(order, studies)


@router.post("/orders/{order_id}/studies", summary="Match a study", operation_id="matchStudy")
def match(
    order_id: RecordId, body: MatchIn, who: Sonographer, services: ServicesDep
) -> dict[str, Any]:
    """The study is this order's. Where both name different women the study has a ``clash`` afterwards,
    and is decided on as any other (``POST /api/studies/{study_id}/identity``)."""
    with services.index.begin() as tx:
        tx.orders.match(who, order_id, body.study_id)
        row = tx.studies.get(who.site, body.study_id)
    services.ingest.dispatcher.wake()
    return {**serializers.study(row), "clash": row.clash}


@router.delete("/studies/{study_id}/order", summary="Part a study from its order",
               operation_id="partStudy", status_code=204)  # fmt: skip
def part(study_id: StudyId, who: Sonographer, services: ServicesDep) -> Response:
    """It waits to be matched again, and says its own accession number. Whose it is stays: move it to
    another patient if that was wrong, too."""
    with services.index.begin() as tx:
        tx.orders.unmatch(who, study_id)
    services.ingest.dispatcher.wake()
    return Response(status_code=204)


@router.post("/fhir/ServiceRequest", summary="Place an order by FHIR", operation_id="placeFhirOrder",
             status_code=201, response_class=Response, responses=_RESOURCE)  # fmt: skip
def place_by_fhir(body: dict[str, Any], who: Sonographer, services: ServicesDep) -> Response:
    """A FHIR R4 ServiceRequest with its Patient contained, or a Bundle with both. The same identifier
    again changes that order (200)."""
    new, state = order_of(body)
    with services.index.begin() as tx:
        order, made = tx.orders.place(who, new)
        if state is not None:
            order = tx.orders.set_state(who, order.id, state)
    return _fhir(resource_of(order), 201 if made else 200, f"/api/fhir/ServiceRequest/{order.id}")


@router.get(
    "/fhir/ServiceRequest/{order_id}", summary="Get an order as FHIR", operation_id="getFhirOrder"
)
def get_by_fhir(order_id: RecordId, who: Reader, services: ServicesDep) -> Response:
    """A FHIR R4 ServiceRequest."""
    with services.index.read() as tx:
        order = tx.orders.get(who.site, order_id)
    return _fhir(resource_of(order), 200)


@router.get(
    "/patient-news", summary="What hospitals say anew of patients", operation_id="patientNews"
)
def news(request: Request, who: Reader, services: ServicesDep) -> dict[str, Any]:
    """ADT messages that contradict a record, or merge one that has studies: a person decides."""
    with services.index.read() as tx:
        waiting = tx.patient_news.waiting(who.site)
    gives(request, len(waiting))
    return {"items": [serializers.news(one) for one in waiting]}


@router.post("/patient-news/{news_id}", summary="Decide on news of a patient",
             operation_id="decidePatientNews", status_code=204)  # fmt: skip
def decide(
    news_id: RecordId, body: NewsDecision, who: Sonographer, services: ServicesDep
) -> Response:
    """Accepted: her record and her studies say so, and results that went out are sent again."""
    with services.index.begin() as tx:
        tx.patient_news.decide(who, news_id, body.accept)
    services.ingest.dispatcher.wake()
    return Response(status_code=204)


def _today() -> date:
    return datetime.now().astimezone().date()


def _identity(number: str, name: str, birth_date: date | None) -> Identity:
    if not re.search(r"\S", number):
        raise InvalidInput("An order names the patient's number.")
    return Identity(number.strip(), name.strip(), birth_date.isoformat() if birth_date else "")


def _fhir(resource: dict[str, Any], status: int, location: str = "") -> Response:
    headers = {"Location": location} if location else {}
    body = json.dumps(resource, ensure_ascii=False)
    return Response(body, status_code=status, media_type=_FHIR, headers=headers)
