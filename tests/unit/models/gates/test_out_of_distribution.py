import numpy as np
import torch

from models.fada.graph import Graph
from models.gates.out_of_distribution import blend, fit_scope


def test_distance_lowers_what_the_learned_logit_lets_through():
    rng = np.random.default_rng(0)
    inside = np.stack(
        [rng.normal(5, 1, 300), rng.normal(0.7, 0.2, 300), rng.normal(1, 0.1, 300)], 1
    )
    outside = np.stack([rng.normal(3, 3, 300), rng.normal(4, 1, 300), rng.normal(1, 0.1, 300)], 1)
    a, b, c, d = blend(inside, outside)
    assert a > 0
    assert b < 0
    assert c < 0
    both = np.concatenate([inside, outside]) @ np.array([a, b, c]) + d
    alone = np.concatenate([inside, outside])[:, 0]

    def recall(score):
        return (score[300:] < np.quantile(score[:300], 0.05)).mean()

    assert recall(both) > recall(alone)
    assert recall(both) > 0.95


def test_the_graph_takes_its_blend_from_a_folder(network, data):
    graph = Graph(network)
    weights = fit_scope(graph, data, 64, every=1)
    assert torch.allclose(graph.distance.blend, torch.tensor(weights))
    assert float(graph.distance.basis.abs().sum()) > 0
