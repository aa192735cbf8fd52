"""A release's vision.onnx as a list of ggml's own operations: what fada-read runs of the dense heads.

The graph is folded for one image by ONNX Runtime, then each node becomes one to three steps that
edge/android/program/heads.cpp knows by name. Anything else raises ValueError: nothing is left out in silence.

A step: ``{"op", "in": [names], "out": name, "shape": [...], ...}``; shapes are ONNX's, without leading
ones, at most four. Constants lie in one file of little-endian float32 or, where nothing is lost, float16.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import Any, Final

import numpy as np
import onnx
import onnxruntime

from edge.android.nodes import take
from edge.android.steps import GraphSteps

GRAPH: Final = "heads.json"
WEIGHTS: Final = "heads.bin"


def folded(graph: bytes) -> onnx.ModelProto:
    """The graph for one image: every shape known, everything constant computed."""
    model = onnx.load_from_string(graph)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as folder:
        options.optimized_model_filepath = f"{folder}/folded.onnx"
        onnxruntime.InferenceSession(
            model.SerializeToString(), options, providers=["CPUExecutionProvider"]
        )
        return onnx.shape_inference.infer_shapes(
            onnx.load(options.optimized_model_filepath), data_prop=True
        )


def remove(out: Path) -> None:
    """Remove from a folder the heads of a release that was there before."""
    for name in (GRAPH, WEIGHTS):
        (out / name).unlink(missing_ok=True)


def put(graph: bytes, out: Path) -> None:
    """Write heads.json and heads.bin of a vision.onnx into a folder.

    Raises:
        ValueError: the graph holds something that fada-read does not know.
    """
    model = folded(graph)
    steps = GraphSteps(model.graph)
    for node in model.graph.node:
        take(steps, node)
    used = {name for step in steps.steps for name in step["in"]}
    table: dict[str, Any] = {}
    with (out / WEIGHTS).open("wb") as file:
        for name, value in steps.weights.items():
            if name not in used:
                continue
            half = value.astype(np.float16)
            exact = bool(np.array_equal(half.astype(np.float32), value))
            data = np.ascontiguousarray(half if exact else value)
            table[name] = {"at": file.tell(), "half": exact, "shape": list(value.shape)}
            file.write(data.astype(data.dtype.newbyteorder("<")).tobytes())
            file.write(bytes(-file.tell() % 4))
    document = {"constants": table, "steps": steps.steps, "outputs": steps.outputs}
    (out / GRAPH).write_text(json.dumps(document, separators=(",", ":")))
