from dataclasses import replace

import h5py
import numpy as np
import pytest
import torch
from unit.models.folder import TINY

from models.data.batches import Batch
from models.data.manifest import read_manifest
from models.data.samples import load_samples
from models.fada.feature_cache import read_features, write_features
from models.programs.training.distil import Distillation, DistilTrainer, Projectors, distilled
from models.training.plan import Plan, Stage


class Counting:
    """A teacher whose features are the image's mean, and that counts what it was asked."""

    def __init__(self):
        self.images = 0

    def features(self, image):
        self.images += len(image)
        mean = image.float().mean((1, 2), keepdim=False)[:, None]
        return [torch.cat([mean, 255 - mean, mean * 0 + 9], 1) for _ in range(3)]


@pytest.fixture
def cached(data, tmp_path):
    samples = load_samples([r for r in read_manifest(data) if r.split == "train"], 32)
    checkpoint = tmp_path / "teacher.bin"
    checkpoint.write_bytes(b"weights")
    path, teacher = tmp_path / "features.h5", Counting()
    write_features(path, "t", teacher, 0.4, "MIT", checkpoint, samples, batch=2)
    return path, teacher, checkpoint, samples


def test_features_are_computed_once(cached):
    path, teacher, checkpoint, samples = cached
    assert teacher.images == len(samples)
    again = write_features(path, "t", teacher, 0.4, "MIT", checkpoint, samples)
    assert again == 0
    assert teacher.images == len(samples)


def test_a_stopped_cache_goes_on_and_is_not_read_before(cached):
    path, teacher, checkpoint, samples = cached
    with h5py.File(path, "a") as store:
        store["teachers/t"].attrs["done"] = 2
    with pytest.raises(ValueError, match="not complete"):
        read_features(path)
    assert write_features(path, "t", teacher, 0.4, "MIT", checkpoint, samples) == len(samples) - 2
    features = read_features(path)
    assert features.licences == {"t": "MIT"}
    assert torch.allclose(features.layers["t"][0].norm(dim=1), torch.ones(len(samples)), atol=1e-3)


def test_other_weights_under_the_same_name_are_refused(cached):
    path, teacher, checkpoint, samples = cached
    checkpoint.write_bytes(b"others")
    with pytest.raises(ValueError, match="other features"):
        write_features(path, "t", teacher, 0.4, "MIT", checkpoint, samples)


def batch_with(index, quality, plane):
    n = len(index)
    empty = torch.zeros(n)
    return Batch(
        image=empty,
        masks=empty,
        mask_known=empty,
        boxes=empty,
        present=empty,
        keypoints=empty,
        keypoints_known=empty,
        plane=torch.tensor(plane),
        scope=empty,
        quality=torch.tensor(quality),
        weight=torch.ones(n),
        index=torch.tensor(index),
        subplane=empty,
    )


def test_selective_leaves_out_what_teaches_interpretation():
    batch = batch_with([3, 4, -1, 5], [1.0, 0.4, -1.0, 1.0], [0, 1, -1, -1])
    assert distilled(batch, "none").tolist() == [0, 0, 0, 0]
    assert distilled(batch, "selective").tolist() == [1, 0, 0, 0]
    assert distilled(batch, "full").tolist() == [1, 1, 0, 1]


def test_the_feature_loss_falls_as_the_student_follows(cached):
    features = read_features(cached[0])
    torch.manual_seed(0)
    projectors = Projectors([4, 4, 4], features)
    pooled = [torch.randn(4, 4) for _ in range(3)]
    index = torch.arange(4)
    optimiser = torch.optim.Adam(projectors.parameters(), 1e-2)
    before = float(projectors(pooled, index, features).mean().detach())
    for _ in range(80):
        loss = projectors(pooled, index, features).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    assert float(loss.detach()) < 0.3 * before


def test_features_follow_the_network_to_its_device(cached, data, tmp_path):
    """The device of tensors without memory stands for a processor of its own."""
    features = read_features(cached[0]).to(torch.device("meta"))
    projectors = Projectors([4, 4, 4], features).to("meta")
    pooled = [torch.randn(4, 4, device="meta") for _ in range(3)]
    each = projectors(pooled, torch.arange(4, device="meta"), features)
    assert each.device.type == "meta"
    out = tmp_path / "run"
    out.mkdir()
    plan = Plan(data, out, 1.0, 1, (Stage(0.0, 32, 4),), 1e-3, 10.0, 0, "all", TINY, 3)
    trainer = DistilTrainer(
        replace(plan, device="meta"), Distillation("full", read_features(cached[0]))
    )
    tables = (table for layers in trainer.features.layers.values() for table in layers)
    assert {table.device.type for table in tables} == {"meta"}


@pytest.mark.parametrize("mode", ["none", "selective"])
def test_a_distilled_run_trains_and_resumes_with_its_projectors(cached, data, tmp_path, mode):
    out = tmp_path / "run"
    out.mkdir()
    plan = Plan(data, out, 1.0, 1, (Stage(0.0, 32, 4),), 1e-3, 10.0, 0, "all", TINY, 3)
    distillation = Distillation(mode, read_features(cached[0]))
    trainer = DistilTrainer(plan, distillation)
    trainer.run()
    again = DistilTrainer(replace(plan, steps=4), distillation)
    assert again.progress.step == trainer.progress.step
    mine, theirs = trainer.auxiliary.state_dict(), again.auxiliary.state_dict()
    assert all(torch.equal(mine[k], theirs[k]) for k in mine)
    assert bool(mine) == (mode == "selective")
    assert np.isfinite(trainer.progress.seconds)
