"""The closer look of a release, to be trained on.

`python -m models.programs.training.restore_zoom --vision FILE --data DIR --out ZOOM.pt`

It is what `models.programs.training.train_zoom --start` begins with. As in `restore`, each batch norm was
folded into its convolution and is set anew, from the windows around labelled boxes.
"""

import argparse
from pathlib import Path

import numpy as np
import onnx
import torch
from torch import Tensor, nn

from models.data.collection import read_collection
from models.data.samples import load_samples
from models.fada.labels import NT_STRUCTURES
from models.fada.zoom import Zoom, sample_windows
from models.programs.training.restore import stored_embedding, stored_weights, unfold

K = len(NT_STRUCTURES)
_BY_NAME = ("shift", "delta", "certain", "joint.1.bias", "joint.2.weight", "joint.2.bias")


def fill(zoom: Zoom, model: onnx.ModelProto) -> dict[nn.BatchNorm2d, Tensor]:
    """Puts the graph's weights into `zoom`; returns the folded bias of every batch norm.

    Raises:
        KeyError, ValueError: the graph has no closer look, or one of another shape.
    """
    weights = stored_weights(model)
    inputs = {node.name: node.input for node in model.graph.node}
    values = {name: weights[f"zoom.{name}"] for name in _BY_NAME}
    values["joint.1.weight"] = weights[inputs["/zoom/joint/joint.1/MatMul"][1]].T
    values["embed"] = stored_embedding(weights, tuple(zoom.embed.shape))
    biases: dict[nn.BatchNorm2d, Tensor] = {}
    modules = dict(zoom.named_modules())
    for name, module in modules.items():
        if isinstance(module, nn.Conv2d):
            folder, place = name.rsplit(".", 1)
            path = "/".join(name.split(".")[:1] + _steps(name))
            _, weight, bias = inputs[f"/zoom/{path}/Conv"]
            values[f"{name}.weight"] = weights[weight]
            norm = modules[f"{folder}.{int(place) + 1}"]
            assert isinstance(norm, nn.BatchNorm2d)
            biases[norm] = torch.from_numpy(weights[bias].copy())
    state = zoom.state_dict()
    for name, value in values.items():
        if state[name].shape != value.shape:
            raise ValueError(f"the graph's {name} does not fit the closer look")
        state[name].copy_(torch.from_numpy(np.array(value)))
    return biases


def _steps(name: str) -> list[str]:
    """The exporter's path below the first module: `fine.0.0` lies in `fine/fine.0/fine.0.0`."""
    parts = name.split(".")
    return [".".join(parts[: depth + 1]) for depth in range(1, len(parts))]


@torch.no_grad()
def restore_zoom(vision: Path, data: Path, side: int, count: int) -> Zoom:
    """The closer look of a `vision.onnx`; `count` NT views at `side` set its norms."""
    zoom = Zoom()
    biases = fill(zoom, onnx.load(vision))
    views = [r for r in read_collection(data) if r.split == "train" and r.plane == "nt_view"]
    samples = load_samples([r for r in views if r.boxes][:count], side)
    image = torch.from_numpy(np.stack([s.image for s in samples]))[:, None].float() / 255
    boxes = torch.from_numpy(np.stack([s.boxes[:K] for s in samples]))
    unfold(biases, lambda: zoom.eval()(sample_windows(image, boxes), boxes))
    return zoom


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vision", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--images", type=int, default=64)
    args = parser.parse_args()
    state = restore_zoom(args.vision, args.data, args.side, args.images).state_dict()
    args.out.parent.mkdir(parents=True, exist_ok=True)
    torch.save({"zoom": state, "average": state}, args.out)
    print(f"{args.out}: restored from {args.vision}")


if __name__ == "__main__":
    main()
