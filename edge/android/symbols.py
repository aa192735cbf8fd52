"""Gives every symbol that some object files define a name of its own, and puts them into one archive:
`python symbols.py NAME ARCHIVE AR OBJECT...`. Run by CMake; needs the standard library alone.

So one static program can hold the same library several times, compiled for several processors, inline
functions included: none of them may end in code that another processor cannot run. Objects are 64-bit
little-endian ELF; nothing in them moves but their table of names, which is written anew at their end.
"""

from __future__ import annotations

import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

_HEADER: Final = struct.Struct("<16sHHIQQQIHHHHHH")
_SECTION: Final = struct.Struct("<IIQQQQIIQQ")
_SYMBOL: Final = struct.Struct("<IBBHQQ")
_SYMBOL_TABLE: Final = 2
_LOCAL: Final = 0


class Symbol(NamedTuple):
    """Where a symbol's entry stands in the file, its name, and whether it is local or defined here."""

    at: int
    name: bytes
    local: bool
    defined: bool


def tables(data: bytes) -> tuple[int, list[Symbol]]:
    """(place in the file of the names' section header, the symbols).

    Raises:
        ValueError: not such an object file.
    """
    if data[:6] != b"\x7fELF\x02\x01":
        raise ValueError("not a 64-bit little-endian ELF file")
    header = _HEADER.unpack_from(data)
    start, count = header[6], header[12]
    heads = [start + number * _SECTION.size for number in range(count)]
    sections = [_SECTION.unpack_from(data, at) for at in heads]
    table = next((s for s in sections if s[1] == _SYMBOL_TABLE), None)
    if table is None:
        raise ValueError("no table of symbols")
    names = sections[table[6]]
    return heads[table[6]], list(_symbols(data, table, names[4]))


def _symbols(data: bytes, table: tuple[int, ...], names: int) -> Iterator[Symbol]:
    for at in range(table[4], table[4] + table[5], _SYMBOL.size):
        name, info, _, section, _, _ = _SYMBOL.unpack_from(data, at)
        begin = names + name
        text = data[begin : data.index(b"\0", begin)]
        yield Symbol(at, text, info >> 4 == _LOCAL, section != 0)


def defined(data: bytes) -> set[bytes]:
    """Names that an object gives to others."""
    return {s.name for s in tables(data)[1] if s.defined and not s.local and s.name}


def renamed(data: bytes, names: set[bytes], suffix: bytes) -> bytes:
    """The object with ``suffix`` behind each of ``names``, wherever it defines or uses them."""
    head, symbols = tables(data)
    section = list(_SECTION.unpack_from(data, head))
    written = bytearray(data[section[4] : section[4] + section[5]])
    out = bytearray(data)
    for symbol in symbols:
        if symbol.name in names and not symbol.local:
            struct.pack_into("<I", out, symbol.at, len(written))
            written += symbol.name + suffix + b"\0"
    out += bytes(-len(out) % 8)
    section[4], section[5] = len(out), len(written)
    _SECTION.pack_into(out, head, *section)
    return bytes(out + written)


def main() -> None:
    """The command line."""
    name, archive, ar, *objects = sys.argv[1:]
    read = {Path(path): Path(path).read_bytes() for path in objects}
    names = set().union(*(defined(data) for data in read.values()))
    folder = Path(archive).with_suffix(".objects")
    folder.mkdir(exist_ok=True)
    made = []
    for number, (path, data) in enumerate(read.items()):
        made.append(folder / f"{number}-{path.name}")
        made[-1].write_bytes(renamed(data, names, b"_" + name.encode()))
    Path(archive).unlink(missing_ok=True)
    subprocess.run([ar, "rcs", archive, *made], check=True)


if __name__ == "__main__":
    main()
