"""Where what is said about an examination comes from: who said it, by what, and when."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any, Final

_BY_PART: Final = "anatomy"  # people look at one part after another


class SourceKind(StrEnum):
    """What said it."""

    PERSON = "person"  # at the hub
    PHONE = "phone"
    ORDER = "order"
    IMAGES = "images"  # the header of the images


@dataclass(frozen=True, slots=True)
class Source:
    """Who said it and when. ``name``: of the person or phone, the order's number; empty where there is
    none. ``at``: None where it is not known."""

    kind: SourceKind
    name: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """Who entered a fact, by subject, and when it became what it is."""

    author: str
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Said:
    """The facts of one source on one day, by name; ``source.at`` is the last of them."""

    source: Source
    facts: tuple[str, ...]


def entries_of(versions: Iterable[tuple[Entry, Mapping[str, Any]]]) -> dict[str, Entry]:
    """Name of a fact → who entered it as it stands in the newest version.

    Args:
        versions: oldest first: who made each, and the values that it holds.

    Returns:
        Anatomy is told part by part, as ``anatomy.heart``.
    """
    entries: dict[str, Entry] = {}
    before: dict[str, Any] = {}
    for entry, values in versions:
        now = _flat(values)
        entries = {
            name: entries[name] if name in entries and before[name] == value else entry
            for name, value in now.items()
        }
        before = now
    return entries


def together(sources: Mapping[str, Source], names: Sequence[str]) -> tuple[Said, ...]:
    """The facts of ``names`` by source and day, in the order of ``names``; anatomy is one of them."""
    groups: dict[tuple[SourceKind, str, object], list[tuple[str, Source]]] = {}
    for name in names:
        for key, source in sources.items():
            if key == name or key.startswith(f"{name}."):
                day = source.at.date() if source.at is not None else None
                groups.setdefault((source.kind, source.name, day), []).append((name, source))
    return tuple(
        Said(
            max((source for _, source in said), key=_moment),
            tuple(dict.fromkeys(name for name, _ in said)),
        )
        for said in groups.values()
    )


def _moment(source: Source) -> datetime:
    return source.at or datetime.min.replace(tzinfo=UTC)


def _flat(values: Mapping[str, Any]) -> dict[str, Any]:
    flat = {name: value for name, value in values.items() if name != _BY_PART}
    parts = values.get(_BY_PART) or {}
    return {**flat, **{f"{_BY_PART}.{part}": state for part, state in parts.items()}}
