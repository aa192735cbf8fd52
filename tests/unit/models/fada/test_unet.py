from dataclasses import replace

import numpy as np
import torch

from models.fada.graph import Graph
from models.fada.labels import BOXES, MASKS
from models.fada.teachers import Specialist
from models.fada.unet import UNet, UNetConfig, read_boxes
from models.programs.releasing.export import describe, export_graph
from models.programs.training.train_unet import UnetPlan, UnetRun, drawn
from models.training.checkpoint import open_network
from services.reading.vision import Vision

SMALL = UNetConfig((4, 4, 6, 6, 8))


def test_it_is_as_large_as_it_says():
    parameters = sum(p.numel() for p in UNet(UNetConfig()).parameters())
    assert 0.85e6 < parameters < 0.95e6


def test_a_rectangle_that_was_drawn_is_the_box_that_is_read():
    boxes = torch.zeros(1, len(BOXES), 4) + 0.5
    boxes[0, 0] = torch.tensor([0.4, 0.3, 0.35, 0.06])
    boxes[0, 9] = torch.tensor([0.52, 0.48, 0.6, 0.7])
    logits = drawn(boxes, 192) * 12 - 6
    logits[0, 0, 150, 20:23] = 6.0  # a stray line elsewhere
    predicted = read_boxes(logits)
    assert torch.allclose(predicted[0, [0, 9], :4], boxes[0, [0, 9]], atol=0.006)
    assert float(read_boxes(torch.full((1, len(BOXES), 64, 64), -6.0))[0, 0, 4]) < -5


def test_a_run_stops_at_its_budget_and_resumes(data, tmp_path):
    plan = UnetPlan(data, tmp_path, 0.02, batch=2, side=64)
    first = UnetRun(plan, SMALL)
    first.run()
    assert first.share >= 1
    again = UnetRun(replace(plan, minutes=0.04), SMALL)
    assert again.progress.step == first.progress.step
    assert torch.equal(again.network.out.weight, first.network.out.weight)
    again.run()
    assert again.progress.step > first.progress.step
    assert isinstance(open_network(tmp_path / "checkpoint.pt"), UNet)


def test_it_learns_what_it_is_shown(data, tmp_path):
    run = UnetRun(UnetPlan(data, tmp_path, 0.1, batch=2, side=64), SMALL)
    torch.manual_seed(0)
    lines: list[dict[str, float]] = []
    run._log = lines.append  # type: ignore[method-assign,assignment]
    run.run()
    assert lines[-1]["dice"] < lines[0]["dice"]


def test_its_graph_speaks_the_contract(tmp_path):
    torch.manual_seed(0)
    graph = Graph(UNet(SMALL).eval(), mirrored=True)
    export_graph(graph, tmp_path / "vision.onnx", 64)
    out = Vision((tmp_path / "vision.onnx").read_bytes(), 64).run([np.zeros((64, 64), np.uint8)])
    assert out["MASKS"].shape == (1, len(MASKS), 32, 32)
    assert out["BOXES"].shape == (1, len(BOXES), 5)
    assert describe(64, graph)["network"]["kind"] == "unet"


def test_it_teaches_by_its_way_down(data, tmp_path):
    UnetRun(UnetPlan(data, tmp_path, 0.01, batch=2, side=64), SMALL).run()
    teacher = Specialist(tmp_path / "checkpoint.pt", side=32)
    layers = teacher.features(torch.zeros(3, 50, 50, dtype=torch.uint8))
    assert [tuple(layer.shape) for layer in layers] == [(3, 6), (3, 6), (3, 8)]
