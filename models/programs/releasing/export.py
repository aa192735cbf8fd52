"""Writes the vision part of a release.

`python -m models.programs.releasing.export --checkpoint FILE --out DIR`

`vision.onnx` is checked before it is kept: ONNX Runtime must give what torch gives. `vision.json`
says what the graph's outputs are; calibration is added by `models.programs.releasing.calibrate`.
"""

import argparse
import json
import os
import shutil
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import onnxruntime
import torch

from models.data.collection import DATA_SETS, LANDMARKS, agreed
from models.fada.graph import INPUT, OUTPUTS, Graph
from models.fada.labels import (
    BOXES,
    KEYPOINT_OF,
    KEYPOINTS,
    MASKS,
    MASKS_OF_PLANE,
    NT_STRUCTURES,
    PLANES,
    SUBPLANES,
)
from models.gates.out_of_distribution import fit_scope
from models.gates.outline_calibration import fit_outline_level
from models.programs.releasing.quantise import halve
from models.programs.training.train_zoom import load_zoom
from models.training.checkpoint import open_network, recorded_left_out

OPSET = 17
FULL = "vision-full.onnx"


def export_graph(graph: Graph, path: Path, side: int) -> float:
    """Writes the graph for images of `side`; returns the largest difference to torch.

    Raises:
        ValueError: ONNX Runtime and torch disagree by more than 0.01 on random images.
    """
    graph = graph.eval()
    image = torch.randint(0, 256, (2, side, side), dtype=torch.uint8)
    partial = path.with_suffix(".partial")
    torch.onnx.export(
        graph,
        (image,),
        str(partial),
        input_names=[INPUT],
        output_names=list(OUTPUTS),
        dynamic_axes={name: {0: "N"} for name in (INPUT, *OUTPUTS)},
        opset_version=OPSET,
        dynamo=False,
    )
    onnx.checker.check_model(onnx.load(partial))
    gap = difference(graph, partial, image)
    if gap > 0.01:
        raise ValueError(f"the exported graph differs from the network by {gap}")
    os.replace(partial, path)
    return gap


def difference(graph: Graph, path: Path, image: torch.Tensor) -> float:
    """Largest absolute difference between torch and ONNX Runtime over all outputs."""
    session = onnxruntime.InferenceSession(path.read_bytes(), providers=["CPUExecutionProvider"])
    outputs = session.run(list(OUTPUTS), {INPUT: image.numpy()})
    with torch.no_grad():
        wanted = graph(image)
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(outputs, wanted, strict=True))


def describe(side: int, graph: Graph) -> dict[str, Any]:
    """What the manifest must say of the graph: side, labels in the order of outputs, size."""
    masks = [MASKS[i] for i in graph.masks]
    keypoints = [KEYPOINTS[i] for i in graph.keypoints]
    owners = dict(zip(KEYPOINTS, KEYPOINT_OF, strict=True))
    return {
        "side": side,
        "planes": list(PLANES),
        "subplanes": list(SUBPLANES),
        "masks": masks,
        "boxes": [BOXES[i] for i in graph.boxes],
        "keypoints": keypoints,
        "structures_by_plane": {
            plane: list(NT_STRUCTURES)
            if plane == "nt_view"
            else [name for name in MASKS_OF_PLANE[plane] if name in masks]
            for plane in PLANES
        },
        "keypoints_by_plane": {
            plane: [name for name in keypoints if owners[name] in MASKS_OF_PLANE[plane]]
            for plane in ("head", "abdomen", "femur")
        },
        "network": graph.network.config.to_json(),
        "zoom": graph.zoom is not None,
        "parameters": sum(p.numel() for p in graph.parameters()),
    }


def untaught(without: Collection[str]) -> frozenset[str]:
    """Labels that only the data sets `without` teach."""
    if LANDMARKS not in without:
        return frozenset()
    owners = zip(KEYPOINTS, KEYPOINT_OF, strict=True)
    measured = {"abdomen", "femur"}
    return frozenset(measured | {name for name, owner in owners if owner in measured})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--checkpoint", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument(
        "--without",
        nargs="*",
        default=[],
        choices=DATA_SETS,
        help="as in training, of a checkpoint that does not say it",
    )
    parser.add_argument(
        "--data", type=Path, help="also fit scope's distance and the head's level on it"
    )
    parser.add_argument(
        "--zoom", type=Path, help="the closer look, from models.programs.training.train_zoom"
    )
    parser.add_argument("--last", action="store_true", help="the last weights, not their average")
    parser.add_argument("--mirrored", action="store_true", help="answer with the mirror's mean")
    parser.add_argument("--half", action="store_true", help="store weights in 16 bits")
    return parser.parse_args()


def main() -> None:
    """The command line."""
    args = _arguments()
    torch.set_num_threads(1)
    network = open_network(args.checkpoint, averaged=not args.last)
    args.out.mkdir(parents=True, exist_ok=True)
    path = args.out / "vision.onnx"
    zoom = load_zoom(args.zoom) if args.zoom else None
    recorded = recorded_left_out(args.checkpoint)
    without = agreed(recorded, args.without)
    graph = Graph(network, args.mirrored, zoom, untaught(without))
    if args.data:
        print("scope blend", fit_scope(graph, args.data, args.side, without=without))
        print("head level", fit_outline_level(graph, args.data, args.side, without=without))
    gap = export_graph(graph, path, args.side)
    if args.half:
        # The 32-bit graph stays beside it: what the halving costs is measured against that.
        shutil.copyfile(path, args.out / FULL)
        onnx.save(halve(onnx.load(path)), path)
    about = describe(args.side, graph)
    if recorded is not None or without:
        about["left_out"] = list(without)
    text = json.dumps(about, indent=1) + "\n"
    (args.out / "vision.json").write_text(text, encoding="utf-8")
    print(f"{path}: {path.stat().st_size} bytes, differs from torch by {gap:.2g}")


if __name__ == "__main__":
    main()
