"""Small releases in exactly the real form: a signed manifest and a graph with the contract's tensors.

The graph's numbers follow from the image, so that a test can tell one image from another.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from onnx import TensorProto, helper

from services.reading.contract import DENSE_OUTPUTS, OPTIONAL_OUTPUTS
from services.reading.releases.signature import add_trust, public_bytes, sign

SIDE = 64
PLANES = ("head", "abdomen", "femur", "thorax", "nt_view")
MASKS = ("fetal_head",)
BOXES = ("fetal_head", "NT")
SUBPLANES = ("trans-thalamic", "trans-ventricular", "trans-cerebellar")
KEYPOINTS = ("long_axis_a", "long_axis_b", "short_axis_a", "short_axis_b")
FACTS = {  # vision.json of the graph
    "side": SIDE, "planes": PLANES, "masks": MASKS, "boxes": BOXES, "keypoints": KEYPOINTS,
    "structures_by_plane": {"head": ["fetal_head"], "nt_view": ["NT"]},
}  # fmt: skip
KEY = Ed25519PrivateKey.from_private_bytes(b"test releases only, nothing else"[:32])


def graph(side: int = SIDE, *, broken: str = "", subplanes: bool = False) -> bytes:
    """Each output is a constant times the image's brightest value / 255; ``broken`` names one of NaN."""
    shapes = {
        "PLANE": (len(PLANES),), "SCOPE": (1,), "QUALITY": (1,),
        "MASKS": (len(MASKS), side // 2, side // 2), "BOXES": (len(BOXES), 5),
        "KEYPOINTS": (len(KEYPOINTS), 3), "SUBPLANE": (len(SUBPLANES),),
    }  # fmt: skip
    scale = helper.make_tensor("scale", TensorProto.FLOAT, (), [1 / 255])
    nodes = [
        helper.make_node("Cast", ["IMAGE"], ["float"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMax", ["float"], ["brightest"], axes=[1, 2], keepdims=0),
        helper.make_node("Constant", [], ["c"], value=scale),
        helper.make_node("Mul", ["brightest", "c"], ["level"]),
    ]
    outputs = []
    for tensor in DENSE_OUTPUTS + OPTIONAL_OUTPUTS if subplanes else DENSE_OUTPUTS:
        name, shape = tensor.name, shapes[tensor.name]
        values = _values(name, shape)
        if name == broken:
            values[:] = np.nan
        kept = helper.make_tensor(f"k{name}", TensorProto.FLOAT, shape, values.ravel())
        axes = helper.make_tensor(
            f"a{name}", TensorProto.INT64, (len(shape),), range(1, len(shape) + 1)
        )
        nodes += [
            helper.make_node("Constant", [], [f"v{name}"], value=kept),
            helper.make_node("Constant", [], [f"x{name}"], value=axes),
            helper.make_node("Unsqueeze", ["level", f"x{name}"], [f"u{name}"]),
            helper.make_node("Mul", [f"u{name}", f"v{name}"], [name]),
        ]
        outputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, ("N", *shape)))
    image = helper.make_tensor_value_info("IMAGE", TensorProto.UINT8, ("N", side, side))
    made = helper.make_graph(nodes, "fada", [image], outputs)
    opset = [helper.make_opsetid("", 17)]
    return helper.make_model(made, opset_imports=opset, ir_version=8).SerializeToString()


def _values(name: str, shape: tuple[int, ...]) -> np.ndarray:
    if name == "MASKS":
        half = shape[-1]
        y, x = np.mgrid[0:half, 0:half] / half - 0.5
        return (
            np.broadcast_to(8 * (1 - np.hypot(x / 0.35, y / 0.27)), shape).astype(np.float32).copy()
        )
    if name == "BOXES":
        return np.array([[0.5, 0.5, 0.7, 0.54, 6.0], [0.2, 0.2, 0.1, 0.1, -6.0]], np.float32)
    if name == "PLANE":
        return np.array([6.0, -2, -2, -2, -2], np.float32)
    if name == "SUBPLANE":
        return np.array([1.0, 2, 6], np.float32)
    return np.full(shape, 0.5 if name == "KEYPOINTS" else 6.0, np.float32)


def build(
    store: Path,
    version: str = "1.0.0",
    *,
    name: str = "fada-test",
    side: int = SIDE,
    broken: str = "",
    subplanes: bool = False,
) -> Path:
    """A signed release in ``store``, whose keys are trusted there."""
    folder = store / f"{name}-{version}"
    folder.mkdir(parents=True)
    data = graph(side, broken=broken, subplanes=subplanes)
    (folder / "vision.onnx").write_bytes(data)
    manifest = {
        "format": 1, "name": name, "version": version, "architecture": "test", "licence": "CC0-1.0",
        "preprocessing": {"side": side, "text_side": 32},
        "labels": {
            "planes": list(PLANES), "masks": list(MASKS), "boxes": list(BOXES),
            "keypoints": list(KEYPOINTS), "classes": [*PLANES, "no_plane"],
            "structures_by_plane": {"head": ["fetal_head"], "nt_view": ["NT"]},
            **({"subplanes": list(SUBPLANES)} if subplanes else {}),
        },
        "prompts": {"version": "1"},
        "calibration": {},
        "files": {"vision.onnx": {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}},
    }  # fmt: skip
    (folder / "manifest.json").write_text(json.dumps(sign(manifest, KEY)))
    add_trust(store / "trusted-keys.json", public_bytes(KEY), "tests")
    return folder
