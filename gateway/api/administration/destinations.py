"""Destinations of a site: where results go, the rules of who gets what, a test, and a dry run."""

from __future__ import annotations

import base64
import secrets
import time
from typing import Annotated, Any

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from gateway.api.administration.deliveries import item as delivery_item
from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Admin, Manager, RecordId, StudyId
from services.credentials import seal
from services.domain.errors import FadaError, InvalidInput
from services.domain.routing import ResultKind, Rule
from services.domain.work import DestinationKind
from services.index.port import Destination, NewDestination
from services.publish import webhook
from services.senders import Senders

router = APIRouter(prefix="/api", tags=["Operations"])
_PEM = 64 * 1024
_Short = Annotated[str, Field(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
_Name = Annotated[str, Field(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$")]
_Words = Annotated[list[_Short], Field(max_length=50)]


class Options(BaseModel):
    """What is not secret of a destination; each kind uses its own."""

    model_config = ConfigDict(extra="forbid")

    tls: bool = Field(False, description="C-STORE and HL7: TLS (BCP 195)")
    ca: str = Field("", max_length=_PEM, description="PEM of the authorities to trust")
    calling_aet: str = Field("", max_length=16, description="C-STORE: the hub's own AE title")
    commitment: bool = Field(
        False, description="C-STORE: ask for storage commitment of what was stored"
    )
    commitment_wait: float = Field(
        2.0, ge=0, le=60, description="s in which a report may come on the same association"
    )
    sign_in: str = Field("none", pattern="^(none|basic|bearer|api_token|oauth2|smart)$")
    user: _Short = ""
    token_url: _Short = ""
    client_id: _Short = ""
    scope: _Short = ""
    key_id: _Short = ""
    alg: str = Field("", pattern="^(|RS384|ES384)$")
    receiving_application: _Short = ""
    receiving_facility: _Short = ""
    assigner: str = Field("", max_length=80, description="HL7: who gives the patient numbers")
    pdf: bool = Field(True, description="HL7: with the report as PDF")
    mapping: str = Field(
        "", max_length=_PEM, description="DHIS2: what each data element gets, YAML or JSON"
    )


class Credentials(BaseModel):
    """Kept encrypted, never given back. ``certificate`` and ``key`` are the hub's own, as PEM."""

    model_config = ConfigDict(extra="forbid")

    token: str = Field("", max_length=8000)
    password: str = Field("", max_length=500)
    client_secret: str = Field("", max_length=2000)
    private_key: str = Field("", max_length=_PEM)
    certificate: str = Field("", max_length=_PEM)
    key: str = Field("", max_length=_PEM)
    secret: str = Field("", max_length=200, pattern="^(|whsec_[A-Za-z0-9+/=]+)$")


class DestinationIn(BaseModel):
    """A new destination. ``address``: AET@host:port, host:port, or a URL, as its kind needs."""

    name: _Name
    kind: DestinationKind
    address: str = Field(min_length=1, max_length=2000)
    options: Options = Options()
    credentials: Credentials = Credentials()
    by_default: bool = Field(True, description="gets what no rule decides on")


class DestinationChange(BaseModel):
    """What is not given stays. A new ``address`` or ``token_url`` needs the credentials anew, so that
    they are never sent where they were not meant for."""

    name: _Name | None = None
    address: str | None = Field(None, min_length=1, max_length=2000)
    options: Options | None = None
    credentials: Credentials | None = None
    by_default: bool | None = None


class RuleIn(BaseModel):
    """Conditions, all of which must hold (an empty one always does), and the destinations' ids."""

    results: list[ResultKind] = Field(default_factory=list, max_length=10)
    planes: _Words = []
    findings: _Words = []
    origins: _Words = []
    destinations: list[str] = Field(default_factory=list, max_length=50)


class RulesIn(BaseModel):
    """All rules of the site, in their order: the first that fits decides."""

    rules: list[RuleIn] = Field(max_length=100)


class SendIn(BaseModel):
    """``destination``: an id; without it the rules decide."""

    destination: str | None = Field(None, max_length=36)


@router.get("/destinations", summary="List destinations", operation_id="listDestinations")
def list_destinations(who: Manager, services: ServicesDep) -> dict[str, Any]:
    """Those of the site and its rules, in their order. Credentials are named, never shown."""
    with services.index.begin() as tx:
        tx.destinations.take_over(who.site)
        found, rules = tx.destinations.find(who.site), tx.destinations.rules(who.site)
    senders = Senders(services.settings)
    return {
        "items": [_item(one, senders) for one in found],
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
    who: Manager,
    services: ServicesDep,
    study: Annotated[str, Query(max_length=36, pattern=r"^[0-9a-f-]+$")],
) -> dict[str, Any]:
    """Where the study's latest result would go by the rules as they are now; nothing is sent.
    ``results`` is null for a study with nothing that may be sent."""
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
