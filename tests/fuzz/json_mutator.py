"""Another document from a JSON document: bytes changed at random are refused before anything reads a field."""

from __future__ import annotations

import copy
import json
import random
from typing import Any

_ODD: tuple[Any, ...] = (
    None, True, -1, 0, 2**53, 2**70, 1e308, -0.0, 5e-324, "", "\0", "\ud800", "../x", "1.2.3", "9" * 70,
    "2026-02-30", "\\", [], {}, [[[[]]]], {"": {"": {}}},
)  # fmt: skip


def mutated(data: bytes, seed: int) -> bytes | None:
    """One place of the document replaced, taken away, doubled, or exchanged for another one; None: no document."""
    try:
        document = json.loads(data)
    except (ValueError, RecursionError):
        return None
    rnd = random.Random(seed)
    places = list(_places(document))
    if not places:
        return json.dumps(rnd.choice(_ODD)).encode()
    holder, key = rnd.choice(places)
    other, there = rnd.choice(places)
    kind = rnd.randrange(4)
    if kind == 0:
        holder[key] = rnd.choice(_ODD)
    elif kind == 1:
        del holder[key]
    elif kind == 2:
        holder[key] = copy.deepcopy(other[there])
    elif isinstance(holder, list):
        holder.extend(copy.deepcopy(holder[key]) for _ in range(rnd.choice((1, 3, 200))))
    else:
        holder[f"{key}_"] = holder[key]
    return json.dumps(document).encode()


def _places(value: Any) -> Any:
    """(list or object, index or key) of everything inside."""
    keys = (
        range(len(value))
        if isinstance(value, list)
        else list(value)
        if isinstance(value, dict)
        else ()
    )
    for key in keys:
        yield value, key
        yield from _places(value[key])
