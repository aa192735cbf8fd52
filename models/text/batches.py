"""Batches for the text model: the dense network's images and labels, with generated answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from models.data.batches import Batch, Batches, Mix
from models.data.samples import Sample
from models.fada.labels import BOXES, KEYPOINTS, NT_STRUCTURES, PLANES
from models.text.sentences import Seen, corpus
from models.text.sequences import IGNORE, Sequences

TEXT_MIX = Mix(
    (
        ("HC18", 0.22),
        ("FETUS_FRAMEWORK", 0.24),
        ("FETAL_PLANES_DB", 0.39),
        ("FETAL_HEAD_BIOMETRY", 0.03),
    )
)
CELLS = len(BOXES) + len(KEYPOINTS)


@dataclass(frozen=True, slots=True)
class TrainedPrompts:
    """The prompts that a text release answers; they are written into its manifest."""

    interpret: str = "Interpret this fetal ultrasound image."
    interpret_plane: str = "Interpret this fetal ultrasound image. Plane: {plane}."
    classify: str = "Classify the plane."

    def read(self) -> list[str]:
        """All that the text model reads and writes: what its words are made from."""
        return [*corpus(), self.interpret, self.classify]


@dataclass(slots=True)
class TextBatch:
    """N images and what is to be written about them.

    image [N, 1, T, T] uint8; classify_* [N, L]; interpret_* [N/2, L]: the long answers are mostly
    the same words, so half of the images is enough; plane [N], the last class is no plane;
    cells [N, C]: the image token in which a structure's centre or an axis end lies, or -100;
    quality [N], -1 unknown; weight [N].
    """

    image: Tensor
    interpret_ids: Tensor
    interpret_labels: Tensor
    classify_ids: Tensor
    classify_labels: Tensor
    plane: Tensor
    cells: Tensor
    quality: Tensor
    weight: Tensor


def seen(batch: Batch, index: int) -> Seen:
    """What the labels of one image of a batch say."""
    plane = int(batch.plane[index])
    if plane < 0:
        return Seen(None)
    present = batch.present[index].tolist()
    centres = {
        label: (float(batch.boxes[index, k, 0]), float(batch.boxes[index, k, 1]))
        for k, label in enumerate(BOXES)
        if present[k] == 1
    }
    structures = [label for label in NT_STRUCTURES if label in centres]
    axis = None
    if float(batch.keypoints_known[index, :2].min()) > 0:
        (x0, y0), (x1, y1) = batch.keypoints[index, :2].tolist()
        axis = ((x0, y0), (x1, y1))
    return Seen(PLANES[plane], structures or None, centres, axis, float(batch.quality[index]))


def cell_targets(batch: Batch, side: int) -> Tensor:
    """[N, C] index of the cell of a side x side raster in which each point lies, or -100."""
    points = torch.cat([batch.boxes[..., :2], batch.keypoints], 1)
    known = torch.cat([batch.present == 1, batch.keypoints_known > 0], 1)
    inside = ((points >= 0) & (points < 1)).all(-1)
    place = (points.clamp(0, 0.999) * side).long()
    index = place[..., 1] * side + place[..., 0]
    return torch.where(known & inside, index, torch.full_like(index, IGNORE))


class TextBatches(Batches):
    """Batch `step` with its sequences; deterministic in (seed, step)."""

    def __init__(
        self,
        samples: list[Sample],
        size: int,
        batch: int,
        seed: int,
        interpret: Sequences,
        classify: Sequences,
        *,
        all_long: bool = False,
    ) -> None:
        super().__init__(samples, size, batch, seed, TEXT_MIX)
        self.interpret, self.classify, self.all_long = interpret, classify, all_long

    def __getitem__(self, step: int) -> tuple[Tensor, ...]:
        batch = Batch(*super().__getitem__(step))
        rng = np.random.default_rng((self.seed, step, 1))
        what = [seen(batch, i) for i in range(len(batch.plane))]
        few = len(what) if self.all_long else max(1, len(what) // 2)
        long = [self.interpret.interpret(s, rng) for s in what[:few]]
        short = [self.classify.classify(s) for s in what]
        plane = torch.where(batch.plane < 0, len(PLANES), batch.plane)
        return (
            batch.image,
            *(torch.stack(column) for column in zip(*long, strict=True)),
            *(torch.stack(column) for column in zip(*short, strict=True)),
            plane,
            cell_targets(batch, self.size // 32),
            batch.quality,
            batch.weight,
        )


def sequences(
    tokenizer: Any, prompts: TrainedPrompts, image_tokens: int
) -> tuple[Sequences, Sequences]:
    """The writers of both tasks, at their fixed lengths."""
    return (
        Sequences(
            tokenizer,
            prompts.interpret,
            image_tokens,
            image_tokens + 140,
            prompts.interpret_plane,
        ),
        Sequences(tokenizer, prompts.classify, image_tokens, image_tokens + 28),
    )
