"""An order out of FHIR R4: a ServiceRequest with its patient, contained or beside it in a Bundle."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import ValidationError

from services.domain.dicom.values import is_uid
from services.domain.errors import InvalidInput
from services.domain.orders.order import LONGEST_NUMBER, NewOrder, OrderSource, OrderState
from services.domain.patient import Identity
from services.index.port import Order

Json = dict[str, Any]
SYSTEM = "https://fada.health/fhir/order"
_V2 = "http://terminology.hl7.org/CodeSystem/v2-0203"
_URGENT = frozenset({"urgent", "asap", "stat"})
_ENDED = {
    "revoked": OrderState.CANCELLED,
    "entered-in-error": OrderState.CANCELLED,
    "completed": OrderState.COMPLETED,
}
_STATUS = {
    OrderState.SCHEDULED: "active",
    OrderState.IN_PROGRESS: "active",
    OrderState.COMPLETED: "completed",
    OrderState.DISCONTINUED: "revoked",
    OrderState.CANCELLED: "revoked",
}
_SEX = {"female": "F", "male": "M", "other": "O"}


def order_of(body: Json) -> tuple[NewOrder, OrderState | None]:
    """(the order, the state that it says). Raises InvalidInput: no valid R4 resource, or no patient."""
    request, patient = _parts(body)
    identifiers = request.get("identifier") or []
    placer = _identifier(identifiers, "PLAC") or next(iter(identifiers), {})
    uid = next((one for one in map(_study_uid, identifiers) if one), "")
    day, time = _when(request)
    requester = (request.get("requester") or {}).get("display")
    order = NewOrder(
        identity=_identity(patient),
        day=day,
        time=time,
        source=OrderSource.FHIR,
        accession=_accession(identifiers),
        placer=_text(placer.get("value")),
        placer_system=_text(placer.get("system")),
        station=_station(request),
        sex=_SEX.get(str(patient.get("gender", "")), ""),
        procedure=_words(request.get("code")),
        reason=_reason(request),
        referring=_text(requester).replace("^", " "),
        study_uid=uid,
        urgent=request.get("priority") in _URGENT,
    )
    return order, _ENDED.get(str(request.get("status")))


def resource_of(order: Order) -> Json:
    """The order as a ServiceRequest, as it is kept here."""
    accession = {
        "type": {"coding": [{"system": _V2, "code": "ACSN"}]},
        "value": order.accession,
    }
    placer = {
        "type": {"coding": [{"system": _V2, "code": "PLAC"}]},
        "value": order.placer,
        **({"system": order.placer_system} if order.placer_system else {}),
    }
    return {
        "resourceType": "ServiceRequest",
        "id": order.id,
        "identifier": [accession, *([placer] if order.placer else [])],
        "status": _STATUS[order.state],
        "intent": "order",
        "priority": "urgent" if order.urgent else "routine",
        **({"code": {"text": order.procedure}} if order.procedure else {}),
        "subject": {"type": "Patient", "identifier": {"value": order.number}},
        "occurrenceDateTime": order.day,
    }


def _parts(body: Json) -> tuple[Json, Json]:
    """The request and its patient, both valid; what they refer to is looked for in the body alone."""
    from fhir.resources.R4B.bundle import Bundle  # large, and few hubs take orders by FHIR
    from fhir.resources.R4B.servicerequest import ServiceRequest

    kind = body.get("resourceType")
    try:
        if kind == "Bundle":
            Bundle.model_validate(body)
            inside = [one.get("resource") or {} for one in body.get("entry") or []]
        elif kind == "ServiceRequest":
            ServiceRequest.model_validate(body)
            inside = [body]
        else:
            raise InvalidInput("Send a ServiceRequest, or a Bundle with one.")
    except (ValidationError, ValueError, TypeError) as error:
        raise InvalidInput("This is no valid FHIR R4 resource.") from error
    requests = [one for one in inside if one.get("resourceType") == "ServiceRequest"]
    if len(requests) != 1:
        raise InvalidInput("Send one ServiceRequest at a time.")
    request = requests[0]
    near = [*(request.get("contained") or []), *inside]
    patients = [one for one in near if one.get("resourceType") == "Patient"]
    if len(patients) == 1:
        return request, patients[0]
    # Without the patient herself, her number and name may stand in the reference.
    subject = request.get("subject") or {}
    if patients or "identifier" not in subject:
        raise InvalidInput("The patient is contained in the request, or beside it in the Bundle.")
    named = {"text": subject["display"]} if subject.get("display") else {}
    return request, {"identifier": [subject["identifier"]], "name": [named] if named else []}


def _identity(patient: Json) -> Identity:
    identifiers = patient.get("identifier") or []
    number = _identifier(identifiers, "MR") or next(iter(identifiers), {})
    name: Json = next(iter(patient.get("name") or []), {})
    given = list(name.get("given") or [])
    parts = [
        _text(name.get("family") or ("" if given else name.get("text"))),
        _text(given[0]) if given else "",
        " ".join(map(_text, given[1:])),
    ]
    text = "^".join(part.replace("^", " ").replace("=", " ") for part in parts).rstrip("^")
    birth = str(patient.get("birthDate", ""))
    return Identity(_text(number.get("value"))[:64], text, birth if len(birth) == 10 else "")


def _identifier(identifiers: list[Json], code: str) -> Json:
    for one in identifiers:
        codings = (one.get("type") or {}).get("coding") or []
        if any(coding.get("code") == code for coding in codings):
            return one
    return {}


def _accession(identifiers: list[Json]) -> str:
    """The accession number, else the request's own number where DICOM can carry it."""
    named = _text(_identifier(identifiers, "ACSN").get("value"))
    if named:
        return named
    own = _text(next(iter(identifiers), {}).get("value"))
    return (
        own if len(own) <= LONGEST_NUMBER and "\\" not in own and not _study_uid_text(own) else ""
    )


def _study_uid(identifier: Json) -> str:
    of_dicom = identifier.get("system") == "urn:dicom:uid"
    return _study_uid_text(str(identifier.get("value", ""))) if of_dicom else ""


def _study_uid_text(value: str) -> str:
    uid = value.removeprefix("urn:oid:")
    return uid if is_uid(uid) and len(uid) > LONGEST_NUMBER else ""


def _when(request: Json) -> tuple[str, str]:
    """occurrence; else today. The hub's own time zone."""
    period = request.get("occurrencePeriod") or {}
    text = str(request.get("occurrenceDateTime") or period.get("start") or "")
    try:
        if len(text) == 10:
            return datetime.fromisoformat(text).date().isoformat(), ""
        if text:
            moment = datetime.fromisoformat(text)
            moment = moment.astimezone() if moment.tzinfo else moment
            return moment.date().isoformat(), f"{moment:%H:%M}"
    except ValueError as error:
        raise InvalidInput("An order needs a whole day in occurrenceDateTime.") from error
    return datetime.now().astimezone().date().isoformat(), ""


def _station(request: Json) -> str:
    """The AE title of the machine that is to do it: a performer's identifier."""
    for performer in request.get("performer") or []:
        value = _text((performer.get("identifier") or {}).get("value"))
        if performer.get("type") == "Device" and value:
            return value[:LONGEST_NUMBER]
    return ""


def _words(concept: Json | None) -> str:
    if not concept:
        return ""
    coding: Json = next(iter(concept.get("coding") or []), {})
    return _text(concept.get("text") or coding.get("display") or coding.get("code"))


def _reason(request: Json) -> str:
    return next((text for one in request.get("reasonCode") or [] if (text := _words(one))), "")


def _text(value: Any) -> str:
    """One line of at most 200 characters that can be printed."""
    words = " ".join(str(value or "").split())
    return "".join(c for c in words if c.isprintable())[:200]
