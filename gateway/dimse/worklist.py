"""Orders as items of the modality worklist (PS3.4 annex K): matched, and cut to what was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Any

from services.domain.dicom.matching import matches
from services.domain.orders.order import OrderState
from services.domain.patient import identity_attributes
from services.index.port import Index, Order, OrderQuery

Json = dict[str, Any]
_STEPS, _DAY = "00400100", "00400002"
_OPEN = (OrderState.SCHEDULED, OrderState.IN_PROGRESS)


def worklist(index: Index, site: str, station: str, query: Json) -> Iterator[Json]:
    """The open orders of a machine; without a date today's."""
    wanted = (query.get(_STEPS, {}).get("Value") or [{}])[0]
    first, last = _days(_pattern(wanted, _DAY))
    orders = OrderQuery(first, last, _OPEN, station, limit=1000)
    with index.read() as tx:
        entries = tx.orders.find(site, orders)
    for order in entries:
        item = _item(order, station)
        (step,) = item[_STEPS]["Value"]
        if matches(item, _patterns(query)) and matches(step, _patterns(wanted)):
            yield _asked_for(item, query)


def _item(order: Order, station: str) -> Json:
    day = order.day.replace("-", "")
    step = {
        "00080060": _value("CS", "US"),
        "00400001": _value("AE", order.station or station),
        _DAY: _value("DA", day),
        "00400003": _value("TM", f"{order.time.replace(':', '') or '0000'}00"),
        "00400006": _value("PN", None),
        "00400007": _value("LO", order.procedure or "Ultrasound"),
        "00400009": _value("SH", order.accession),
        "00400010": _value("SH", order.station),
        "00400020": _value(
            "CS", "STARTED" if order.state is OrderState.IN_PROGRESS else "SCHEDULED"
        ),
    }
    referring = {"Alphabetic": order.referring} if order.referring else None
    return {
        **identity_attributes(order.identity),
        "00080050": _value("SH", order.accession),
        "00080090": _value("PN", referring),
        "00081110": {"vr": "SQ"},
        "00100040": _value("CS", order.sex),
        "0020000D": _value("UI", order.study_uid),
        "00321032": _value("PN", referring),
        "00321060": _value("LO", order.procedure or "Ultrasound"),
        "00401001": _value("SH", order.accession),
        "00401002": _value("LO", order.reason[:64]),
        "00401003": _value("SH", "HIGH" if order.urgent else "ROUTINE"),
        "00402016": _value("LO", order.placer[:64]),
        _STEPS: {"vr": "SQ", "Value": [step]},
    }


def _value(vr: str, value: Any) -> Json:
    return {"vr": vr, "Value": [value]} if value else {"vr": vr}


def _asked_for(item: Json, query: Json) -> Json:
    """The attributes that the query names; what is not known here comes back empty. A sequence without
    an item asks for all of it."""
    answer: Json = {}
    for tag, entry in query.items():
        if tag == _STEPS:
            inside = entry.get("Value") or [{}]
            (step,) = item[_STEPS]["Value"]
            chosen = _asked_for(step, inside[0]) if inside[0] else step
            answer[tag] = {"vr": "SQ", "Value": [chosen]}
        else:
            answer[tag] = item.get(tag, {"vr": entry.get("vr", "UN")})
    return answer


def _patterns(query: Json) -> dict[str, str]:
    """What is matched: single values of attributes that are no sequence."""
    patterns = {
        tag: _pattern(query, tag)
        for tag, entry in query.items()
        if entry.get("vr") != "SQ" and tag != "00080005"
    }
    return {tag: pattern for tag, pattern in patterns.items() if pattern}


def _pattern(query: Json, tag: str) -> str:
    values = query.get(tag, {}).get("Value") or []
    texts = [one.get("Alphabetic", "") if isinstance(one, dict) else str(one) for one in values]
    return "\\".join(text for text in texts if text)


def _days(pattern: str) -> tuple[str, str]:
    """The first and the last day of a DA range, ISO 8601; today without one. An open end is a year."""
    today = datetime.now().astimezone().date()
    if not pattern or pattern == "*":
        return today.isoformat(), today.isoformat()
    low, dash, high = pattern.partition("-")
    first = _day(low) or today - timedelta(days=365)
    last = (_day(high) or today + timedelta(days=365)) if dash else first
    return first.isoformat(), last.isoformat()


def _day(text: str) -> date | None:
    try:
        return datetime.strptime(text.strip(), "%Y%m%d").date()
    except ValueError:
        return None
