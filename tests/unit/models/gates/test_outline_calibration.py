"""The level at which heads are traced: read from circumferences, taken off in the graph."""

import numpy as np
import pytest
import torch

from models.fada.graph import Graph
from models.gates.outline_calibration import LEVELS, circumferences, line


def cone(side: int, radius: float) -> np.ndarray:
    """Logits that fall by one a pixel away from a circle: level l is met at radius - l."""
    y, x = np.mgrid[0:side, 0:side] + 0.5
    return (radius - np.hypot(x - side / 2, y - side / 2)).astype(np.float32)


def test_circumferences_shrink_with_the_level():
    lengths = circumferences(cone(96, 30.0), 96, 96)
    assert lengths == pytest.approx(2 * np.pi * (30.0 - LEVELS), rel=0.01)


def test_the_line_is_found_again():
    rng = np.random.default_rng(0)
    shares = rng.uniform(0.1, 0.6, 40)
    radii = 20 + 60 * shares
    sizes = 2 * np.pi * (radii[:, None] - LEVELS)
    truths = 2 * np.pi * (radii - (0.2 + 1.5 * shares))
    assert line(sizes, truths, shares) == pytest.approx((0.2, 1.5), abs=0.05)


def test_the_graph_takes_the_level_off_the_head_alone(network):
    graph = Graph(network).eval()
    image = torch.randint(0, 256, (2, 64, 64), dtype=torch.uint8)
    with torch.no_grad():
        before = graph(image)[3]
        graph.level.copy_(torch.tensor([0.5, 2.0]))
        after = graph(image)[3]
    taken = 0.5 + 2.0 * torch.sigmoid(before[:, :1]).mean((2, 3), keepdim=True)
    assert torch.allclose(after[:, :1], before[:, :1] - taken, atol=1e-5)
    assert torch.equal(after[:, 1:], before[:, 1:])
