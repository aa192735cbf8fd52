"""A tracker payload (DHIS2 2.41, flat form), and what DHIS2's import report says of each object."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from services.publish.dhis2.mapping import ProgramMapping, WomanAttribute
from services.publish.dhis2.uid import uid
from services.publish.dhis2.values import PRELIMINARY, Examined, value_of, woman_value

Json = dict[str, Any]
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9]{10}")
_CODE = re.compile(r"[A-Z][0-9]{4}")
_KINDS = ("tracked_entity", "enrollment", "event")


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event goes. ``new_entity``, ``new_enrollment``: DHIS2 does not have it yet."""

    entity: str
    enrollment: str
    new_entity: bool = False
    new_enrollment: bool = False


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one tracker object; ``code`` is empty when DHIS2 has it."""

    kind: str
    uid: str
    code: str = ""


def entity_uid(mapping: ProgramMapping, site: str, number: str) -> str:
    """Of a woman that the hub registers."""
    return uid("tracked entity", mapping.entity_type, site, number)


def enrollment_uid(mapping: ProgramMapping, entity: str, pregnancy: str) -> str:
    """Of a pregnancy in which the hub enrolls her."""
    return uid("enrollment", mapping.program, entity, pregnancy)


def event_uid(mapping: ProgramMapping, site: str, study_uid: str, number: str) -> str:
    """The same for every version of an examination, so that a retry or a correction updates it. Of
    another woman it is another event: an event cannot be moved (DHIS2's enrollment is immutable)."""
    return uid("event", mapping.stage, site, study_uid, number)


def payload(mapping: ProgramMapping, place: Place, event: str, examined: Examined) -> Json:
    """What is not assessed is null, which takes away what an earlier version told."""
    made: Json = {"events": [_event(mapping, place, event, examined)]}
    if place.new_enrollment:
        made["enrollments"] = [_enrollment(mapping, place, examined)]
    if place.new_entity:
        made["trackedEntities"] = [
            {
                "trackedEntity": place.entity,
                "trackedEntityType": mapping.entity_type,
                "orgUnit": mapping.org_unit,
                "attributes": _attributes(mapping, examined, on_enrollment=False),
            }
        ]
    return made


def _event(mapping: ProgramMapping, place: Place, event: str, examined: Examined) -> Json:
    done = mapping.completes and examined.status != PRELIMINARY
    return {
        "event": event,
        "program": mapping.program,
        "programStage": mapping.stage,
        "enrollment": place.enrollment,
        "trackedEntity": place.entity,
        "orgUnit": mapping.org_unit,
        "status": "COMPLETED" if done else "ACTIVE",
        "occurredAt": examined.day.isoformat(),
        "dataValues": [
            {
                "dataElement": one.uid,
                "value": value_of(one.source, examined, one.fetus, one.options, one.decimals),
            }
            for one in mapping.elements
        ],
    }


def _enrollment(mapping: ProgramMapping, place: Place, examined: Examined) -> Json:
    incident = examined.last_period if mapping.incident == "last_period" else None
    attributes = (
        _attributes(mapping, examined, on_enrollment=True) if place.new_entity else []
    )  # fmt: skip
    return {
        "enrollment": place.enrollment,
        "program": mapping.program,
        "trackedEntity": place.entity,
        "orgUnit": mapping.org_unit,
        "status": "ACTIVE",
        "enrolledAt": examined.day.isoformat(),
        "occurredAt": (incident or examined.day).isoformat(),
        "attributes": attributes,
    }


def _attributes(mapping: ProgramMapping, examined: Examined, *, on_enrollment: bool) -> list[Json]:
    wanted: tuple[WomanAttribute, ...] = (mapping.number, *mapping.attributes)
    attributes = (
        (one.uid, woman_value(one.source, examined.attributes))
        for one in wanted
        if one.on_enrollment is on_enrollment
    )
    return [{"attribute": name, "value": value} for name, value in attributes if value is not None]


def sent_objects(place: Place, event: str) -> Iterator[Imported]:
    """What a payload of these asks to create or update."""
    if place.new_entity:
        yield Imported("tracked_entity", place.entity)
    if place.new_enrollment:
        yield Imported("enrollment", place.enrollment)
    yield Imported("event", event)


def refused(report: Json, sent: list[Imported], known: frozenset[str]) -> list[Imported]:
    """The objects with DHIS2's codes for what it minds of each. Nothing of an import that has an error is
    kept (atomicMode ALL): an object without an error of its own is refused with the others.

    A message may repeat a value that was sent, so nothing of it is told on but the UIDs that the mapping
    names (``known``): a data element's tells which one is meant.
    """
    said: dict[str, list[str]] = {}
    for one in report.get("validationReport", {}).get("errorReports", ()):
        code = str(one.get("errorCode", ""))
        named = [word for word in _WORD.findall(str(one.get("message", ""))) if word in known]
        words = " ".join(dict.fromkeys([code if _CODE.fullmatch(code) else "E9999", *named]))
        said.setdefault(str(one.get("uid", "")), []).append(words)
    mine = {one.uid for one in sent}
    others = ", ".join(words for name, all_ in said.items() if name not in mine for words in all_)
    return [
        Imported(one.kind, one.uid, (", ".join(said.get(one.uid, ())) or others or "refused")[:400])
        for one in sent
    ]


def enrolled_on(enrollment: Json) -> date | None:
    """The day of an enrollment as DHIS2 tells it; None: it cannot be read."""
    try:
        return date.fromisoformat(str(enrollment.get("enrolledAt", ""))[:10])
    except ValueError:
        return None
