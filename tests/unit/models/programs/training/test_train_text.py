"""The text model's trainer: it stops in time, goes on where it stopped, and learns what it should."""

import json

import torch

from models.data.manifest import read_manifest
from models.data.samples import load_samples
from models.programs.training.train_text import keep, start, train, words_alone
from models.text.batches import TextBatch, TextBatches
from models.text.network import TextSize
from models.text.training import losses

SMALL = TextSize(
    side=64, hidden=32, layers=4, intermediate=48, vision_hidden=32, vision_depth=1,
    vision_intermediate=48,
)  # fmt: skip


def batches(run, data, all_long=False):
    samples = load_samples(read_manifest(data), 64)
    return TextBatches(
        samples, SMALL.side, 4, 0, run.interpret, run.classify, all_long=all_long
    ), samples


def steps(made):
    step = 0
    while True:
        yield made[step]
        step += 1


def test_a_run_goes_on_where_it_stopped(data, tmp_path):
    run = start(tmp_path / "run", 0, 1e-3, SMALL)
    made, samples = batches(run, data)
    train(run, steps(made), samples[:4], 0.02, 1e-3, 10.0)
    again = start(tmp_path / "run", 0, 1e-3, SMALL)
    assert again.step == run.step >= 1
    assert again.seconds == run.seconds
    for name, weight in run.network.state_dict().items():
        assert torch.equal(again.network.state_dict()[name], weight)
    facts = json.loads((tmp_path / "run" / "weights" / "text.json").read_text())
    assert facts["side"] == SMALL.side
    assert "{plane}" in facts["prompts"]["interpret_plane"]
    line = json.loads((tmp_path / "run" / "log.jsonl").read_text().splitlines()[-1])
    assert line["step"] == run.step


def test_a_run_can_begin_with_weights_that_are_there(data, tmp_path):
    first = start(tmp_path / "first", 0, 1e-3, SMALL)
    keep(first)
    weights = tmp_path / "first" / "weights"
    second = start(tmp_path / "second", 7, 1e-3, SMALL, weights)
    assert second.step == 0
    for name, weight in first.average.state.items():
        assert torch.equal(second.network.state_dict()[name], weight)


def test_batches_depend_on_seed_and_step_alone(data, tmp_path):
    run = start(tmp_path / "run", 0, 1e-3, SMALL)
    one, other = batches(run, data)[0], batches(run, data)[0]
    for a, b in zip(one[3], other[3], strict=True):
        assert torch.equal(a, b)


def test_a_step_lowers_the_loss_of_its_batch(data, tmp_path):
    run = start(tmp_path / "run", 0, 1e-3, SMALL)
    batch = TextBatch(*batches(run, data)[0][0])
    seen = []
    for _ in range(6):
        loss = losses(run.network, run.guides, batch, run.interpret, run.classify).total
        seen.append(loss.item())
        loss.backward()
        run.optimiser.step()
        run.optimiser.zero_grad()
    assert seen[-1] < seen[0]


def test_the_words_alone_leave_the_tower(data, tmp_path):
    run = start(tmp_path / "run", 0, 1e-3, SMALL)
    words_alone(run)
    tower = {k: v.clone() for k, v in run.network.model.visual.state_dict().items()}
    decoder = run.network.lm_head.weight.clone()
    batch = TextBatch(*batches(run, data, all_long=True)[0][0])
    assert len(batch.interpret_ids) == 4
    losses(run.network, run.guides, batch, run.interpret, run.classify).total.backward()
    run.optimiser.step()
    assert all(torch.equal(tower[k], v) for k, v in run.network.model.visual.state_dict().items())
    assert not torch.equal(decoder, run.network.lm_head.weight)
