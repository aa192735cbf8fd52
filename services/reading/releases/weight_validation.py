"""Is a file's outside what its name says? Bounded checks before any library parses it.

Both formats come from other people. A length that points past the file's end, or a count without
measure, is refused here, before llama.cpp or ONNX Runtime believes it.
"""

from __future__ import annotations

import json
import mmap
import struct
from pathlib import Path
from typing import Final

from services.domain.errors import ReleaseMalformed

# GGUF (ggml/docs/gguf.md): bytes of the scalar metadata types
_SCALARS: Final = {0: 1, 1: 1, 2: 2, 3: 2, 4: 4, 5: 4, 6: 4, 7: 1, 10: 8, 11: 8, 12: 8}
_STRING, _ARRAY = 8, 9
# tensor types: (values a block, bytes a block)
_BLOCKS: Final = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34),
    9: (32, 36), 10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210),
    15: (256, 292), 24: (1, 1), 25: (1, 2), 26: (1, 4), 27: (1, 8), 28: (1, 8), 30: (1, 2),
}  # fmt: skip
_MAX_TENSORS, _MAX_KEYS = 100_000, 10_000
_MAX_HEADER = 100 * 2**20
_MAX_STRING, _MAX_ARRAY, _MAX_NAME = 16 * 2**20, 2_000_000, 256


class _Cursor:
    """Reads little-endian values and refuses to leave the file."""

    def __init__(self, data: mmap.mmap, name: str) -> None:
        self.data, self.name, self.at = data, name, 0

    def refuse(self, why: str) -> ReleaseMalformed:
        """The error to raise, with the file's name."""
        return ReleaseMalformed(f"{self.name}: {why}.")

    def skip(self, count: int) -> int:
        """Pass ``count`` bytes; where they begin."""
        start, self.at = self.at, self.at + count
        if count < 0 or self.at > len(self.data):
            raise self.refuse("a length points past the end of the file")
        return start

    def u32(self) -> int:
        """The next 4 bytes as an unsigned integer."""
        return int(struct.unpack_from("<I", self.data, self.skip(4))[0])

    def u64(self) -> int:
        """The next 8 bytes as an unsigned integer."""
        return int(struct.unpack_from("<Q", self.data, self.skip(8))[0])

    def string(self, most: int) -> None:
        """Pass a string of at most ``most`` bytes."""
        length = self.u64()
        if length > most:
            raise self.refuse("a text is too long")
        self.skip(length)

    def value(self, kind: int, depth: int = 0) -> None:
        """Pass a metadata value of GGUF type ``kind``."""
        if kind in _SCALARS:
            self.skip(_SCALARS[kind])
        elif kind == _STRING:
            self.string(_MAX_STRING)
        elif kind == _ARRAY and depth < 2:
            inner, count = self.u32(), self.u64()
            if count > _MAX_ARRAY:
                raise self.refuse("a list is too long")
            if inner in _SCALARS:
                self.skip(_SCALARS[inner] * count)
                return
            for _ in range(count):
                self.value(inner, depth + 1)
        else:
            raise self.refuse("a metadata value has an unknown type")


def check_gguf(path: Path) -> None:
    """Walk a GGUF file's header: magic, version, metadata, tensor list, and that tensors fit.

    Raises:
        ReleaseMalformed: any of it does not hold.
    """
    with path.open("rb") as file:
        if path.stat().st_size < 24:
            raise ReleaseMalformed(f"{path.name}: too short for GGUF.")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            _walk_gguf(_Cursor(data, path.name))


def _walk_gguf(cursor: _Cursor) -> None:
    if cursor.data[cursor.skip(4) : 4] != b"GGUF":
        raise cursor.refuse("not GGUF")
    if cursor.u32() not in (2, 3):
        raise cursor.refuse("an unknown version of GGUF")
    tensors, keys = cursor.u64(), cursor.u64()
    if not 0 < tensors <= _MAX_TENSORS or keys > _MAX_KEYS:
        raise cursor.refuse("an impossible number of tensors or keys")
    for _ in range(keys):
        cursor.string(_MAX_NAME)
        cursor.value(cursor.u32())
    ends = [_tensor_end(cursor) for _ in range(tensors)]
    # Tensors follow the header, aligned; with the smallest alignment they need at least this.
    if cursor.at + max(ends) > len(cursor.data):
        raise cursor.refuse("a tensor points past the end of the file")


def _tensor_end(cursor: _Cursor) -> int:
    """Where a tensor's data end, from the start of the data."""
    cursor.string(_MAX_NAME)
    dimensions = cursor.u32()
    if not 0 < dimensions <= 4:
        raise cursor.refuse("a tensor with an impossible number of dimensions")
    values = 1
    for _ in range(dimensions):
        values *= cursor.u64()
    kind, offset = cursor.u32(), cursor.u64()
    if not 0 < values <= 2**42:
        raise cursor.refuse("a tensor of an impossible size")
    per_block, block_bytes = _BLOCKS.get(kind, (256, 1))  # unknown: count at least something
    return offset + values // per_block * block_bytes


def check_safetensors(path: Path) -> None:
    """A safetensors file's header: its length, that it is JSON, and that all tensors fit.

    Raises:
        ReleaseMalformed: any of it does not hold.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if not 2 <= length <= min(_MAX_HEADER, size - 8):
            raise ReleaseMalformed(f"{path.name}: a length points past the end of the file.")
        head = file.read(length)
    try:
        tensors = {k: v for k, v in json.loads(head).items() if k != "__metadata__"}
        ends = [int(end) for end in (v["data_offsets"][1] for v in tensors.values())]
    except (ValueError, RecursionError, AttributeError, KeyError, TypeError, IndexError) as error:
        raise ReleaseMalformed(f"{path.name}: not safetensors.") from error
    if not ends or max(ends) != size - 8 - length:
        raise ReleaseMalformed(f"{path.name}: the tensors do not fill the file.")


def check_onnx(graph: bytes, name: str = "vision.onnx") -> None:
    """Walk the outermost protobuf fields of an ONNX model: they must fill the file exactly and hold
    a version (1), a graph (7) and operator sets (8).

    Raises:
        ReleaseMalformed: any of it does not hold.
    """
    at, seen = 0, set()
    while at < len(graph):
        tag, at = _varint(graph, at, name)
        number, wire = tag >> 3, tag & 7
        if not 0 < number <= 64:
            raise ReleaseMalformed(f"{name}: not an ONNX model.")
        seen.add(number)
        if wire == 0:
            _, at = _varint(graph, at, name)
        elif wire == 2:
            length, at = _varint(graph, at, name)
            at += length
        else:
            raise ReleaseMalformed(f"{name}: not an ONNX model.")
        if at > len(graph):
            raise ReleaseMalformed(f"{name}: a length points past the end of the file.")
    if not {1, 7, 8} <= seen:
        raise ReleaseMalformed(f"{name}: not an ONNX model.")


def _varint(data: bytes, at: int, name: str) -> tuple[int, int]:
    value = shift = 0
    while at < len(data) and shift < 64:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
    raise ReleaseMalformed(f"{name}: not an ONNX model.")
