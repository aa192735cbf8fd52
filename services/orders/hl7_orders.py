"""Orders and news of patients out of HL7 v2: ORM^O01, OMG^O19, ADT^A08, ADT^A40.

Where which field stands: HL7 2.3 to 2.5.1, chapters 3 and 4; accession number, station and Study Instance
UID as IHE Radiology (RAD-4) and many systems of imaging departments send them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from services.domain.dicom.values import is_uid
from services.domain.errors import InvalidInput, UnsupportedMedia
from services.domain.orders.order import (
    LONGEST_NUMBER,
    NewOrder,
    OrderSource,
    OrderState,
    PatientNews,
)
from services.domain.patient import Identity
from services.orders.message import Hl7Message, Segment, day_of, text_of_moment

ORDERS = (("ORM", "O01"), ("OMG", "O19"))
NEWS = (("ADT", "A08"), ("ADT", "A40"))
_PLACED = frozenset({"NW", "XO", "SC", "SN", "RO", "XX", "PA", "CH", "OK", "OR"})
_CANCELLED, _BROKEN_OFF = frozenset({"CA", "OC", "CR"}), frozenset({"DC", "OD", "DR"})
_URGENT = frozenset({"S", "A", "STAT", "ASAP", "E", "UR", "TS"})
_ENDED = {"CA": OrderState.CANCELLED, "DC": OrderState.DISCONTINUED, "CM": OrderState.COMPLETED}


class UnknownMessage(UnsupportedMedia):
    """Another kind of message than the hub takes."""

    code, title = "unknown_message", "This kind of HL7 message is not taken here"


@dataclass(frozen=True, slots=True)
class OrderMessage:
    """One order of a message: place or change it, then ``state`` if it is given."""

    order: NewOrder
    state: OrderState | None = None


def orders_of(message: Hl7Message) -> list[OrderMessage]:
    """Every ORC with its OBR. Raises UnknownMessage, InvalidInput."""
    if message.kind not in ORDERS:
        raise UnknownMessage("Orders come as ORM^O01 or OMG^O19.")
    person = message.first("PID")
    if person is None:
        raise InvalidInput("An order names a patient: PID is missing.")
    orders = [_order(message, person, group) for group in message.groups("ORC")]
    if not orders:
        raise InvalidInput("An order message holds an ORC.")
    return orders


def news_of(message: Hl7Message) -> PatientNews:
    """Raises UnknownMessage, InvalidInput."""
    if message.kind not in NEWS:
        raise UnknownMessage("News of patients come as ADT^A08 or ADT^A40.")
    person, prior = message.first("PID"), ""
    if message.kind[1] == "A40":
        merged = message.first("MRG")
        prior = _number(merged, 1) if merged is not None else ""
        if not prior:
            raise InvalidInput("A merge names the former number in MRG-1.")
    identity = identity_of(person) if person is not None else Identity()
    if not identity.number or identity.number == prior:
        raise InvalidInput("News of a patient name her number in PID-3.")
    return PatientNews(identity, prior, message.control_id)


def identity_of(person: Segment) -> Identity:
    """PID-3 (the medical record number if there are several), PID-5, PID-7."""
    family, given, middle, suffix, prefix = (person.text(5, n) for n in range(1, 6))
    parts = [family, given, middle, prefix, suffix]  # as DICOM orders them
    name = "^".join(part.replace("^", " ").replace("=", " ") for part in parts).rstrip("^")
    return Identity(_number(person, 3), name, day_of(person.text(7)))


def _number(segment: Segment, field: int) -> str:
    numbers = range(1, segment.repetitions(field) + 1)
    typed = [n for n in numbers if segment.text(field, 5, n) in ("MR", "PI", "PN")]
    chosen = (*typed, *numbers)
    return segment.text(field, 1, chosen[0])[:64].strip() if chosen else ""


def _order(message: Hl7Message, person: Segment, group: tuple[Segment, ...]) -> OrderMessage:
    common = group[0]
    request = _one(group, "OBR") or common
    timing, step, study = _one(group, "TQ1"), _one(group, "IPC"), _one(group, "ZDS")
    day, time = _when(common, request, timing)
    uid = _first(step.text(3) if step else "", study.text(1) if study else "")
    sex = person.text(8)[:1].upper()
    of_request = request is not common
    order = NewOrder(
        identity=identity_of(person),
        day=day,
        time=time,
        source=OrderSource.HL7,
        accession=_accession(common, request, step),
        placer=_first(common.text(2), request.text(2) if of_request else ""),
        placer_system=_first(common.text(2, 2), message.header.text(4), message.header.text(3)),
        station=_first(step.text(9) if step else "", request.text(21) if of_request else "")[
            :LONGEST_NUMBER
        ],
        sex=sex if sex in ("F", "M", "O") else "",
        procedure=_first(request.text(4, 2), request.text(4)) if of_request else "",
        reason=_first(request.text(31, 2), request.text(31), request.text(13))
        if of_request
        else "",
        referring=_person(common, 12) or (_person(request, 16) if of_request else ""),
        study_uid=uid if is_uid(uid) else "",
        urgent=_urgent(common, request, timing),
    )
    return OrderMessage(order, _state(common))


def _state(common: Segment) -> OrderState | None:
    """ORC-1 and, of a change of status, ORC-5."""
    control = common.text(1)
    if control in _CANCELLED:
        return OrderState.CANCELLED
    if control in _BROKEN_OFF:
        return OrderState.DISCONTINUED
    if control not in _PLACED:
        raise InvalidInput("The order control code of ORC-1 is not known here.")
    return _ENDED.get(common.text(5)) if control in ("SC", "XX", "OR") else None


def _accession(common: Segment, request: Segment, step: Segment | None) -> str:
    """The first that fits of IPC-1, OBR-18 (IHE), the filler's and the placer's number."""
    given = [
        step.text(1) if step else "", request.text(18) if request is not common else "",
        request.text(3), common.text(3), common.text(2),
    ]  # fmt: skip
    return next(
        (one for one in given if one and len(one) <= LONGEST_NUMBER and "\\" not in one), ""
    )


def _when(common: Segment, request: Segment, timing: Segment | None) -> tuple[str, str]:
    """TQ1-7, OBR-36, ORC-7 or OBR-27, OBR-7; else today."""
    of_request = request is not common
    given = [timing.text(7) if timing else "", common.text(7, 4)]
    if of_request:
        given += [request.text(36), request.text(27, 4), request.text(7)]
    for text in given:
        day, time = text_of_moment(text)
        if day:
            return day, time
    return datetime.now().astimezone().date().isoformat(), ""


def _urgent(common: Segment, request: Segment, timing: Segment | None) -> bool:
    given = [timing.text(9) if timing else "", common.text(7, 6)]
    if request is not common:
        given += [request.text(5), request.text(27, 6)]
    return any(one.upper() in _URGENT for one in given)


def _person(segment: Segment, field: int) -> str:
    """An XCN as DICOM PN."""
    family, given = segment.text(field, 2), segment.text(field, 3)
    return f"{family}^{given}".rstrip("^")


def _one(group: tuple[Segment, ...], name: str) -> Segment | None:
    return next((one for one in group if one.name == name), None)


def _first(*given: str) -> str:
    return next((one for one in given if one), "")
