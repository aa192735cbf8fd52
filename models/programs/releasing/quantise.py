"""Makes vision.onnx smaller.

`python -m models.programs.releasing.quantise --vision FILE --out FILE --mode half`

half: weights are stored in 16 bits and widened when the graph is loaded; arithmetic stays in 32.
int8: static quantisation of the convolutions (QDQ, per channel), with activation ranges measured on
training images. What either costs is measured by `models.programs.evaluating.evaluate` like any
other release.
"""

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import onnx
from onnx import TensorProto, helper, numpy_helper
from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from models.data.collection import read_collection
from models.evaluation.observe import load_gray
from models.fada.graph import INPUT
from services.reading.images.picture import square

LEAST = 256  # smaller tensors (norms, constants) are not worth rounding


def halve(model: onnx.ModelProto) -> onnx.ModelProto:
    """Large float32 weights become float16 and a Cast; inputs and outputs stay as they are."""
    casts = []
    for weight in model.graph.initializer:
        if weight.data_type != TensorProto.FLOAT or np.prod(weight.dims) < LEAST:
            continue
        values = numpy_helper.to_array(weight).astype(np.float16)
        name = weight.name
        weight.CopyFrom(numpy_helper.from_array(values, f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = list(model.graph.node)
    del model.graph.node[:]
    model.graph.node.extend(casts + nodes)
    onnx.checker.check_model(model)
    return model


class _Images(CalibrationDataReader):  # type: ignore[misc]
    """Squares of training images, evenly taken, for measuring activation ranges."""

    def __init__(self, squares: list[npt.NDArray[np.uint8]]) -> None:
        self._feed: Iterator[dict[str, Any]] = iter([{INPUT: s[None]} for s in squares])

    def get_next(self) -> dict[str, Any] | None:
        """The next input, or None at the end."""
        return next(self._feed, None)


def to_int8(source: Path, target: Path, squares: list[npt.NDArray[np.uint8]]) -> None:
    """Quantises the tower's and the masks' convolutions; what decodes boxes stays in 32 bits,
    because an error of one step there is an error of place."""
    prepared = target.with_suffix(".prepared")
    quant_pre_process(str(source), str(prepared), skip_symbolic_shape=True)
    model = onnx.load(prepared)
    kept = [n.name for n in model.graph.node if n.op_type == "Conv" and not _coarse(model, n)]
    quantize_static(
        str(prepared),
        str(target),
        _Images(squares),
        quant_format=QuantFormat.QDQ,
        op_types_to_quantize=["Conv"],
        nodes_to_exclude=kept,
        per_channel=True,
        activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8,
    )
    prepared.unlink()


def _coarse(model: onnx.ModelProto, node: onnx.NodeProto) -> bool:
    """A 3 x 3 convolution with more than one input channel."""
    shapes = {w.name: tuple(w.dims) for w in model.graph.initializer}
    shape = shapes.get(node.input[1], ())
    return len(shape) == 4 and shape[2] == 3 and shape[1] > 1


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vision", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--mode", choices=("half", "int8"), required=True)
    parser.add_argument("--data", type=Path, help="training images, for int8")
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--images", type=int, default=60)
    args = parser.parse_args()
    if args.mode == "half":
        onnx.save(halve(onnx.load(args.vision)), args.out)
    else:
        if args.data is None:
            parser.error("int8 needs --data")
        records = [r for r in read_collection(args.data) if r.split == "train"]
        chosen = records[:: max(1, len(records) // args.images)]
        to_int8(args.vision, args.out, [square(load_gray(r), args.side).pixels for r in chosen])
    print(f"{args.out}: {args.out.stat().st_size} bytes, was {args.vision.stat().st_size}")


if __name__ == "__main__":
    main()
