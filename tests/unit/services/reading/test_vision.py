import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper

from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.reading.contract import DENSE_OUTPUTS
from services.reading.vision import Vision

SHAPES = {
    "PLANE": (5,),
    "SCOPE": (1,),
    "QUALITY": (1,),
    "MASKS": (3, 8, 8),
    "BOXES": (12, 5),
    "KEYPOINTS": (4, 3),
}


def graph(side=16, names=None, bad=None, kind=TensorProto.UINT8):
    """Constants shaped like the contract, scaled by the image's own maximum."""
    nodes, outputs = [], []
    nodes.append(helper.make_node("Cast", ["IMAGE"], ["f"], to=TensorProto.FLOAT))
    nodes.append(helper.make_node("ReduceMax", ["f"], ["m"], axes=[1, 2], keepdims=0))
    for name in names or [t.name for t in DENSE_OUTPUTS]:
        shape = SHAPES[name]
        values = np.full(shape, np.nan if name == bad else 0.5, np.float32)
        constant = helper.make_tensor(f"c_{name}", TensorProto.FLOAT, shape, values.ravel())
        nodes.append(helper.make_node("Constant", [], [f"k_{name}"], value=constant))
        axes = helper.make_tensor(
            f"a_{name}", TensorProto.INT64, (len(shape),), range(1, len(shape) + 1)
        )
        nodes.append(helper.make_node("Constant", [], [f"x_{name}"], value=axes))
        nodes.append(helper.make_node("Unsqueeze", ["m", f"x_{name}"], [f"u_{name}"]))
        nodes.append(helper.make_node("Mul", [f"u_{name}", f"k_{name}"], [name]))
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", *shape)))
    image = helper.make_tensor_value_info("IMAGE", kind, ("N", side, side))
    made = helper.make_graph(nodes, "g", [image], outputs)
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return onnx.helper.make_model(
        made, opset_imports=model.opset_import, ir_version=8
    ).SerializeToString()


def test_it_gives_the_contracts_tensors():
    outputs = Vision(graph(), 16).run(
        [np.full((16, 16), 2, np.uint8), np.zeros((16, 16), np.uint8)]
    )
    assert {n: v.shape[1:] for n, v in outputs.items()} == SHAPES
    assert outputs["PLANE"][0, 0] == 1.0
    assert outputs["PLANE"][1, 0] == 0.0


def test_images_of_a_batch_that_are_computed_at_once_keep_their_order():
    images = [np.full((16, 16), value, np.uint8) for value in range(0, 250, 50)]
    alone, together = Vision(graph(), 16), Vision(graph(), 16, concurrency=2)
    for name, expected in alone.run(images).items():
        np.testing.assert_array_equal(together.run(images)[name], expected)


def test_a_value_that_is_no_number_fails_visibly():
    vision = Vision(graph(bad="BOXES"), 16)
    with pytest.raises(InvalidModelOutput):
        vision.run([np.full((16, 16), 2, np.uint8)])


def test_another_size_is_refused():
    with pytest.raises(InvalidModelOutput):
        Vision(graph(), 16).run([np.zeros((8, 8), np.uint8)])


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"not a graph",
        graph()[:200],
        graph(names=["PLANE", "SCOPE"]),
        graph(kind=TensorProto.FLOAT),
        graph(side=32),
    ],
)
def test_a_graph_that_breaks_the_contract_is_refused(content):
    with pytest.raises(ReleaseRefused):
        Vision(content, 16)
