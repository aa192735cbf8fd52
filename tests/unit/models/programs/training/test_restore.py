"""A release's graph becomes a network again that says the same."""

from functools import partial

import onnx
import pytest
import torch

from models.fada import heads, labels
from models.fada.efficientnet import TOWERS
from models.fada.graph import Graph
from models.fada.network import DenseNetwork, NetworkConfig
from models.fada.zoom import Zoom, sample_windows
from models.programs.releasing.export import export_graph
from models.programs.releasing.quantise import halve
from models.programs.training.restore import fill, unfold
from models.programs.training.restore_zoom import fill as fill_zoom

SIDE = 64
CONFIG = NetworkConfig((4, 8, 8, 8, 16), (1, 1, 1, 1), 8, 8)
LITE = NetworkConfig(TOWERS["lite0"].widths, (), 8, 8, "lite0")


def stirred(config: NetworkConfig) -> DenseNetwork:
    """Norms with statistics and scales that are not those of a new network."""
    torch.manual_seed(0)
    network = DenseNetwork(config)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, std=0.2)
    network.train()(torch.rand(4, 1, SIDE, SIDE))
    return network.eval()


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("config", [CONFIG, LITE], ids=["plain", "lite0"])
def test_a_restored_network_says_what_the_graph_says(tmp_path, config):
    network, image = stirred(config), torch.rand(3, 1, SIDE, SIDE)
    for half, gap in ((False, 2e-4), (True, 2e-2)):
        zoom = Zoom().eval() if half else None
        export_graph(Graph(network, mirrored=half, zoom=zoom), tmp_path / "vision.onnx", SIDE)
        model = onnx.load(tmp_path / "vision.onnx")
        restored = DenseNetwork(config)
        biases = fill(restored, halve(model) if half else model)
        unfold(biases, partial(restored.eval(), torch.rand(4, 1, SIDE, SIDE)))
        with torch.no_grad():
            wanted, actual = network(image), restored.eval()(image)
        assert torch.allclose(wanted.plane, actual.plane, atol=gap)
        assert torch.allclose(wanted.masks, actual.masks, atol=gap)
        assert torch.allclose(wanted.boxes, actual.boxes, atol=gap)


@pytest.mark.filterwarnings("ignore")
def test_a_release_with_fewer_labels_keeps_what_it_has_learnt(tmp_path, monkeypatch):
    """Old labels say the same in their new places, whatever stands between them."""
    older = {
        "PLANES": (labels.PLANES[0], labels.PLANES[2]),
        "MASKS": (labels.MASKS[0], labels.MASKS[3]),
        "BOXES": (labels.BOXES[1], labels.BOXES[9]),
        "BOX_PRIORS": (labels.BOX_PRIORS[1], labels.BOX_PRIORS[9]),
        "KEYPOINTS": labels.KEYPOINTS[1:3],
    }
    with monkeypatch.context() as patch:
        for name, some in older.items():
            patch.setattr(heads, name, some)
        network, image = stirred(CONFIG), torch.rand(3, 1, SIDE, SIDE)
        with torch.no_grad():
            wanted = network(image)
        export_graph(Graph(network), tmp_path / "vision.onnx", SIDE)
    restored = DenseNetwork(CONFIG)
    own = {name.lower(): some for name, some in older.items()}
    biases = fill(restored, onnx.load(tmp_path / "vision.onnx"), own)  # type: ignore[arg-type]
    unfold(biases, lambda: restored.eval()(torch.rand(4, 1, SIDE, SIDE)))
    with torch.no_grad():
        answer = restored.eval()(image)
    assert torch.allclose(wanted.plane, answer.plane[:, [0, 2]], atol=2e-4)
    assert torch.allclose(wanted.masks, answer.masks[:, [0, 3]], atol=2e-4)
    assert torch.allclose(wanted.boxes, answer.boxes[:, [1, 9]], atol=2e-4)
    assert torch.allclose(wanted.keypoints, answer.keypoints[:, 1:3], atol=2e-4)
    with pytest.raises(ValueError, match="moon"):
        fill(restored, onnx.load(tmp_path / "vision.onnx"), {**own, "planes": ["moon"]})  # type: ignore[dict-item]


@pytest.mark.filterwarnings("ignore")
def test_a_restored_closer_look_moves_boxes_as_the_graph_does(tmp_path):
    torch.manual_seed(1)
    zoom, image = Zoom().train(), torch.rand(6, 1, SIDE, SIDE)
    places = torch.rand(6, len(labels.BOXES), 5) * 0.3 + 0.3
    torch.nn.init.normal_(zoom.delta, std=0.1)
    windows = sample_windows(image, places[:, : zoom.structures, :4])
    for _ in range(20):
        zoom(windows, places[:, : zoom.structures, :4])  # norms have seen something
    export_graph(Graph(stirred(CONFIG), mirrored=True, zoom=zoom.eval()), tmp_path / "v.onnx", SIDE)
    restored = Zoom()
    biases = fill_zoom(restored, onnx.load(tmp_path / "v.onnx"))
    unfold(biases, lambda: restored.eval()(windows, places[:, : zoom.structures, :4]))
    with torch.no_grad():
        moved, wanted = restored.look(image, places), zoom.look(image, places)
    assert torch.allclose(moved, wanted, atol=1e-3)
    assert not torch.allclose(wanted, places, atol=1e-3)
