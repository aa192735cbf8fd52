"""Trains the dense network: `python -m models.programs.training.train --data DIR --out DIR --minutes 100`.

The schedule runs over training time, not steps, so that a run always ends annealed whatever the
machine. Kill it and start it again with the same arguments: it resumes.
"""

import time
from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from models.data.batches import Batch, Batches, Steps
from models.data.collection import left_out, read_collection
from models.data.samples import load_samples
from models.fada.efficientnet import load_published, published_weights
from models.fada.losses import total_loss
from models.fada.network import DenseNetwork
from models.fada.tasks import TASKS
from models.training import peers
from models.training.checkpoint import (
    Average,
    TrainingProgress,
    append_log,
    load_network,
    recorded_left_out,
    save_checkpoint,
)
from models.training.metrics import training_metrics
from models.training.plan import Plan, Stage, arguments, learning_rate, plan_of


def freeze_except(network: DenseNetwork, only: str) -> None:
    """Leaves nothing to be learnt, statistics included, but the module of this name."""
    network.requires_grad_(False).eval()
    network.get_submodule(only).requires_grad_(True).train()


def never_read(plan: Plan) -> tuple[str, ...] | None:
    """The data sets that the weights of this run, and of those that it begins with, learnt nothing from;
    None where a checkpoint does not say what it has learnt from.

    Raises:
        ValueError: the run that is resumed left out what this one would read.
    """
    mine = left_out(plan.data, plan.without)
    path = plan.out / "checkpoint.pt"
    begun_with = path if path.exists() else plan.start
    if begun_with is None:
        return mine
    before = recorded_left_out(begun_with)
    if begun_with == path and (read := set(before or ()) - set(mine)):
        raise ValueError(
            f"{path} was trained without {', '.join(sorted(read))}: leave it out again"
        )
    if not mine:
        return ()
    return None if before is None else tuple(name for name in mine if name in before)


class Trainer:
    """One resumable run."""

    def __init__(self, plan: Plan) -> None:
        torch.manual_seed(plan.seed)
        self.plan, self.task = plan, plan.task
        self.path = plan.out / "checkpoint.pt"
        self.left_out = never_read(plan)
        self.progress = TrainingProgress()
        self.network = DenseNetwork(plan.config)
        if self.path.exists():
            self.network = load_network(self.path, averaged=False)
        elif plan.start:
            self.network = load_network(plan.start)
        elif plan.config.tower != "plain" and not plan.scratch:
            weights = published_weights(plan.config.tower)
            load_published(self.network.stem, self.network.stages, weights)
        self.device = torch.device(plan.device)
        self.network = self.network.to(self.device).train()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if plan.only:
            freeze_except(self.network, plan.only)
        self.average = Average(self.network, plan.decay)
        records = read_collection(plan.data, plan.without)
        self.train_records = [
            r
            for r in records
            if r.split == "train" and not (r.machine and r.machine == plan.without_machine)
        ]
        self.val_records = [r for r in records if r.split == "val"]
        self.auxiliary = self.make_auxiliary().to(self.device)
        everything = [*self.network.parameters(), *self.auxiliary.parameters()]
        decay = [p for p in everything if p.ndim > 1]
        plain = [p for p in everything if p.ndim <= 1]
        self.optimiser = torch.optim.AdamW(
            [{"params": decay, "weight_decay": 0.02}, {"params": plain, "weight_decay": 0.0}],
            lr=plan.rate,
        )
        if self.path.exists():
            self._resume()

    def make_auxiliary(self) -> nn.Module:
        """What is trained beside the network and left behind; nothing here."""
        return nn.Module()

    def loss(self, image: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """The loss of a batch and its terms."""
        with torch.autocast(self.device.type, torch.bfloat16):
            out = self.network(image)
        return total_loss(out, batch, TASKS[self.task].weights)

    def _resume(self) -> None:
        saved = torch.load(self.path, map_location="cpu", weights_only=True)
        self.average.state = {k: v.to(self.device) for k, v in saved["average"].items()}
        self.optimiser.load_state_dict(saved["optimiser"])
        self.auxiliary.load_state_dict(saved.get("extra", {}))
        self.progress = TrainingProgress(
            saved["step"], saved["seconds"], saved["images"], saved["log"]
        )
        torch.set_rng_state(saved["rng"])

    @property
    def share(self) -> float:
        """How much of the budget is spent, 0..1: of the steps where they are given, else of the time."""
        if self.plan.steps:
            return self.progress.step / self.plan.steps
        return self.progress.seconds / (60 * self.plan.minutes)

    def run(self) -> None:
        """Trains through all stages and leaves the last checkpoint."""
        for index, stage in enumerate(self.plan.stages):
            later = self.plan.stages[index + 1 :]
            end = later[0].start if later else 1.0
            if self.share < end:
                self._stage(stage, end)
        self._save()
        if not self.plan.no_validation:
            self._measure(self.plan.stages[-1].size)

    def _stage(self, stage: Stage, end: float) -> None:
        samples = load_samples(self.train_records, int(stage.size * 1.15))
        self.task = stage.task or self.plan.task
        mix = TASKS[self.task].mix
        seed = self.plan.seed + 1000 * peers.number()
        batches = Batches(samples, stage.size, stage.batch, seed, mix)
        loader = DataLoader(
            batches,
            batch_size=None,
            sampler=Steps(self.progress.step),
            num_workers=self.plan.workers,
            prefetch_factor=3 if self.plan.workers else None,
        )
        feed: Iterator[list[torch.Tensor]] = iter(loader)
        measured = time.monotonic()
        while self.share < end:
            started = time.monotonic()
            terms = self._step(Batch(*(t.to(self.device) for t in next(feed))))
            self.progress.seconds += peers.slowest(time.monotonic() - started)
            self.progress.images += stage.batch * self.plan.processes
            if self.progress.step % 20 == 0:
                self._log({**terms, "size": stage.size})
            if time.monotonic() - measured > 60 * self.plan.every:
                self._save()
                if not self.plan.no_validation:
                    self._measure(stage.size)
                measured = time.monotonic()

    def _step(self, batch: Batch) -> dict[str, float]:
        rate = learning_rate(self.share, self.plan.rate)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        image = (batch.image.float() / 255).to(memory_format=torch.channels_last)
        loss, terms = self.loss(image, batch)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        peers.average_gradients(self.network.parameters())
        peers.average_gradients(self.auxiliary.parameters())
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.average.update(self.network, self.progress.step)
        self.progress.step += 1
        return {"loss": float(loss.detach()), "norm": float(norm), "rate": rate, **terms}

    def _log(self, fields: dict[str, float]) -> None:
        if peers.number() == 0:
            append_log(self.plan.out, self.progress, fields)

    def _measure(self, size: int) -> None:
        if peers.number():
            return
        network = DenseNetwork(self.network.config)
        network.load_state_dict(self.average.state)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        metrics = training_metrics(network.eval(), self.val_records, size)
        self._log({f"val_{name}": value for name, value in metrics.items()})

    def _save(self) -> None:
        if peers.number():
            return
        save_checkpoint(
            self.path,
            self.network,
            self.average,
            self.optimiser,
            self.progress,
            self.plan.seed,
            self.auxiliary.state_dict(),
            self.left_out,
        )


def train(plan: Plan) -> None:
    """One run, from its last checkpoint on."""
    Trainer(plan).run()


def main() -> None:
    """The command line."""
    plan = plan_of(arguments(__doc__).parse_args())
    peers.run_together(train, plan, plan.processes)


if __name__ == "__main__":
    main()
