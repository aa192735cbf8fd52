"""The closer look: where it samples, what it moves, and that its graph is the network's."""

import numpy as np
import pytest
import torch

from models.fada.graph import Graph
from models.fada.labels import BOXES
from models.fada.network import DenseNetwork, NetworkConfig
from models.fada.zoom import COLUMNS, ROWS, TRUST, Zoom, moved, sample_windows
from models.programs.releasing.export import export_graph

SIDE = 64
TINY = NetworkConfig((4, 8, 8, 8, 16), (1, 1, 1, 1), 8, 8)


def stirred(zoom: Zoom) -> Zoom:
    """Weights that move boxes: new ones move none."""
    torch.manual_seed(3)
    with torch.no_grad():
        zoom.delta.normal_(0, 0.05)
        zoom.certain.normal_(0, 0.3)
    return zoom.eval()


def test_windows_are_taken_from_around_the_box():
    image = torch.zeros(1, 1, SIDE, SIDE)
    image[:, :, :, SIDE // 2 :] = 1.0
    (window,) = sample_windows(image, torch.tensor([[[0.5, 0.5, 0.25, 0.25]]]))[:, 0]
    assert window.shape == (ROWS, COLUMNS)
    assert float(window[:, : COLUMNS // 2 - 2].max()) == 0.0
    assert float(window[:, COLUMNS // 2 + 2 :].min()) == 1.0


def test_windows_past_the_edge_repeat_it():
    image = torch.rand(1, 1, SIDE, SIDE)
    (window,) = sample_windows(image, torch.tensor([[[0.0, 0.5, 0.5, 0.5]]]))[:, 0]
    assert torch.allclose(window[:, 0], window[:, COLUMNS // 2 - 4], atol=1e-5)


def test_moved_is_in_units_of_the_box():
    box = torch.tensor([0.4, 0.4, 0.2, 0.1])
    delta = torch.tensor([0.5, -0.5, np.log(2.0), 0.0], dtype=torch.float32)
    assert moved(box, delta).tolist() == pytest.approx([0.5, 0.35, 0.4, 0.1], abs=1e-6)


def test_a_new_one_changes_nothing_and_others_keep_to_their_bounds():
    image, boxes = torch.rand(2, 1, SIDE, SIDE), torch.rand(2, len(BOXES), 5) * 0.5 + 0.2
    with torch.no_grad():
        assert torch.allclose(Zoom().eval().look(image, boxes), boxes, atol=1e-6)
        zoom = stirred(Zoom())
        seen = zoom.look(image, boxes)
    k = zoom.structures
    assert torch.equal(seen[:, k:], boxes[:, k:])
    assert not torch.allclose(seen[:, :k, :4], boxes[:, :k, :4])
    assert float((seen - boxes)[:, :k, 4].abs().max()) <= TRUST


def test_the_exported_graph_looks_too(tmp_path):
    torch.manual_seed(0)
    network = DenseNetwork(TINY).eval()
    for mirrored in (False, True):
        graph = Graph(network, mirrored, stirred(Zoom()))
        assert export_graph(graph, tmp_path / "vision.onnx", SIDE) < 0.01


def test_a_mirror_image_gives_mirrored_boxes():
    torch.manual_seed(0)
    graph = Graph(DenseNetwork(TINY), True, stirred(Zoom())).eval()
    image = torch.randint(0, 256, (1, SIDE, SIDE), dtype=torch.uint8)
    with torch.no_grad():
        boxes, back = graph(image)[4], graph(image.flip(2))[4]
    assert torch.allclose(1 - back[:, :, 0], boxes[:, :, 0], atol=1e-4)
    assert torch.allclose(back[:, :, 1:], boxes[:, :, 1:], atol=1e-3)
