"""Every door takes its own seeds and a few thousand damaged ones: refused or taken, never another error."""

from __future__ import annotations

import random

import pytest
from fuzz.targets import TARGETS

_ROUNDS = {"dicom": 400, "carried": 300, "multipart": 400}  # of each; the others are quicker


def damaged(seed: bytes, rnd: random.Random) -> bytes:
    """Bytes changed, cut, doubled and swapped, as on bad lines and by bad hands."""
    data = bytearray(seed)
    for _ in range(rnd.randint(1, 6)):
        at = rnd.randrange(len(data) or 1)
        kind = rnd.randrange(5)
        if kind == 0:
            data[at : at + 1] = bytes([rnd.randrange(256)])
        elif kind == 1:
            del data[at : at + rnd.randint(1, 40)]
        elif kind == 2:
            data[at:at] = data[at : at + rnd.randint(1, 40)]
        elif kind == 3:
            data[at : at + 4] = rnd.choice((b"\xff" * 4, b"\0" * 4, b"\x00\x00\x00\x80"))
        else:
            data[at:at] = rnd.choice((b"-1", b"1e999", b"null", b"[[[[", b"\\", b"\xed\xa0\x80"))
    return bytes(data)


@pytest.mark.parametrize("name", sorted(TARGETS))
def test_damaged_bytes_are_refused_in_words(name: str) -> None:
    target, rnd = TARGETS[name], random.Random(f"door {name}")
    seeds = target.seeds()
    for seed in seeds:
        target.take(seed)
    for _ in range(_ROUNDS.get(name, 1500)):
        target.take(damaged(rnd.choice(seeds), rnd))
