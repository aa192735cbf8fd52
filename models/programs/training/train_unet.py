"""Trains the baseline U-Net.

`python -m models.programs.training.train_unet --data DIR --out DIR --minutes 25`

The budget is processor time, loading and augmentation included, so that it is the same on a busy
machine. Kill it and start it again with the same arguments: it resumes.
"""

import argparse
import time
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from models.data.batches import Batch, Batches
from models.data.collection import left_out, read_collection
from models.data.samples import load_samples
from models.fada.losses import WEIGHTS, global_losses, mask_losses
from models.fada.tasks import TASKS
from models.fada.unet import UNet, UNetConfig
from models.training.checkpoint import Average, TrainingProgress, append_log, save_checkpoint
from models.training.plan import learning_rate

SIDE = 384  # twice the side that the network works at; its masks come at half of this


@dataclass(frozen=True, slots=True)
class UnetPlan:
    """A whole run; `minutes` of processor time."""

    data: Path
    out: Path
    minutes: float
    batch: int = 8
    rate: float = 3e-3
    seed: int = 1
    side: int = SIDE


def drawn(boxes: Tensor, side: int) -> Tensor:
    """Boxes [N, K, 4] as filled rectangles [N, K, side, side] in 0..1, edges antialiased."""
    line = (torch.arange(side, dtype=torch.float32) + 0.5) / side
    held = [
        ((boxes[:, :, 2 + axis, None] / 2 - (line - boxes[:, :, axis, None]).abs()) * side + 0.5)
        for axis in (0, 1)
    ]
    x, y = (part.clamp(0, 1) for part in held)
    return y[:, :, :, None] * x[:, :, None, :]


def rectangle_losses(logits: Tensor, batch: Batch) -> dict[str, Tensor]:
    """Cross-entropy, heavier inside (rectangles are small), and Dice where one is."""
    here = (batch.present == 1).float() * batch.weight[:, None]
    known = (batch.present >= 0).float() * batch.weight[:, None]
    target = drawn(batch.boxes, logits.shape[-1]) * (batch.present == 1).float()[:, :, None, None]
    pixel = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    each = (pixel * (1 + 20 * target)).mean((2, 3))
    chances = torch.sigmoid(logits)
    overlap = 2 * (chances * target).sum((2, 3)) + 1.0
    dice = 1 - overlap / (chances.sum((2, 3)) + target.sum((2, 3)) + 1.0)
    return {
        "rectangles": 3 * (each * known).sum() / known.sum().clamp(min=1.0),
        "overlap": (dice * here).sum() / here.sum().clamp(min=1.0),
    }


class UnetRun:
    """One resumable run."""

    def __init__(self, plan: UnetPlan, config: UNetConfig | None = None) -> None:
        torch.manual_seed(plan.seed)
        self.plan = plan
        self.path = plan.out / "checkpoint.pt"
        self.progress = TrainingProgress()
        self.network = UNet(config or UNetConfig()).train()
        self.network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Average(self.network, 0.99)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), plan.rate, weight_decay=0.02)
        if self.path.exists():
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            self.network.load_state_dict(saved["network"])
            self.average.state = saved["average"]
            self.optimiser.load_state_dict(saved["optimiser"])
            self.progress = TrainingProgress(saved["step"], saved["seconds"], saved["images"])
            torch.set_rng_state(saved["rng"])

    @property
    def share(self) -> float:
        """How much of the budget is spent, 0..1."""
        return self.progress.seconds / (60 * self.plan.minutes)

    def run(self) -> None:
        """Trains until the budget is spent; a checkpoint each minute of processor time."""
        plan = self.plan
        records = [r for r in read_collection(plan.data) if r.split == "train"]
        samples = load_samples(records, int(plan.side * 1.15))
        batches = Batches(samples, plan.side, plan.batch, plan.seed, TASKS["finish"].mix)
        kept = self.progress.seconds
        while self.share < 1:
            started = time.process_time()
            terms = self.step(Batch(*batches[self.progress.step]))
            self.progress.seconds += time.process_time() - started
            self.progress.images += plan.batch
            if self.progress.step % 20 == 0:
                self._log(terms)
            if self.progress.seconds - kept > 60:
                self._save()
                kept = self.progress.seconds
        self._save()

    def step(self, batch: Batch) -> dict[str, float]:
        """One step of the optimiser; the terms of the loss."""
        for group in self.optimiser.param_groups:
            group["lr"] = learning_rate(self.share, self.plan.rate)
        image = (batch.image.float() / 255).to(memory_format=torch.channels_last)
        with torch.autocast(image.device.type, torch.bfloat16):
            out, rectangles = self.network.look(image)
        terms = {**mask_losses(out, batch), **global_losses(out, batch)}
        total = torch.stack([WEIGHTS[name] * value for name, value in terms.items()]).sum()
        more = rectangle_losses(rectangles, batch)
        total = total + torch.stack(list(more.values())).sum()
        self.optimiser.zero_grad(set_to_none=True)
        total.backward()  # type: ignore[no-untyped-call]
        norm = torch.nn.utils.clip_grad_norm_(self.network.parameters(), 5.0)
        if torch.isfinite(norm):
            self.optimiser.step()
            self.average.update(self.network, self.progress.step)
        self.progress.step += 1
        return {name: float(value.detach()) for name, value in {**terms, **more}.items()}

    def _log(self, terms: dict[str, float]) -> None:
        append_log(self.plan.out, self.progress, terms)

    def _save(self) -> None:
        save_checkpoint(
            self.path,
            self.network,
            self.average,
            self.optimiser,
            self.progress,
            self.plan.seed,
            left_out=left_out(self.plan.data, ()),
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=25.0, help="of processor time")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rate", type=float, default=3e-3)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    UnetRun(UnetPlan(args.data, args.out, args.minutes, args.batch, args.rate, args.seed)).run()


if __name__ == "__main__":
    main()
