"""A part of an ONNX graph as a graph of its own: what leads to some of its values, for any image size.

The file is cut as protobuf's wire format, of which it needs seven field numbers (onnx.proto3: ModelProto.
graph 7; GraphProto.node 1, initializer 5, input 11, output 12, value_info 13; names in each), so that
a hub needs no ONNX library besides the runtime. web/phone/src/reading/clip/subgraph.ts cuts alike.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from services.domain.errors import ReleaseRefused

_GRAPH, _NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO = 7, 1, 5, 11, 12, 13
_NODE_INPUT, _NODE_OUTPUT, _TENSOR_NAME = 1, 2, 8
_FLOAT, _UINT8 = 1, 2
_FIXED = {1: 8, 5: 4}  # bytes of the wire types that have a fixed length
Field = tuple[int, int, bytes]  # number, wire type, payload (of a varint: its bytes)


def cut(graph: bytes, outputs: Sequence[str]) -> bytes:
    """The graph that leads from IMAGE, uint8 [N, H, W] of any size, to ``outputs`` (float32).

    Raises:
        ReleaseRefused: no ONNX file, or none of its nodes gives one of ``outputs``.
    """
    try:
        return b"".join(
            _field(number, kind, _cut(payload, outputs) if number == _GRAPH else payload)
            for number, kind, payload in _fields(graph)
        )
    except (IndexError, UnicodeDecodeError) as error:
        raise ReleaseRefused("vision.onnx is not a file that can be cut.") from error


def _graph(model: bytes) -> bytes:
    return next((payload for number, _, payload in _fields(model) if number == _GRAPH), b"")


def _cut(graph: bytes, outputs: Sequence[str]) -> bytes:
    fields = list(_fields(graph))
    nodes = [payload for number, _, payload in fields if number == _NODE]
    makers = {name: n for n, node in enumerate(nodes) for name in _names(node, _NODE_OUTPUT)}
    missing = [name for name in outputs if name not in makers]
    if missing:
        raise ReleaseRefused(f"vision.onnx does not give {', '.join(missing)}.")
    kept: set[int] = set()
    waiting, needed = list(outputs), set()
    while waiting:
        name = waiting.pop()
        needed.add(name)
        if name in makers and makers[name] not in kept:
            kept.add(makers[name])
            waiting += _names(nodes[makers[name]], _NODE_INPUT)
    parts = [_field(_NODE, 2, node) for n, node in enumerate(nodes) if n in kept]
    gone = (_NODE, _INITIALIZER, _INPUT, _OUTPUT, _VALUE_INFO)
    for number, kind, payload in fields:
        is_used = number == _INITIALIZER and _names(payload, _TENSOR_NAME)[0] in needed
        if is_used or number not in gone:
            parts.append(_field(number, kind, payload))
    parts.append(_field(_INPUT, 2, _value("IMAGE", _UINT8, ("N", "H", "W"))))
    parts += [_field(_OUTPUT, 2, _value(name, _FLOAT)) for name in outputs]
    return b"".join(parts)


def _value(name: str, kind: int, dims: Sequence[str] = ()) -> bytes:
    """ValueInfoProto: name 1, type 2 (tensor_type 1: elem_type 1, shape 2: dim 1: dim_param 2)."""
    tensor = _field(1, 0, bytes([kind]))
    if dims:
        tensor += _field(2, 2, b"".join(_field(1, 2, _field(2, 2, d.encode())) for d in dims))
    return _field(1, 2, name.encode()) + _field(2, 2, _field(1, 2, tensor))


def _names(message: bytes, wanted: int) -> tuple[str, ...]:
    return tuple(
        p.decode() for number, kind, p in _fields(message) if (number, kind) == (wanted, 2)
    )


def _fields(message: bytes) -> Iterator[Field]:
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, kind = key >> 3, key & 7
        if kind == 2:
            size, at = _varint(message, at)
        elif kind == 0:
            size = _varint(message, at)[1] - at
        else:
            size = _FIXED.get(kind, len(message))
        if at + size > len(message):
            raise IndexError("a field ends behind its message")
        yield number, kind, message[at : at + size]
        at += size


def _field(number: int, kind: int, payload: bytes) -> bytes:
    head = _encoded(number << 3 | kind)
    return head + (_encoded(len(payload)) if kind == 2 else b"") + payload


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _encoded(value: int) -> bytes:
    parts = []
    while value > 0x7F:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*parts, value])
