"""Training batches: which images, augmented how. Batch `step` depends on the seed and step alone,
so a resumed run continues with the batches it would have had."""

from collections.abc import Iterator
from dataclasses import dataclass, fields

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset, Sampler

from models.data import augment
from models.data.negatives import SHARES, TRAIN_FAMILIES
from models.data.samples import ABDOMEN, BRAIN, MEASURED, PLANE_UNKNOWN, Sample
from models.data.warp import Warped, mirror_affine, random_affine, warp
from models.fada.labels import BOXES, KEYPOINTS, MASKS

NOT_FETAL = "NOT_FETAL"  # the pool of real pictures that are out of scope


@dataclass(slots=True)
class Batch:
    """N images and their targets; -1 or a zero `known` means not labelled.

    image [N, 1, S, S] uint8; masks [N, M, S/2, S/2]; mask_known [N, M]; boxes [N, K, 4]; present
    [N, K]; keypoints [N, Q, 2]; keypoints_known [N, Q]; plane [N]; scope [N]; quality [N] (1 is
    good); weight [N] (less where the picture was made hard to read); index [N] of the sample, -1
    for a synthetic negative; subplane [N].
    """

    image: Tensor
    masks: Tensor
    mask_known: Tensor
    boxes: Tensor
    present: Tensor
    keypoints: Tensor
    keypoints_known: Tensor
    plane: Tensor
    scope: Tensor
    quality: Tensor
    weight: Tensor
    index: Tensor
    subplane: Tensor

    def pin(self) -> tuple[Tensor, ...]:
        """The fields in order (what crosses the worker's pipe)."""
        return tuple(getattr(self, field.name) for field in fields(self))


@dataclass(frozen=True, slots=True)
class Mix:
    """Shares of a batch by data set; the rest are synthetic negatives.

    `plain` is the share of images left as the hub sees them, `degraded` of those made poor.
    A data set that is not there leaves its share to the next.
    """

    shares: tuple[tuple[str, float], ...] = (
        ("HC18", 0.14),
        ("FETUS_FRAMEWORK", 0.18),
        # What has no landmarks: most of it is thorax, which no other data set shows.
        ("FETAL_PLANES_DB", 0.10),
        (ABDOMEN, 0.14),
        (MEASURED, 0.13),
        (BRAIN, 0.07),
        ("PSFHS", 0.16),
        (NOT_FETAL, 0.04),
    )
    plain: float = 0.12
    degraded: float = 0.12


@dataclass(slots=True)
class _Item:
    warped: Warped
    scope: float
    quality: float
    weight: float
    index: int


class Batches(Dataset[tuple[Tensor, ...]]):
    """Batch number `step` of `batch` images at `size`; deterministic in (seed, step)."""

    def __init__(
        self, samples: list[Sample], size: int, batch: int, seed: int, mix: Mix | None = None
    ) -> None:
        self.samples, self.size, self.batch, self.seed = samples, size, batch, seed
        self.pools: dict[str, list[int]] = {}
        for index, sample in enumerate(samples):
            pool = NOT_FETAL if sample.plane == PLANE_UNKNOWN else sample.pool
            self.pools.setdefault(pool, []).append(index)
        self.mix = mix or Mix()

    def __getitem__(self, step: int) -> tuple[Tensor, ...]:
        rng = np.random.default_rng((self.seed, step))
        return collate([self._item(rng) for _ in range(self.batch)]).pin()

    def _pick(self, rng: np.random.Generator) -> int | None:
        draw = rng.random()
        for dataset, share in self.mix.shares:
            draw -= share
            if draw < 0 and dataset in self.pools:
                pool = self.pools[dataset]
                return pool[int(rng.integers(0, len(pool)))]
        return None

    def _item(self, rng: np.random.Generator) -> _Item:
        index = self._pick(rng)
        other = self.samples[int(rng.integers(0, len(self.samples)))]
        if index is None:
            return self._negative(rng, other)
        sample = self.samples[index]
        plain = rng.random() < self.mix.plain
        affine = mirror_affine(rng) if plain else random_affine(rng, sample.plane)
        warped = warp(sample, affine, self.size, rng)
        quality, weight = 1.0, 1.0
        if not plain:
            warped.image = augment.photometric(warped.image, other.image, rng)
        if rng.random() < self.mix.degraded:
            warped.image, level = augment.degrade(warped.image, rng)
            quality, weight = 1.0 - level, 1.0 if level < 0.4 else 0.3
        scope = 0.0 if sample.plane == PLANE_UNKNOWN else 1.0
        if quality < 0.35:
            scope = -1.0
        return _Item(warped, scope, quality, weight, index)

    def _negative(self, rng: np.random.Generator, other: Sample) -> _Item:
        families = list(TRAIN_FAMILIES)
        shares = np.array([SHARES.get(name, 1.0) for name in families])
        name = families[int(rng.choice(len(families), p=shares / shares.sum()))]
        image = TRAIN_FAMILIES[name](rng, self.size, other.image)
        if rng.random() < 0.4:
            image = augment.photometric(image, other.image, rng)
        half = self.size // 2
        warped = Warped(
            image,
            np.zeros((len(MASKS), half, half), np.float32),
            np.ones(len(MASKS), np.float32),
            np.full((len(BOXES), 4), 0.5, np.float32),
            np.zeros(len(BOXES), np.float32),
            np.full((len(KEYPOINTS), 2), 0.5, np.float32),
            np.zeros(len(KEYPOINTS), np.float32),
            PLANE_UNKNOWN,
        )
        return _Item(warped, 0.0, -1.0, 1.0, -1)


def collate(items: list[_Item]) -> Batch:
    """Stacks items into a batch."""

    def stack(values: list[np.ndarray]) -> Tensor:
        return torch.from_numpy(np.stack(values))

    def line(values: list[float]) -> Tensor:
        return torch.tensor(values, dtype=torch.float32)

    return Batch(
        image=stack([i.warped.image for i in items])[:, None],
        masks=stack([i.warped.masks for i in items]),
        mask_known=stack([i.warped.mask_known for i in items]),
        boxes=stack([i.warped.boxes for i in items]),
        present=stack([i.warped.present for i in items]),
        keypoints=stack([i.warped.keypoints for i in items]),
        keypoints_known=stack([i.warped.keypoints_known for i in items]),
        plane=torch.tensor([i.warped.plane for i in items]),
        scope=line([i.scope for i in items]),
        quality=line([i.quality for i in items]),
        weight=line([i.weight for i in items]),
        index=torch.tensor([i.index for i in items]),
        subplane=torch.tensor([i.warped.subplane for i in items]),
    )


class Steps(Sampler[int]):
    """Step numbers from `start` on, without end."""

    def __init__(self, start: int) -> None:
        self.start = start

    def __iter__(self) -> Iterator[int]:
        step = self.start
        while True:
            yield step
            step += 1
