"""A vision graph as steps for the phone: everything is taken, or refused; nothing is left out."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
import releases
from onnx import TensorProto, helper, numpy_helper

from edge.android import heads
from services.reading.contract import DENSE_OUTPUTS, OPTIONAL_OUTPUTS

STORE = Path(__file__).parents[4] / "models" / "releases"


def written(graph: bytes, folder: Path) -> dict[str, Any]:
    heads.put(graph, folder)
    document: dict[str, Any] = json.loads((folder / heads.GRAPH).read_text())
    return document


def test_every_input_of_a_step_is_there_before_it(tmp_path: Path) -> None:
    path = next(STORE.glob("fada-nano-*/vision.onnx"))
    document = written(path.read_bytes(), tmp_path)
    known = {"IMAGE", *document["constants"]}
    for step in document["steps"]:
        assert known >= set(step["in"]), step
        assert 1 <= len(step["shape"]) <= 4
        known.add(step["out"])
    assert set(document["outputs"]) == {t.name for t in DENSE_OUTPUTS + OPTIONAL_OUTPUTS}
    assert known >= set(document["outputs"])


def test_the_numbers_are_the_releases_own(tmp_path: Path) -> None:
    path = next(STORE.glob("fada-nano-*/vision.onnx"))
    document = written(path.read_bytes(), tmp_path)
    data = (tmp_path / heads.WEIGHTS).read_bytes()
    kernels = [
        numpy_helper.to_array(t).astype(np.float32)
        for t in onnx.load(path).graph.initializer
        if len(t.dims) == 4
    ]
    kept = set()
    for about in document["constants"].values():
        count = int(np.prod(about["shape"]))
        kind = np.float16 if about["half"] else np.float32
        values = np.frombuffer(data, kind, count, about["at"]).astype(np.float32)
        kept.add(values.tobytes())
    assert kernels
    assert all(kernel.reshape(-1).tobytes() in kept for kernel in kernels)


def test_a_small_graph(tmp_path: Path) -> None:
    document = written(releases.graph(), tmp_path)
    assert {step["op"] for step in document["steps"]} == {
        "reshape", "max", "scale", "mul", "expand",
    }  # fmt: skip
    assert document["outputs"]["MASKS"] == [1, 1, 32, 32]


@pytest.mark.parametrize(
    ("kind", "about"),
    [("Erf", {}), ("Softplus", {}), ("MaxPool", {"kernel_shape": [3, 3]})],
)
def test_what_the_phone_does_not_know_is_refused(
    tmp_path: Path, kind: str, about: dict[str, Any]
) -> None:
    nodes = [
        helper.make_node("Cast", ["IMAGE"], ["x"], to=TensorProto.FLOAT),
        helper.make_node("Unsqueeze", ["x", "axis"], ["y"]),
        helper.make_node(kind, ["y"], ["OUT"], **about),
    ]
    axis = helper.make_tensor("axis", TensorProto.INT64, (1,), [1])
    image = helper.make_tensor_value_info("IMAGE", TensorProto.UINT8, ["N", 32, 32])
    out = helper.make_tensor_value_info("OUT", TensorProto.FLOAT, ["N", 1, None, None])
    graph = helper.make_graph(nodes, "odd", [image], [out], [axis])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    with pytest.raises(ValueError, match=r"known|knows"):
        heads.put(model.SerializeToString(), tmp_path)
