"""A checkpoint from a release.

`python -m models.programs.training.restore --release DIR --data DIR --out FILE`

A release keeps its vision weights in `vision.onnx`, with each batch norm folded into its convolution.
To train on from there, the norms are set anew from the statistics of training images, so that the
network says the same as the release did: `models.programs.training.train --out` of the same folder
then continues. Labels that the release does not have yet begin untrained, in the places that
`models.fada.labels` gives them; those that it has keep their weights.
"""

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import onnx
import torch
from onnx import numpy_helper
from torch import Tensor, nn

from models.data.batches import Batch, Batches
from models.data.collection import read_collection
from models.data.samples import load_samples
from models.fada.labels import BOXES, KEYPOINTS, MASKS, PLANES
from models.fada.network import SIZES, DenseNetwork, NetworkConfig

Weights = dict[str, npt.NDArray[np.float32]]


def stored_weights(model: onnx.ModelProto) -> Weights:
    """The graph's initialisers as float32, by the name that they had before they were halved."""
    return {
        w.name.removesuffix("_half"): np.asarray(numpy_helper.to_array(w), np.float32)
        for w in model.graph.initializer
    }


def stored_embedding(weights: Weights, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """The table of the structures, which the graph keeps with one axis before it and without its name.

    Raises:
        ValueError: there is none of this shape, or more than one.
    """
    tables: list[npt.NDArray[np.float32]] = [
        w[0] for w in weights.values() if w.shape == (1, *shape)
    ]
    if len(tables) != 1:
        raise ValueError(f"the graph has {len(tables)} embeddings of shape {shape}, not one")
    return tables[0]


OWN_LABELS: Mapping[str, Sequence[str]] = {
    "planes": PLANES,
    "masks": MASKS,
    "boxes": BOXES,
    "keypoints": KEYPOINTS,
}


def fill(
    network: DenseNetwork,
    model: onnx.ModelProto,
    labels: Mapping[str, Sequence[str]] = OWN_LABELS,
) -> dict[nn.BatchNorm2d, Tensor]:
    """Puts the graph's weights into `network`; returns the folded bias of every batch norm.

    Args:
        labels: the graph's own, from its manifest: "planes", "masks", "boxes" and "keypoints".

    Raises:
        ValueError: the graph is not one of this network.
    """
    weights = stored_weights(model)
    state, rows = network.state_dict(), _rows(labels)
    for name, value in weights.items():
        own = name.removeprefix("network.")
        if own not in state:
            continue
        if state[own].shape == value.shape and own not in rows:
            state[own].copy_(torch.from_numpy(value.copy()))
        elif own in rows and len(rows[own]) == len(value):
            state[own][rows[own]] = torch.from_numpy(value.copy())
    _fill_linear(network, model, weights)
    embedding = stored_embedding(weights, (len(rows[_EMBED]), state[_EMBED].shape[1]))
    state[_EMBED][rows[_EMBED]] = torch.from_numpy(embedding.copy())
    return _fill_folded(network, model, weights)


_EMBED = "local_head.second.embed"


def _rows(labels: Mapping[str, Sequence[str]]) -> dict[str, list[int]]:
    """Weights whose rows belong to labels: where each of the graph's rows stands in the network.

    Raises:
        ValueError: a label that the network does not have.
    """
    places = {
        kind: [list(OWN_LABELS[kind]).index(one) for one in labels[kind]] for kind in OWN_LABELS
    }
    boxes, points = places["boxes"], places["keypoints"]
    local = [*boxes, *(len(BOXES) + at for at in points)]
    proposals = [4 * at + i for at in boxes for i in range(4)]
    proposals += [4 * len(BOXES) + 2 * at + i for at in points for i in range(2)]
    heads = {
        "global_head.plane": places["planes"],
        "masks.out": places["masks"],
        "local_head.heat": local,
        "local_head.propose": proposals,
    }
    rows = {f"{name}.{part}": at for name, at in heads.items() for part in ("weight", "bias")}
    rows |= {
        f"local_head.second.{name}": local for name in ("embed", "delta", "presence", "offset")
    }
    return rows | {"local_head.prior": boxes}


def _fill_linear(network: DenseNetwork, model: onnx.ModelProto, weights: Weights) -> None:
    """Linear layers over three dimensions are stored transposed, under a number."""
    linear = {name: m for name, m in network.named_modules() if isinstance(m, nn.Linear)}
    for node in model.graph.node:
        if node.op_type != "MatMul" or node.input[1] not in weights:
            continue
        tail = node.name.split("/")[-2].removesuffix("_1")
        for name, layer in linear.items():
            value = weights[node.input[1]]
            if name.endswith(f"second.{tail}") and layer.weight.shape == value.T.shape:
                with torch.no_grad():
                    layer.weight.copy_(torch.from_numpy(np.ascontiguousarray(value.T)))


def _fill_folded(
    network: DenseNetwork, model: onnx.ModelProto, weights: Weights
) -> dict[nn.BatchNorm2d, Tensor]:
    """Convolutions that took a batch norm in, in the order in which the graph runs them."""
    pairs: list[tuple[nn.Conv2d, nn.BatchNorm2d]] = []
    last: list[nn.Conv2d] = []

    def seen(module: nn.Module, inputs: object, output: object) -> None:
        if isinstance(module, nn.Conv2d):
            last[:] = [module]
        elif isinstance(module, nn.BatchNorm2d):
            pairs.append((last[0], module))

    hooks = [m.register_forward_hook(seen) for m in network.modules()]
    with torch.no_grad():
        network.eval()(torch.zeros(1, 1, 64, 64))
    for hook in hooks:
        hook.remove()
    folded = [
        n
        for n in model.graph.node
        if n.op_type == "Conv"
        and n.name.startswith("/network")  # the closer look at boxes has convolutions of its own
        and n.input[1].startswith("onnx::")
        and n.input[1] in weights
    ]
    if len(folded) not in (len(pairs), 2 * len(pairs)):
        raise ValueError(f"the graph has {len(folded)} folded convolutions, not {len(pairs)}")
    biases: dict[nn.BatchNorm2d, Tensor] = {}
    for node, (conv, norm) in zip(folded, pairs, strict=False):
        value = weights[node.input[1]]
        if conv.weight.shape != value.shape:
            raise ValueError(f"{node.name} does not fit the network")
        with torch.no_grad():
            conv.weight.copy_(torch.from_numpy(value.copy()))
        biases[norm] = torch.from_numpy(weights[node.input[2]].copy())
    return biases


@torch.no_grad()
def unfold(biases: dict[nn.BatchNorm2d, Tensor], run: Callable[[], object]) -> None:
    """Sets every batch norm so that it adds its bias alone, from the images that `run` takes through."""

    def measure(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        assert isinstance(module, nn.BatchNorm2d)
        var, mean = torch.var_mean(inputs[0].float(), (0, 2, 3), correction=0)
        module.running_mean, module.running_var = mean, var
        module.weight.copy_((var + module.eps).sqrt())
        module.bias.copy_(biases[module] + mean)

    hooks = [norm.register_forward_pre_hook(measure) for norm in biases]
    run()
    for hook in hooks:
        hook.remove()


def restore(vision: Path, data: Path, config: NetworkConfig, side: int, count: int) -> DenseNetwork:
    """The network of a `vision.onnx`, ready to be trained on at `side`; `count` images set the norms."""
    network = DenseNetwork(config)
    manifest = vision.with_name("manifest.json")
    labels = json.loads(manifest.read_text())["labels"] if manifest.exists() else OWN_LABELS
    biases = fill(network, onnx.load(vision), labels)
    records = [r for r in read_collection(data) if r.split == "train"]
    batches = Batches(load_samples(records, int(side * 1.15)), side, count, seed=0)
    images = Batch(*batches[0]).image.float() / 255
    unfold(biases, lambda: network.eval()(images))
    return network


def told_left_out(vision: Path) -> list[str] | None:
    """The data sets that a graph learnt nothing from, as the file beside it says; None where none does."""
    for name in ("manifest.json", "vision.json"):
        if (path := vision.with_name(name)).exists():
            names: list[str] | None = json.loads(path.read_text(encoding="utf-8")).get("left_out")
            return names
    return None


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--vision", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="a training run's checkpoint.pt")
    parser.add_argument("--size", choices=sorted(SIZES), default="nano")
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--images", type=int, default=64)
    args = parser.parse_args()
    network = restore(args.vision, args.data, SIZES[args.size], args.side, args.images)
    args.out.parent.mkdir(parents=True, exist_ok=True)
    state = network.state_dict()
    torch.save(
        {
            "config": network.config.to_json(),
            "network": state,
            "average": state,
            "left_out": told_left_out(args.vision),
        },
        args.out,
    )
    print(f"{args.out}: restored from {args.vision}")


if __name__ == "__main__":
    main()
