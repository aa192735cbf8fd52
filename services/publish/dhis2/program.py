"""Whether a programme in DHIS2 has what a mapping names, told before the first result is sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from services.domain.errors import Conflict
from services.publish.dhis2.mapping import DataElement, ProgramMapping
from services.publish.dhis2.values import SOURCES

_NUMBERS = {
    "NUMBER",
    "INTEGER",
    "INTEGER_POSITIVE",
    "INTEGER_ZERO_OR_POSITIVE",
    "PERCENTAGE",
    "UNIT_INTERVAL",
}
_TEXTS = {"TEXT", "LONG_TEXT"}
_DATES = {"due_date", "last_period", "examination_date"}
_MOST_SAID = 8


class MappingMismatch(Conflict):
    """The mapping names what DHIS2 does not have, or not in this form."""

    code, title = "mapping_mismatch", "The mapping does not fit the programme in DHIS2"


def check_program(mapping: ProgramMapping, program: dict[str, Any] | None) -> None:
    """``program`` as ``/api/programs`` tells it; None: it does not. Raises MappingMismatch."""
    if program is None:
        raise MappingMismatch(f"Programme {mapping.program} is not there, or not to be seen.")
    if faults := list(_faults(mapping, program)):
        raise MappingMismatch("; ".join(faults[:_MOST_SAID]))


def _faults(mapping: ProgramMapping, program: dict[str, Any]) -> Iterator[str]:
    if (program.get("trackedEntityType") or {}).get("id") != mapping.entity_type:
        yield f"the programme is not about tracked entity type {mapping.entity_type}"
    of_program = {
        one.get("trackedEntityAttribute", {}).get("id")
        for one in program.get("programTrackedEntityAttributes", ())
    }
    for one in (mapping.number, *mapping.attributes):
        if one.on_enrollment and one.uid not in of_program:
            yield f"attribute {one.uid} is not the programme's"
    stage = next((s for s in program.get("programStages", ()) if s["id"] == mapping.stage), None)
    if stage is None:
        yield f"stage {mapping.stage} is not the programme's"
        return
    if not stage.get("repeatable"):
        yield f"stage {mapping.stage} is not repeatable: a second examination has no place"
    held = {
        one["dataElement"]["id"]: one["dataElement"]
        for one in stage.get("programStageDataElements", ())
    }
    for element in mapping.elements:
        if element.uid not in held:
            yield f"data element {element.uid} is not of the stage"
        else:
            yield from _unfit(element, held[element.uid])


def _unfit(element: DataElement, held: dict[str, Any]) -> Iterator[str]:
    kind = str(held.get("valueType", ""))
    if not _fits(element, kind):
        yield f"data element {element.uid} is {kind}, which {element.source} does not fit"
    options = {one.get("code") for one in (held.get("optionSet") or {}).get("options", ())}
    codes = element.options or {one: one for one in SOURCES[element.source].codes}
    lacking = sorted({code for code in codes.values() if code} - options)
    if options and lacking:
        yield f"data element {element.uid} has no option {', '.join(lacking)}"


def _fits(element: DataElement, kind: str) -> bool:
    if kind in _TEXTS:
        return True
    if SOURCES[element.source].decimals is not None:
        places = SOURCES[element.source].decimals if element.decimals is None else element.decimals
        return kind in _NUMBERS and (not kind.startswith("INTEGER") or places == 0)
    if element.source in _DATES:
        return kind in ("DATE", "DATETIME")
    if element.source == "reviewed" and not element.options:
        return kind == "BOOLEAN"
    return bool(element.options)
