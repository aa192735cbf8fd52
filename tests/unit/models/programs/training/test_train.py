from dataclasses import replace

import pytest
import torch

from models.programs.training.train import Trainer, freeze_except, never_read, train
from models.training import peers
from models.training.checkpoint import load_network, recorded_left_out
from models.training.plan import Plan, Stage


def plan(data, out, steps):
    out.mkdir(exist_ok=True)
    stages = (Stage(0.0, 32, 2), Stage(0.5, 64, 2))
    return Plan(data, out, 1.0, 1, stages, 1e-3, 10.0, 0, steps=steps)


def test_a_run_resumes_where_it_stopped(data, tmp_path):
    first = Trainer(plan(data, tmp_path / "run", 4))
    first.run()
    assert first.share >= 1
    again = Trainer(replace(first.plan, steps=7))
    assert again.progress.step == first.progress.step
    assert torch.equal(
        again.network.get_parameter("stem.0.weight"), first.network.get_parameter("stem.0.weight")
    )
    moment = again.optimiser.state_dict()["state"][0]["exp_avg"]
    assert torch.equal(moment, first.optimiser.state_dict()["state"][0]["exp_avg"])
    again.run()
    assert again.progress.step > first.progress.step
    assert load_network(tmp_path / "run" / "checkpoint.pt").training is False


def test_what_stands_still_learns_nothing(network):
    network.train()
    freeze_except(network, "masks")
    before = {name: value.clone() for name, value in network.state_dict().items()}
    rate = torch.optim.SGD([p for p in network.parameters() if p.requires_grad], lr=0.1)
    network(torch.rand(4, 1, 64, 64)).masks.mean().backward()
    rate.step()
    changed = {n for n, v in network.state_dict().items() if not torch.equal(v, before[n])}
    assert changed
    assert all(name.startswith("masks.") for name in changed)


def test_processes_that_train_together_share_every_step(data, tmp_path):
    alone = Trainer(replace(plan(data, tmp_path / "one", 2), no_validation=True))
    alone.run()
    together = replace(plan(data, tmp_path / "two", 2), processes=2, no_validation=True)
    peers.run_together(train, together, 2)
    one, two = (
        torch.load(tmp_path / name / "checkpoint.pt", weights_only=True) for name in ("one", "two")
    )
    assert (two["step"], two["images"]) == (one["step"], 2 * one["images"])
    # The second process' images count: the same steps have led elsewhere.
    assert not torch.equal(one["network"]["masks.out.weight"], two["network"]["masks.out.weight"])


def test_what_was_left_out_is_recorded_over_all_runs(data, tmp_path):
    left = ("fp-biometry", "psfhs")
    first = Trainer(replace(plan(data, tmp_path / "run", 1), without=left, no_validation=True))
    first.run()
    path = first.path
    assert recorded_left_out(path) == left

    # What either run has read, the weights have learnt from.
    later = replace(plan(data, tmp_path / "later", 1), start=path)
    assert never_read(replace(later, without=("fp-biometry", "nonfetal-us"))) == ("fp-biometry",)
    assert never_read(later) == ()
    with pytest.raises(ValueError, match="was trained without psfhs"):
        Trainer(replace(first.plan, without=("fp-biometry",)))

    saved = torch.load(path, weights_only=True)
    del saved["left_out"]
    torch.save(saved, path)
    assert recorded_left_out(path) is None
    assert Trainer(first.plan).left_out is None
    assert never_read(replace(later, without=left)) is None
