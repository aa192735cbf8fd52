from typing import Any

import numpy as np
import pytest
import torch

from models.data.augment import degrade, photometric
from models.data.batches import Batch, Batches
from models.data.manifest import read_manifest
from models.data.negatives import HELD_OUT_FAMILIES, TRAIN_FAMILIES
from models.data.samples import load_samples
from models.evaluation.blind import hide_source


def batches(data, seed=1):
    samples = load_samples([r for r in read_manifest(data) if r.split == "train"], 72)
    return Batches(samples, 64, 24, seed)


def test_a_batch_depends_on_seed_and_step_alone(data):
    first, again, other = batches(data)[7], batches(data)[7], batches(data, seed=2)[7]
    assert all(torch.equal(a, b) for a, b in zip(first, again, strict=True))
    assert not torch.equal(first[0], other[0])


def test_negatives_are_out_of_scope_and_empty(data):
    batch = Batch(*batches(data)[3])
    outside = batch.plane == -1
    assert outside.any()
    assert (batch.scope[outside] == 0).all()
    assert (batch.present[outside] == 0).all()
    assert batch.masks[outside].sum() == 0
    assert batch.image.shape == (24, 1, 64, 64)


ALL_FAMILIES: dict[str, Any] = dict(TRAIN_FAMILIES) | dict(HELD_OUT_FAMILIES)


@pytest.mark.parametrize("family", list(ALL_FAMILIES))
def test_each_family_draws_pictures(family):
    rng = np.random.default_rng(1)
    real = rng.integers(0, 255, (96, 96), dtype=np.uint8)
    made = ALL_FAMILIES[family]
    one, two = made(rng, 64, real), made(rng, 64, real)
    assert one.shape == (64, 64)
    assert one.dtype == np.uint8
    assert not np.array_equal(one, two)


def test_held_out_families_are_never_trained_on():
    assert not set(TRAIN_FAMILIES) & set(HELD_OUT_FAMILIES)


def test_augmentation_keeps_shape_and_degradation_knows_its_level():
    rng = np.random.default_rng(2)
    image = rng.integers(0, 255, (64, 64), dtype=np.uint8)
    for _ in range(12):
        assert photometric(image, image, rng).shape == (64, 64)
        worse, level = degrade(image, rng)
        assert worse.dtype == np.uint8
        assert 0.15 <= level <= 1.0


def test_a_hidden_source_leaves_one_size_and_no_corners():
    rng = np.random.default_rng(3)
    for shape in ((346, 512), (512, 512), (370, 490)):
        out = hide_source(np.full(shape, 200, np.uint8), rng)
        assert out.shape == (512, 512)
        assert out[0].max() == 0
        assert out.max() >= 199
