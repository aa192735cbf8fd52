"""One step of the text model's training: the image is encoded once for both tasks.

Besides the sentences, two small heads on the image tokens are trained and thrown away: the plane,
and the token in which each structure lies. They teach the tower to see long before a loss on
words would.
"""

from __future__ import annotations

import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as F  # noqa: N812

from models.fada.labels import PLANES
from models.text.batches import CELLS, TextBatch
from models.text.network import grid, patches
from models.text.sequences import IGNORE, Sequences


class Guides(nn.Module):
    """Heads that only training uses: plane and quality of the pooled tokens, cells of each."""

    def __init__(self, hidden: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(hidden)
        self.pooled = nn.Linear(hidden, len(PLANES) + 2)
        self.cells = nn.Linear(hidden, CELLS)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """[N, I, D] to plane logits [N, P+1], quality logit [N] and cell logits [N, I, C]."""
        normed = self.norm(tokens)
        pooled = self.pooled(normed.mean(1))
        return pooled[:, :-1], pooled[:, -1], self.cells(normed)


@dataclass(frozen=True, slots=True)
class Losses:
    """Weighted loss terms of one batch."""

    interpret: Tensor
    classify: Tensor
    guide: Tensor

    @property
    def total(self) -> Tensor:
        """The sum that is minimised."""
        return self.interpret + self.classify + self.guide


def encode_images(network: Any, images: Tensor) -> Tensor:
    """uint8 [N, 1, T, T] to the merged image tokens [N, I, D]."""
    count = images.shape[0]
    out = network.model.visual(
        patches(images[:, 0]), grid_thw=grid(count, images.shape[-1]), return_dict=True
    )
    return out.pooler_output.reshape(count, -1, out.pooler_output.shape[-1])  # type: ignore[no-any-return]


def logits(network: Any, tokens: Tensor, ids: Tensor, task: Sequences) -> Tensor:
    """[N, L, V] for sequences whose image tokens are already encoded."""
    embedded = network.get_input_embeddings()(ids)
    where = ids[0] == task.image_token
    embedded = embedded.index_copy(1, where.nonzero()[:, 0], tokens.to(embedded.dtype))
    hidden = network.model.language_model(
        inputs_embeds=embedded,
        position_ids=task.positions.expand(-1, ids.shape[0], -1),
        use_cache=False,
    ).last_hidden_state
    return network.lm_head(hidden)  # type: ignore[no-any-return]


def _written(scores: Tensor, labels: Tensor, weight: Tensor) -> Tensor:
    """Cross-entropy summed over a sequence, averaged over images: rare telling words must count."""
    flat = F.cross_entropy(
        scores[:, :-1].flatten(0, 1).float(),
        labels[:, 1:].flatten(),
        ignore_index=IGNORE,
        reduction="none",
    )
    return (flat.view(len(labels), -1).sum(1) * weight).mean()


def losses(
    network: Any, guides: Guides, batch: TextBatch, interpret: Sequences, classify: Sequences
) -> Losses:
    """All terms of one batch, under bf16 autocast."""
    with torch.autocast(batch.image.device.type, torch.bfloat16):
        tokens = encode_images(network, batch.image)
        few = len(batch.interpret_ids)
        long = logits(network, tokens[:few], batch.interpret_ids, interpret)
        short = logits(network, tokens, batch.classify_ids, classify)
        plane, quality, cells = guides(tokens)
    where = F.cross_entropy(cells.float(), batch.cells, ignore_index=IGNORE)
    known = batch.quality >= 0
    poor = F.binary_cross_entropy_with_logits(quality.float()[known], batch.quality[known])
    guide = (F.cross_entropy(plane.float(), batch.plane, reduction="none") * batch.weight).mean()
    return Losses(
        _written(long, batch.interpret_labels, batch.weight[:few]) / 10,
        _written(short, batch.classify_labels, batch.weight),
        guide + 0.5 * torch.nan_to_num(where) + 0.3 * torch.nan_to_num(poor),
    )


def rate(fraction: float, step: int, peak: float, warm: int = 100) -> float:
    """The learning rate at a fraction of the time: short warm-up, then half a cosine to 2 %."""
    falling = 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(fraction, 1.0)))
    return peak * min(1.0, (step + 1) / warm) * falling


def save(path: Path, state: dict[str, Any]) -> None:
    """Writes a checkpoint atomically."""
    partial = path.with_suffix(".partial")
    torch.save(state, partial)
    os.replace(partial, path)
