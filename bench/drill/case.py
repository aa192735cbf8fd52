"""A case of the drill: what is done, what is expected, by which tests and on which running hub it is seen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from bench.drill.hub import DrillHub


@dataclass(frozen=True, slots=True)
class Seen:
    """On the running hub: whether it ``held``, and what was ``seen``, in a few words."""

    held: bool
    seen: str


Act = Callable[["DrillHub"], Seen | None]


@dataclass(frozen=True, slots=True)
class Case:
    """``number``: of the list of cases, or F1… for what is beyond it. ``tests``: node ids that must pass.

    ``live``: ``act`` strikes a running hub; otherwise it says only what the case is. ``index``: the one
    index that ``act`` needs; empty: any.
    """

    number: str
    what: str
    expected: str
    tests: tuple[str, ...]
    live: bool
    index: str
    act: Act


CASES: list[Case] = []


def case(
    number: int | str, expected: str, *tests: str, live: bool = False, index: str = ""
) -> Callable[[Act], Act]:
    """Register a function as a case; the first line of its docstring is ``number: what is done``."""

    def register(act: Act) -> Act:
        first = (act.__doc__ or "").strip().splitlines()[0]
        title, _, what = first.partition(": ")
        if title != str(number) or not what or not (tests or live):
            raise ValueError(f"case {number}: its docstring or its tests are missing")
        CASES.append(Case(str(number), what.rstrip("."), expected, tests, live, index, act))
        return act

    return register


def order(number: str) -> tuple[bool, int]:
    """Cases of the list first, each kind by number."""
    return not number.isdigit(), int(number.lstrip("F"))
