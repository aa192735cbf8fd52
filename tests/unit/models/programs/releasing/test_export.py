import json
import sys

import numpy as np
import pytest
import torch

from models.fada.graph import MIRRORED, Graph
from models.fada.labels import BOXES, KEYPOINTS, MASKS, PLANES
from models.programs.releasing import calibrate, export
from models.programs.releasing.export import describe, export_graph, untaught
from models.training.checkpoint import Average, TrainingProgress, save_checkpoint
from services.reading.vision import Vision


@pytest.mark.filterwarnings("ignore")
def test_the_exported_graph_is_the_network_and_the_contract(network, tmp_path):
    path = tmp_path / "vision.onnx"
    assert export_graph(Graph(network), path, 64) < 0.01
    image = np.random.default_rng(0).integers(0, 255, (3, 64, 64), dtype=np.uint8)
    outputs = Vision(path.read_bytes(), 64).run(list(image))
    assert outputs["PLANE"].shape == (3, len(PLANES))
    assert outputs["MASKS"].shape == (3, len(MASKS), 32, 32)
    assert outputs["BOXES"].shape == (3, len(BOXES), 5)
    assert outputs["KEYPOINTS"].shape == (3, len(KEYPOINTS), 3)
    with torch.no_grad():
        wanted = Graph(network)(torch.from_numpy(image))[4].numpy()
    assert np.abs(outputs["BOXES"] - wanted).max() < 1e-3


def test_features_far_from_every_plane_lower_the_scope(network):
    graph = Graph(network)
    torch.manual_seed(1)
    near = torch.randn(200, 32)
    planes = torch.randint(0, 5, (200,))
    norm = network.global_head.norm
    graph.distance.fit(norm(near), planes)
    far = torch.zeros(5, 32)
    far[:, 0] = 30.0
    with torch.no_grad():
        inside, outside = (graph.distance(norm(x)).mean(0) for x in (near, far))
    assert float(outside[0]) > float(inside[0])


def test_the_description_names_every_output(network):
    about = describe(64, Graph(network))
    assert about["boxes"] == list(BOXES)
    assert about["structures_by_plane"]["femur"] == ["femur"]
    assert about["keypoints_by_plane"]["femur"] == ["femur_a", "femur_b"]


def test_what_was_not_taught_is_not_given(network, tmp_path):
    graph = Graph(network, hidden=untaught(["fp-biometry"]))
    export_graph(graph, tmp_path / "vision.onnx", 64)
    about = describe(64, graph)
    vision = Vision((tmp_path / "vision.onnx").read_bytes(), 64)
    outputs = vision.run([np.zeros((64, 64), np.uint8)])
    for name in ("masks", "boxes", "keypoints"):
        assert outputs[name.upper()].shape[1] == len(about[name])
    assert about["structures_by_plane"]["abdomen"] == about["structures_by_plane"]["femur"] == []
    assert "femur" not in about["boxes"]


def test_the_mirror_image_has_the_same_ends(network):
    assert [KEYPOINTS[i] for i in MIRRORED[:6]] == [
        "long_axis_b", "long_axis_a", "short_axis_a", "short_axis_b", "femur_b", "femur_a",
    ]  # fmt: skip


def test_a_graph_counts_its_parameters(network):
    about = describe(64, Graph(network))
    assert about["parameters"] > 1000


@pytest.mark.filterwarnings("ignore")
def test_export_and_calibration_follow_what_the_checkpoint_left_out(
    network, data, tmp_path, monkeypatch
):
    def write(left_out):
        optimiser = torch.optim.SGD(network.parameters(), lr=0.1)
        path = tmp_path / "checkpoint.pt"
        save_checkpoint(
            path, network, Average(network), optimiser, TrainingProgress(), 1, left_out=left_out
        )

    def run(program, *more):
        files = (
            ["--checkpoint", tmp_path / "checkpoint.pt", "--out", tmp_path, "--side", 64]
            if program is export
            else ["--release", tmp_path, "--data", data]
        )
        monkeypatch.setattr(sys, "argv", ["program", *map(str, files), *more])
        program.main()
        return json.loads((tmp_path / "vision.json").read_text())

    write(["fp-biometry"])
    about = run(export)
    assert about["left_out"] == ["fp-biometry"]
    assert "femur" not in about["boxes"]
    with pytest.raises(ValueError, match="trained without fp-biometry"):
        run(export, "--without", "psfhs")

    read: list[tuple[object, ...]] = []

    def reading(*given: object) -> list[object]:
        read.append(given)
        return []

    monkeypatch.setattr(calibrate, "calibrate", lambda *_: {})
    monkeypatch.setattr(calibrate, "read_collection", reading)
    run(calibrate)
    assert read == [(data, ("fp-biometry",))]
    with pytest.raises(ValueError, match="recorded"):
        run(calibrate, "--without", "psfhs")

    write(["psfhs"])
    with pytest.raises(ValueError, match="trained without psfhs"):
        run(export, "--without", "fp-biometry")

    write(None)
    assert "left_out" not in run(export)
    assert "femur" not in run(export, "--without", "fp-biometry")["boxes"]
