"""Fits the far-from-everything part of the scope logit, which `models.programs.releasing.export`
puts into the graph.

The learned logit knows the negatives that were drawn in training. Distance from all planes' features
knows nothing of negatives at all. Both are weighed by a logistic regression on validation images
against drawn negatives of the training families, with a prior that keeps the learned logit first.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize
from torch import Tensor

from models.data.collection import read_collection
from models.evaluation.observe import load_gray
from models.evaluation.refusals import negatives
from models.fada.graph import Graph
from models.fada.labels import PLANES
from services.reading.images.picture import square

Floats = npt.NDArray[np.float64]


@torch.no_grad()
def look(graph: Graph, images: list[npt.NDArray[np.uint8]], side: int) -> tuple[Tensor, Tensor]:
    """(scope logits [n], pooled features [n, F]) of images of any size."""
    scope, pooled = [], []
    for start in range(0, len(images), 8):
        part = [square(image, side).pixels for image in images[start : start + 8]]
        out = graph.network(torch.from_numpy(np.stack(part))[:, None].float() / 255)
        scope.append(out.scope[:, 0])
        pooled.append(out.pooled)
    return torch.cat(scope), torch.cat(pooled)


def blend(inside: Floats, outside: Floats) -> tuple[float, float, float, float]:
    """Weights of (learned, near, total, constant), rows of columns (learned, near, total).

    Both classes weigh alike; distances may only lower the scope.
    """
    x = np.concatenate([inside, outside])
    truth = np.concatenate([np.ones(len(inside)), np.zeros(len(outside))])
    weight = np.where(truth == 1, 0.5 / len(inside), 0.5 / len(outside)) * len(x)

    def loss(values: Floats) -> float:
        a, b, c, d = np.exp(values[0]), -np.exp(values[1]), -np.exp(values[2]), values[3]
        z = a * x[:, 0] + b * x[:, 1] + c * x[:, 2] + d
        prior = values[0] ** 2 + 0.1 * (values[1] + 1) ** 2 + 0.1 * (values[2] + 3) ** 2
        return float((weight * (np.logaddexp(0, z) - truth * z)).sum() + prior)

    best = minimize(loss, np.array([0.0, -1.0, -3.0, 0.0]), method="Nelder-Mead").x
    return (
        float(np.exp(best[0])),
        -float(np.exp(best[1])),
        -float(np.exp(best[2])),
        float(best[3]),
    )


def fit_scope(
    graph: Graph, data: Path, side: int, every: int = 6, without: Collection[str] = ()
) -> tuple[float, ...]:
    """Fits centres and basis on training images (each `every`-th) and the blend on validation."""
    everything = read_collection(data, without)
    records = [r for r in everything if r.plane]
    train = [r for r in records if r.split == "train"][::every]
    val = [r for r in records if r.split == "val"][::3]
    _, pooled = look(graph, [load_gray(r) for r in train], side)
    planes = torch.tensor([PLANES.index(str(r.plane)) for r in train])
    graph.distance.fit(graph.network.global_head.norm(pooled), planes)
    inside = _columns(graph, [load_gray(r) for r in val], side)
    drawn = [i for images in negatives(val, 12, seed=31, held_out=False).values() for i in images]
    drawn += [load_gray(r) for r in everything if r.split == "val" and not r.plane]
    outside = _columns(graph, drawn, side)
    weights = blend(inside, outside)
    graph.distance.blend.copy_(torch.tensor(weights))
    return weights


def _columns(graph: Graph, images: list[npt.NDArray[np.uint8]], side: int) -> Floats:
    scope, pooled = look(graph, images, side)
    with torch.no_grad():
        far = graph.distance(graph.network.global_head.norm(pooled))
    return torch.cat([scope[:, None], far], 1).numpy().astype(np.float64)
