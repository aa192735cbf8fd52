"""The mapping of a programme: which data element gets what, in YAML or JSON, checked by a schema.

All scalars are text, so that an option code 01 stays 01 and a ``no`` stays "no". What a schema cannot say
is checked after it: option codes for all values, and that every event tells whether a person has reviewed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator

from services.domain.errors import InvalidInput
from services.publish.dhis2.values import SOURCES

MAX_BYTES = 64 * 1024
_SCHEMA = Path(__file__).with_name("mapping.schema.json")
_MOST_SAID = 5


class MappingUnreadable(InvalidInput):
    """Neither YAML nor JSON, or with what a mapping has no need of."""

    code, title = "mapping_unreadable", "The mapping is neither YAML nor JSON"


class MappingInvalid(InvalidInput):
    """The schema, or the rules beside it, are not kept."""

    code, title = "mapping_invalid", "The mapping does not follow its schema"


@dataclass(frozen=True, slots=True)
class DataElement:
    """What a data element gets: see ``values.SOURCES``. ``options``: value → option code."""

    uid: str
    source: str
    fetus: str = ""
    options: Mapping[str, str] = field(default_factory=dict)
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class WomanAttribute:
    """What is told of a woman who is new to DHIS2; ``on_enrollment``: it is the programme's."""

    uid: str
    source: str
    on_enrollment: bool = False


@dataclass(frozen=True, slots=True)
class ProgramMapping:
    """``longest_days``: an older active enrollment is of another pregnancy; ``incident``: its date is
    that of the last period or of the examination; ``completes``: a final result completes its event."""

    org_unit: str
    program: str
    stage: str
    entity_type: str
    number: WomanAttribute
    attributes: tuple[WomanAttribute, ...]
    elements: tuple[DataElement, ...]
    longest_days: int
    incident: str
    completes: bool

    @property
    def uids(self) -> frozenset[str]:
        """All that it names: what of a receiver's message may be told on."""
        named = {self.org_unit, self.program, self.stage, self.entity_type}
        attributes = {one.uid for one in (self.number, *self.attributes)}
        return frozenset(named | attributes | {one.uid for one in self.elements})


def parse_mapping(text: str) -> ProgramMapping:
    """Raises MappingUnreadable, MappingInvalid: their detail says where and what."""
    if len(text.encode()) > MAX_BYTES:
        raise MappingUnreadable(f"A mapping has at most {MAX_BYTES // 1024} KiB.")
    content = _plain(text)
    problems = sorted(_validator().iter_errors(content), key=lambda one: list(map(str, one.path)))
    faults = [f"{_place(one.absolute_path)}: {one.message[:200]}" for one in problems]
    faults = faults or list(_faults(content))
    if faults:
        raise MappingInvalid("; ".join(faults[:_MOST_SAID]))
    return _made(content)


@cache
def _validator() -> Draft202012Validator:
    return Draft202012Validator(json.loads(_SCHEMA.read_text()))


def _plain(text: str) -> Any:
    """Dictionaries, lists and text. Aliases are refused: a short text must not become a large one."""
    try:
        if text.lstrip().startswith("{"):
            return _texts(json.loads(text, parse_int=str, parse_float=str, object_pairs_hook=_once))
        if any(isinstance(one, yaml.AliasEvent) for one in yaml.parse(text, yaml.SafeLoader)):
            raise ValueError("aliases are not used here")
        return _of_node(yaml.compose(text, yaml.SafeLoader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        said = str(error).replace("\n", " ")[:300]
        raise MappingUnreadable(f"The mapping cannot be read: {said}") from error


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    names = [name for name, _ in pairs]
    if twice := {name for name in names if names.count(name) > 1}:
        raise ValueError(f"named twice: {', '.join(sorted(twice))}")
    return dict(pairs)


def _texts(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _texts(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_texts(one) for one in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else value


def _of_node(node: yaml.Node | None) -> Any:
    if isinstance(node, yaml.MappingNode):
        return _once([(str(_of_node(name)), _of_node(value)) for name, value in node.value])
    if isinstance(node, yaml.SequenceNode):
        return [_of_node(one) for one in node.value]
    return node.value if node is not None else ""


def _place(path: Any) -> str:
    said = "".join(f"[{one}]" if isinstance(one, int) else f".{one}" for one in path)
    return said.lstrip(".") or "the mapping"


def _faults(content: dict[str, Any]) -> Iterator[str]:
    """What the schema does not say."""
    elements = content["data_elements"]
    uids = [one["element"] for one in elements]
    for twice in sorted({one for one in uids if uids.count(one) > 1}):
        yield f"data_elements: {twice} is filled twice"
    if not {"reviewed", "status"} & {one["from"] for one in elements}:
        yield (
            "data_elements: one must come from reviewed or status, so that nobody takes a figure of the"
            " machine for a person's"
        )
    for number, one in enumerate(elements):
        source, place = SOURCES[one["from"]], f"data_elements[{number}]"
        options = one.get("options", {})
        if options and not source.codes:
            yield f"{place}.options: {one['from']} has no codes"
        elif options and (lacking := set(source.codes) ^ set(options)):
            yield (
                f"{place}.options: has to name {', '.join(source.codes)} and nothing else"
                f" (see {', '.join(sorted(lacking))}); an empty code leaves a value out"
            )
        if "decimals" in one and source.decimals is None:
            yield f"{place}.decimals: {one['from']} is no number"
        if "fetus" in one and not source.of_fetus:
            yield f"{place}.fetus: {one['from']} is the same for all fetuses"


def _made(content: dict[str, Any]) -> ProgramMapping:
    entity, enrollment = content["tracked_entity"], content.get("enrollment", {})
    return ProgramMapping(
        content["org_unit"],
        content["program"],
        content["program_stage"],
        entity["type"],
        _attribute({**entity["number"], "from": "number"}),
        tuple(_attribute(one) for one in entity.get("attributes", ())),
        tuple(_element(one) for one in content["data_elements"]),
        int(enrollment.get("longest_days", "320")),
        enrollment.get("incident_date", "examination"),
        content.get("completes_event", "false") == "true",
    )


def _attribute(one: dict[str, str]) -> WomanAttribute:
    return WomanAttribute(one["attribute"], one["from"], one.get("of", "") == "program")


def _element(one: dict[str, Any]) -> DataElement:
    decimals = int(one["decimals"]) if "decimals" in one else None
    return DataElement(
        one["element"], one["from"], one.get("fetus", ""), one.get("options", {}), decimals
    )
