"""The steps of one graph, their shapes and their constants, as edge.android.nodes adds them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import numpy_helper

Shape = tuple[int, ...]
Array = NDArray[Any]


class GraphSteps:
    """The steps of one graph and their constants."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self.constants: dict[str, Array] = {
            t.name: numpy_helper.to_array(t) for t in graph.initializer
        }
        self.ranks: dict[str, Shape] = {
            v.name: tuple(d.dim_value for d in v.type.tensor_type.shape.dim)
            for v in (*graph.value_info, *graph.input, *graph.output)
        }
        self.steps: list[dict[str, Any]] = []
        self.weights: dict[str, Array] = {}
        self.outputs = {o.name: list(self.shape(o.name)) for o in graph.output}

    def shape(self, name: str) -> Shape:
        """Without leading ones beyond four dimensions."""
        known = self.constants.get(name)
        shape = self.ranks.get(name, (0,)) if known is None else known.shape
        if 0 in shape:
            raise ValueError(f"the shape of {name} is not known")
        return fitted(shape)

    def add(self, op: str, names: Sequence[str], out: str, shape: Shape, **more: Any) -> str:
        """One step; returns the name of what it gives."""
        self.ranks.setdefault(out, shape)
        self.steps.append({"op": op, "in": list(names), "out": out, "shape": list(shape), **more})
        return out

    def constant(self, value: Array, name: str) -> str:
        """The name under which a constant of at most four dimensions is kept."""
        value = np.asarray(value, np.float32)
        self.weights[name] = value.reshape(fitted(value.shape))
        self.ranks[name] = fitted(value.shape)
        return name

    def tensor(self, name: str) -> str:
        """A node's input; a constant is kept as it is first used."""
        if name in self.constants and name not in self.weights:
            self.constant(self.constants[name], name)
        return name

    def whole(self, name: str) -> list[int]:
        """A constant of integers."""
        if name not in self.constants:
            raise ValueError(f"{name} depends on the image")
        return [int(v) for v in np.asarray(self.constants[name]).reshape(-1)]


def fitted(shape: Sequence[int]) -> Shape:
    """A shape of one to four dimensions: leading ones are dropped."""
    kept = list(shape)
    while len(kept) > 4 and kept[0] == 1:
        kept.pop(0)
    if len(kept) > 4:
        raise ValueError(f"{tuple(shape)} has more than four dimensions")
    return tuple(int(n) for n in kept) or (1,)
