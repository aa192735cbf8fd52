"""Fits where the head's outline lies, which `models.programs.releasing.export` puts into the graph.

A published circumference is that of the ellipse that a sonographer drew; masks are that ellipse filled,
its line included, and a network sees the border of a head that fills the picture further out than that
of a small one. So the logit at which the outline is traced depends on how much of the picture the head
fills. The graph takes that level off, so that hub and phone trace the same.
"""

from collections.abc import Collection
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from scipy.optimize import minimize

from models.data.collection import read_collection
from models.data.manifest import Record
from models.evaluation.observe import load_gray
from models.fada.graph import Graph
from services.reading.images import geometry
from services.reading.images.picture import square

Floats = npt.NDArray[np.float64]
LEVELS = np.linspace(-1.0, 2.5, 29)


def circumferences(logits: npt.NDArray[np.float32], width: int, height: int) -> Floats:
    """The circumference in pixels of the head traced at each of `LEVELS`; NaN where there is none."""
    perimeters = []
    for level in LEVELS:
        traced = geometry.outline(logits, float(level))
        shape = geometry.ellipse(traced * np.array([width, height])) if traced is not None else None
        perimeters.append(shape.perimeter if shape else float("nan"))
    return np.array(perimeters)


@torch.no_grad()
def look(graph: Graph, records: list[Record], side: int) -> tuple[Floats, Floats, Floats]:
    """(mm at each level [n, L], published mm [n], share of the picture [n]) of heads."""
    sizes, truths, shares = [], [], []
    for record in records:
        assert record.pixel_mm is not None
        assert record.hc_mm is not None
        picture = square(load_gray(record), side)
        masks = graph(torch.from_numpy(picture.pixels)[None])[3][:, :1]
        shares.append(float(torch.sigmoid(masks).mean()))
        perimeters = circumferences(masks[0, 0].numpy(), picture.width, picture.height)
        sizes.append(perimeters * record.pixel_mm)
        truths.append(record.hc_mm)
    return np.array(sizes), np.array(truths), np.array(shares)


def line(sizes: Floats, truths: Floats, shares: Floats) -> tuple[float, float]:
    """(constant, slope) of the level over the share with the least mean absolute error."""

    def error(values: Floats) -> float:
        wanted = np.clip(values[0] + values[1] * shares, LEVELS[0], LEVELS[-1])
        estimates = [np.interp(at, LEVELS, row) for at, row in zip(wanted, sizes, strict=True)]
        return float(np.nanmean(np.abs(np.array(estimates) - truths)))

    starts = (np.array([0.5, 0.0]), np.array([-0.2, 2.0]))
    best = min((minimize(error, s, method="Nelder-Mead") for s in starts), key=lambda r: r.fun)
    return float(best.x[0]), float(best.x[1])


def fit_outline_level(
    graph: Graph, data: Path, side: int, every: int = 4, without: Collection[str] = ()
) -> tuple[float, float]:
    """Fits the line on validation heads and each `every`-th training head, and sets it."""
    records = read_collection(data, without)
    heads = [r for r in records if r.hc_mm and r.pixel_mm and not r.landmarks]
    chosen = [r for r in heads if r.split == "train"][::every]
    chosen += [r for r in heads if r.split == "val"]
    graph.level.zero_()
    values = line(*look(graph, chosen, side))
    graph.level.copy_(torch.tensor(values))
    return values
