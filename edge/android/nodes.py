"""Each node of an ONNX graph as steps that ggml has. What has no such step raises ValueError."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import onnx

from edge.android.steps import GraphSteps, Shape, fitted

_PLAIN: Final = {
    "Relu": "relu",
    "Sigmoid": "sigmoid",
    "Tanh": "tanh",
    "Exp": "exp",
    "Abs": "abs",
    "LogSoftmax": "log_softmax",
}
_BINARY: Final = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div"}
_REDUCE: Final = {
    "ReduceMean": "mean", "ReduceSum": "sum", "ReduceMax": "max", "ReduceMin": "min",
}  # fmt: skip
_INPUT: Final = "IMAGE"


def take(to: GraphSteps, node: onnx.NodeProto) -> None:
    """Add the steps of one node.

    Raises:
        ValueError: fada-read has none for it.
    """
    about = {a.name: onnx.helper.get_attribute_value(a) for a in node.attribute}
    out, kind = node.output[0], node.op_type
    shape = to.shape(out)
    if kind in _PLAIN:
        if kind == "LogSoftmax" and about["axis"] not in (-1, len(to.ranks[out]) - 1):
            raise ValueError("LogSoftmax must be along the last axis")
        to.add(_PLAIN[kind], [node.input[0]], out, shape)
    elif kind in _BINARY:
        _binary(to, _BINARY[kind], node, shape)
    elif kind in _REDUCE:
        _reduce(to, _REDUCE[kind], node, about, shape)
    else:
        taken = _OTHERS.get(kind)
        if taken is None:
            raise ValueError(f"fada-read knows no {kind}")
        taken(to, node, about, shape)


def _binary(to: GraphSteps, op: str, node: onnx.NodeProto, shape: Shape) -> None:
    first, second = node.input
    scalar = next((n for n in (second, first) if _is_scalar(to, n)), None)
    if scalar is not None and not (op == "div" and scalar == first):
        value = float(np.asarray(to.constants[scalar]).reshape(-1)[0])
        other = first if scalar == second else second
        turned = op == "sub" and scalar == first
        scale = value if op == "mul" else 1 / value if op == "div" else -1.0 if turned else 1.0
        bias = {"add": value, "sub": value if turned else -value}.get(op, 0.0)
        to.add("scale", [other], node.output[0], shape, scale=scale, bias=bias)
        return
    if op in ("add", "mul") and to.shape(first) != shape:
        first, second = second, first
    if to.shape(first) != shape:
        first = to.add("expand", [to.tensor(first)], f"{node.output[0]}/first", shape)
    to.add(op, [to.tensor(first), to.tensor(second)], node.output[0], shape)


def _is_scalar(to: GraphSteps, name: str) -> bool:
    return name in to.constants and to.constants[name].size == 1


def _reduce(
    to: GraphSteps, op: str, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape
) -> None:
    before = to.ranks[node.input[0]]
    axes = list(about.get("axes") or to.whole(node.input[1]))
    axes = sorted(a % len(before) for a in axes)
    if axes != list(range(len(before) - len(axes), len(before))):
        raise ValueError("only the last axes can be reduced")
    count = int(np.prod([before[a] for a in axes]))
    rows = int(np.prod(before)) // count
    flat = to.add("reshape", [node.input[0]], f"{node.output[0]}/rows", (rows, count))
    to.add(op, [flat], node.output[0], shape)


def _cast(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    if node.input[0] != _INPUT or about["to"] != onnx.TensorProto.FLOAT:
        raise ValueError("only the image is cast")
    to.add("reshape", [_INPUT], node.output[0], shape)


def _reshape(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    to.add("reshape", [to.tensor(node.input[0])], node.output[0], shape)


def _conv(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    top, left, bottom, right = about["pads"]
    if about["group"] != 1 or set(about["dilations"]) != {1} or {top, left} != {bottom, right}:
        raise ValueError("only plain convolutions are known")
    kernel = to.tensor(node.input[1])
    out = node.output[0]
    raw = to.add(
        "conv", [node.input[0], kernel], f"{out}/raw", shape,
        stride=int(about["strides"][0]), pad=int(top),
    )  # fmt: skip
    bias = to.constant(to.constants[node.input[2]].reshape(-1, 1, 1), f"{node.input[2]}/bias")
    to.add("add", [raw, bias], out, shape)


def _gemm(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    if about.get("transA") or about.get("alpha", 1.0) != 1 or about.get("beta", 1.0) != 1:
        raise ValueError("only plain matrix products are known")
    weights = to.constants[node.input[1]]
    rows = weights if about.get("transB") else weights.T
    name = to.constant(rows, f"{node.input[1]}/rows")
    out = node.output[0]
    raw = to.add("matmul", [node.input[0], name], f"{out}/raw", shape)
    to.add("add", [raw, to.tensor(node.input[2])], out, shape)


def _matmul(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    """A step takes its second matrix turned: rows of both lie along the sum."""
    first, second = node.input
    out = node.output[0]
    if second in to.constants:
        turned = to.constant(np.swapaxes(to.constants[second], -1, -2), f"{second}/turned")
    else:
        inner = to.shape(second)
        axes = [*range(len(inner) - 2), len(inner) - 1, len(inner) - 2]
        turned = to.add(
            "transpose", [second], f"{out}/turned", tuple(inner[a] for a in axes), axes=axes
        )
    batches = to.shape(first)[:-2], to.shape(turned)[:-2]
    if (
        np.prod(batches[0], initial=1) != np.prod(batches[1], initial=1)
        and np.prod(batches[1], initial=1) != 1
    ):
        raise ValueError("matrices of a batch must be as many as those of the other")
    if len(batches[0]) != len(batches[1]):  # a batch of one more dimension, of one
        kept = (*(1,) * (len(batches[0]) - len(batches[1])), *to.shape(turned))
        turned = to.add("reshape", [turned], f"{out}/batch", kept)
    to.add("matmul", [to.tensor(first), turned], out, shape)


def _slice(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    starts, ends, axes, steps = (to.whole(name) for name in node.input[1:5])
    if len(axes) != 1:
        raise ValueError("one axis a slice")
    before = to.ranks[node.input[0]]
    axis, size = axes[0] % len(before), before[axes[0] % len(before)]
    if steps == [-1] and starts == [-1] and ends[0] <= -size and axis == len(before) - 1:
        _mirror(to, node.input[0], node.output[0], size, shape)
        return
    if steps != [1]:
        raise ValueError("a slice goes forward, or mirrors the whole last axis")
    begin = starts[0] % size if starts[0] < 0 else starts[0]
    _part(to, node.input[0], node.output[0], axis - len(before), begin, shape)


def _part(to: GraphSteps, name: str, out: str, axis: int, begin: int, shape: Shape) -> None:
    """``axis`` is counted from the end: leading ones may be gone."""
    offsets = [0] * len(shape)
    offsets[axis] = begin
    to.add("slice", [name], out, shape, start=offsets)


def _mirror(to: GraphSteps, name: str, out: str, size: int, shape: Shape) -> None:
    """A product with the mirrored identity: exact, and ggml has no mirror."""
    identity = to.constant(np.eye(size, dtype=np.float32)[::-1], f"mirror/{size}")
    to.add("matmul", [name, identity], out, shape)


def _gather(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    before, axis = to.ranks[node.input[0]], int(about.get("axis", 0))
    places = to.whole(node.input[1])
    out = node.output[0]
    if to.constants[node.input[1]].ndim == 0:
        one = fitted([*before[:axis], 1, *before[axis + 1 :]])
        _part(to, node.input[0], f"{out}/one", axis - len(before), places[0], one)
        to.add("reshape", [f"{out}/one"], out, shape)
        return
    if axis != len(before) - 2:
        raise ValueError("rows can be gathered, nothing else")
    rows = to.constant(np.eye(before[axis], dtype=np.float32)[places], f"{out}/rows")
    turned = to.add(
        "transpose", [node.input[0]], f"{out}/turned", (*shape[:-2], shape[-1], before[axis]),
        axes=[*range(len(shape) - 2), len(shape) - 1, len(shape) - 2],
    )  # fmt: skip
    picked = to.add("matmul", [turned, rows], f"{out}/picked", (*shape[:-2], shape[-1], shape[-2]))
    to.add(
        "transpose", [picked], out, shape,
        axes=[*range(len(shape) - 2), len(shape) - 1, len(shape) - 2],
    )  # fmt: skip


def _clip(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    bounds: list[float | None] = [None, None]
    for place, name in enumerate(node.input[1:3]):
        bounds[place] = float(to.constants[name]) if name else None
    low, high = bounds
    to.add(
        "clamp", [node.input[0]], node.output[0], shape,
        low=-3e38 if low is None else low, high=3e38 if high is None else high,
    )  # fmt: skip


def _concat(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    rank = len(to.ranks[node.output[0]])
    axis = int(about["axis"]) % rank - rank + len(shape)
    to.add("concat", [to.tensor(n) for n in node.input], node.output[0], shape, axis=axis)


def _transpose(
    to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape
) -> None:
    dropped = len(about["perm"]) - len(shape)
    axes = [int(a) - dropped for a in about["perm"][dropped:]]
    if min(axes) < 0:
        raise ValueError("a leading axis that is dropped cannot move")
    to.add("transpose", [node.input[0]], node.output[0], shape, axes=axes)


def _norm(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    out = node.output[0]
    raw = to.add("norm", [node.input[0]], f"{out}/raw", shape, epsilon=float(about["epsilon"]))
    scaled = to.add("mul", [raw, to.tensor(node.input[1])], f"{out}/scaled", shape)
    to.add("add", [scaled, to.tensor(node.input[2])], out, shape)


def _resize(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    how: tuple[bytes, ...] = (
        about["mode"],
        about["coordinate_transformation_mode"],
        about.get("nearest_mode", b""),
    )
    known: dict[tuple[bytes, ...], str] = {
        (b"nearest", b"asymmetric", b"floor"): "nearest", (b"linear", b"half_pixel"): "linear",
    }  # fmt: skip
    mode = known.get(how) or known.get(how[:2])
    if mode is None:
        raise ValueError(f"no resize by {how}")
    to.add("resize", [node.input[0]], node.output[0], shape, mode=mode)


def _pool(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    if about["kernel_shape"] != [2, 2] or about["strides"] != [2, 2] or any(about["pads"]):
        raise ValueError("only pools of two by two are known")
    to.add("pool", [node.input[0]], node.output[0], shape)


def _power(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    if not _is_scalar(to, node.input[1]) or float(to.constants[node.input[1]]) != 2:
        raise ValueError("only squares are known")
    to.add("square", [node.input[0]], node.output[0], shape)


def _expand(to: GraphSteps, node: onnx.NodeProto, about: Mapping[str, Any], shape: Shape) -> None:
    to.add("expand", [to.tensor(node.input[0])], node.output[0], shape)


_Take = Callable[[GraphSteps, onnx.NodeProto, Mapping[str, Any], Shape], None]
_OTHERS: Final[dict[str, _Take]] = {
    "Cast": _cast, "Unsqueeze": _reshape, "Squeeze": _reshape, "Reshape": _reshape,
    "Flatten": _reshape, "Identity": _reshape, "Conv": _conv, "Gemm": _gemm, "MatMul": _matmul,
    "Slice": _slice, "Gather": _gather, "Clip": _clip, "Concat": _concat,
    "Transpose": _transpose, "LayerNormalization": _norm, "Resize": _resize, "MaxPool": _pool,
    "Pow": _power, "Expand": _expand,
}  # fmt: skip
