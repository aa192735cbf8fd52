"""Object files whose symbols get names of their own, so that one library fits into a program several times."""

from __future__ import annotations

import struct

import pytest

from edge.android.symbols import defined, renamed, tables

HEADER = struct.Struct("<16sHHIQQQIHHHHHH")
SECTION = struct.Struct("<IIQQQQIIQQ")
SYMBOL = struct.Struct("<IBBHQQ")
GLOBAL, WEAK, LOCAL = 1, 2, 0
CODE = 1  # the section that defines


def object_file(*symbols: tuple[bytes, int, int]) -> bytes:
    """A relocatable file with these (name, binding, section); section 0 uses what others define."""
    names = b"\0" + b"".join(name + b"\0" for name, _, _ in symbols)
    table, at = SYMBOL.pack(0, 0, 0, 0, 0, 0), 1
    for name, binding, section in symbols:
        table += SYMBOL.pack(at, binding << 4, 0, section, 0, 0)
        at += len(name) + 1
    start = HEADER.size
    sections = [
        SECTION.pack(0, 0, 0, 0, 0, 0, 0, 0, 0, 0),
        SECTION.pack(0, 1, 0, 0, start, 0, 0, 0, 1, 0),
        SECTION.pack(0, 2, 0, 0, start, len(table), 3, 1, 8, SYMBOL.size),
        SECTION.pack(0, 3, 0, 0, start + len(table), len(names), 0, 0, 1, 0),
    ]
    place = start + len(table) + len(names)
    magic = b"\x7fELF\x02\x01\x01" + bytes(9)
    head = HEADER.pack(magic, 1, 183, 1, 0, 0, place, 0, 64, 0, 0, SECTION.size, len(sections), 3)
    return head + table + names + b"".join(sections)


def names(data: bytes) -> list[bytes]:
    return [symbol.name for symbol in tables(data)[1] if symbol.name]


def test_what_is_defined_and_what_uses_it_gets_the_name() -> None:
    kernel = object_file((b"here", LOCAL, CODE), (b"dot", GLOBAL, CODE), (b"inline", WEAK, CODE))
    user = object_file((b"main", GLOBAL, CODE), (b"dot", GLOBAL, 0), (b"malloc", GLOBAL, 0))
    own = defined(kernel) | defined(user)
    assert own == {b"dot", b"inline", b"main"}
    assert names(renamed(kernel, own, b"_i8mm")) == [b"here", b"dot_i8mm", b"inline_i8mm"]
    assert names(renamed(user, own, b"_i8mm")) == [b"main_i8mm", b"dot_i8mm", b"malloc"]


def test_nothing_else_moves() -> None:
    before = object_file((b"dot", GLOBAL, CODE), (b"free", GLOBAL, 0))
    after = renamed(before, {b"dot"}, b"_plain")
    changed = [i for i, (a, b) in enumerate(zip(before, after, strict=False)) if a != b]
    head = tables(before)[0]
    assert all(
        HEADER.size + SYMBOL.size <= i < HEADER.size + 2 * SYMBOL.size
        or head <= i < head + SECTION.size
        for i in changed
    )
    assert names(renamed(after, {b"dot_plain"}, b"_2")) == [b"dot_plain_2", b"free"]


@pytest.mark.parametrize("data", [b"", b"!<arch>\n", b"\x7fELF\x01\x01" + bytes(60)])
def test_what_is_no_such_object_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="ELF"):
        tables(data)
