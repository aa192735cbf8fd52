"""Destinations of a site: where results go, the rules of who gets what, a test, and a dry run."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from gateway.api.administration.deliveries import item as delivery_item
from gateway.api.administration.destination_forms import (
    DestinationChange,
    DestinationIn,
    RulesIn,
    SendIn,
)
from gateway.audit.reads import reads
from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Admin, Manager, RecordId, StudyId
from services.credentials import seal
from services.domain.errors import FadaError, InvalidInput
from services.domain.routing import Rule
from services.domain.work import DestinationKind
from services.index.port import Destination, NewDestination
from services.publish import webhook
from services.publish.notices import web_push
from services.senders import Senders

router = APIRouter(prefix="/api", tags=["Operations"])


@router.get("/destinations", summary="List destinations", operation_id="listDestinations")
def list_destinations(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """Those of the site and its rules, in their order. Credentials are named, never shown."""
    with services.index.begin() as tx:
        tx.destinations.take_over(who.site)
        destinations, rules = tx.destinations.find(who.site), tx.destinations.rules(who.site)
    senders = Senders(services.settings)
    return {
        "items": [_item(one, senders) for one in destinations],
        "rules": [_rule(one) for one in rules],
    }


@router.post(
    "/destinations", summary="Add a destination", operation_id="addDestination", status_code=201
)
def add_destination(body: DestinationIn, who: Admin, services: ServicesDep) -> dict[str, Any]:
    """``secret`` of a webhook is shown this once."""
    given = body.credentials.model_dump(exclude_defaults=True)
    if body.kind is DestinationKind.WEBHOOK:
        webhook.check_url(body.address, allow_private=services.settings.webhook_allow_private)
        fresh = "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()
        given.setdefault("secret", fresh)
    if body.kind is DestinationKind.WEB_PUSH:
        given.setdefault("private_key", web_push.fresh_key())
    new = NewDestination(
        body.name,
        body.kind,
        body.address.strip(),
        body.options.model_dump(exclude_defaults=True),
        seal(services.settings, given),
        body.by_default,
    )
    with services.index.begin() as tx:
        tx.destinations.take_over(who.site)
        made = tx.destinations.create(who, new)
        Senders(services.settings).check(made, given)
    shown = {"secret": given["secret"]} if body.kind is DestinationKind.WEBHOOK else {}
    return {**_item(made, Senders(services.settings)), **shown}


@router.patch(
    "/destinations/{destination_id}",
    summary="Change a destination",
    operation_id="changeDestination",
)
def change_destination(
    destination_id: RecordId, body: DestinationChange, who: Admin, services: ServicesDep
) -> dict[str, Any]:
    """From the next delivery on."""
    with services.index.begin() as tx:
        before = tx.destinations.get(who.site, destination_id)
        values, credentials = _changes(services, before, body)
        made = tx.destinations.change(who, destination_id, **values)
        Senders(services.settings).check(made, credentials)
    return _item(made, Senders(services.settings))


@router.delete(
    "/destinations/{destination_id}",
    summary="Remove a destination",
    operation_id="removeDestination",
    status_code=204,
)
def remove_destination(destination_id: RecordId, who: Admin, services: ServicesDep) -> Response:
    """It gets nothing further, and its credentials are erased. Its deliveries stay listed."""
    with services.index.begin() as tx:
        tx.destinations.remove(who, destination_id)
    return Response(status_code=204)


@router.post(
    "/destinations/{destination_id}/test",
    summary="Test a destination",
    operation_id="testDestination",
)
def test_destination(destination_id: RecordId, who: Admin, services: ServicesDep) -> dict[str, Any]:
    """Connects and signs in, and sends no result: C-ECHO, a search, /metadata, a connection; of DHIS2
    the programme is compared with the mapping; a webhook gets a signed ``test`` message."""
    with services.index.read() as tx:
        destination = tx.destinations.get(who.site, destination_id)
    began = time.monotonic()
    try:
        sender = Senders(services.settings).of(destination)
        sender.echo()
    except FadaError as error:
        answer = {"reached": False, "code": error.code, "detail": error.detail}
    else:
        answer = {"reached": True, "code": "", "detail": ""}
    with services.index.begin() as tx:
        tx.audit.add(who, "destination.tested", destination_id, {"reached": answer["reached"]})
    return {**answer, "seconds": round(time.monotonic() - began, 3)}


@router.put("/destinations/rules", summary="Set the rules", operation_id="setRules")
def set_rules(body: RulesIn, who: Manager, services: ServicesDep) -> dict[str, Any]:
    """Which results go where: the first rule that fits decides; without one the destinations
    ``by_default`` get preliminary and final results."""
    rules = [
        Rule(
            frozenset(one.results),
            frozenset(one.planes),
            frozenset(one.findings),
            frozenset(one.origins),
            tuple(one.destinations),
        )
        for one in body.rules
    ]
    with services.index.begin() as tx:
        tx.destinations.set_rules(who, rules)
    return {"rules": [_rule(one) for one in rules]}


@router.get("/destinations/dry-run", summary="Try the rules on a study", operation_id="dryRun")
def dry_run(
    request: Request,
    who: Manager,
    services: ServicesDep,
    study: Annotated[str, Query(max_length=36, pattern=r"^[0-9a-f-]+$")],
) -> dict[str, Any]:
    """Where the study's latest result would go by the rules as they are now; nothing is sent.
    ``results`` is null for a study with nothing that may be sent."""
    reads(request, study)
    with services.index.begin() as tx:
        tx.studies.get(who.site, study)
        tx.destinations.take_over(who.site)
        subject = tx.destinations.subject(who.site, study)
        names = tx.destinations.names(who.site)
        chosen = tx.destinations.route(who.site, subject) if subject else None
    if subject is None or chosen is None:
        return {"results": None, "rule": None, "destinations": []}
    return {
        "results": sorted(subject.kinds),
        "plane": subject.plane,
        "findings": sorted(subject.findings),
        "origin": subject.origin,
        "rule": chosen.rule,
        "destinations": [{"id": one, "name": names[one]} for one in chosen.destinations],
    }


@router.post(
    "/studies/{study_id}/send",
    summary="Send a result again",
    operation_id="sendStudy",
    status_code=202,
)
def send_study(
    study_id: StudyId, body: SendIn, who: Manager, services: ServicesDep
) -> dict[str, Any]:
    """The latest result, to one destination or by the rules. 409: there is nothing that may be sent."""
    with services.index.begin() as tx:
        tx.studies.get(who.site, study_id)
        made = tx.destinations.send_again(who, study_id, body.destination)
        names = tx.destinations.names(who.site)
    return {"items": [delivery_item(one, {}, names) for one in made]}


def _changes(
    services: Services, before: Destination, body: DestinationChange
) -> tuple[dict[str, Any], dict[str, str]]:
    """(what the index changes, the credentials that hold then). Raises InvalidInput."""
    given = body.model_dump(exclude_none=True, include={"name", "address", "by_default"})
    if body.options is not None:
        given["options"] = body.options.model_dump(exclude_defaults=True)
    moved = given.get("address", before.address) != before.address or (
        "options" in given and given["options"].get("token_url") != before.options.get("token_url")
    )
    if moved and before.kind is DestinationKind.WEBHOOK:
        webhook.check_url(given["address"], allow_private=services.settings.webhook_allow_private)
    elif moved and before.kind is DestinationKind.WEB_PUSH:
        web_push.check_contact(given["address"])  # the key is the hub's own, and goes nowhere
    elif moved and before.credentials and body.credentials is None:
        raise InvalidInput("A new address needs the credentials again.")
    if body.credentials is None:
        return given, Senders(services.settings).credentials(before)
    credentials = body.credentials.model_dump(exclude_defaults=True)
    given["credentials"] = seal(services.settings, credentials)
    return given, credentials


def _item(one: Destination, senders: Senders) -> dict[str, Any]:
    try:
        held = sorted(senders.credentials(one))
    except FadaError:
        held = ["?"]
    return {
        "id": one.id,
        "name": one.name,
        "kind": one.kind.value,
        "address": one.address,
        "options": one.options,
        "credentials": held,
        "by_default": one.by_default,
        "source": one.source,
        "created_at": one.created_at,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "results": sorted(rule.results),
        "planes": sorted(rule.planes),
        "findings": sorted(rule.findings),
        "origins": sorted(rule.origins),
        "destinations": list(rule.destinations),
    }
