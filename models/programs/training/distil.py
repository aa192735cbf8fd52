"""Selective distillation: teachers for detect, segment and classify, never for interpret.

    python -m models.programs.training.distil cache --data DIR --features FILE --teacher \\
        specialist-segment=CKPT ...
    python -m models.programs.training.distil train --data DIR --out DIR --features FILE --mode \\
        selective --minutes 5

L = L_task + 0.5 · 1[task of the image is distilled] · L_feature (FADA, arXiv 2606.11106). L_feature is
the squared distance between the student's projected features and the teachers', both
L2-normalised, mean over three depths, weighted over the teachers. Projectors are left behind. An image's
task follows from what its data set labels; images made poor, and pictures out of scope, teach the
fields of the interpretation (quality, scope) alone: that is the task that `selective` leaves out.
Modes: none (no teacher), selective, full (every image that has features).
"""

import argparse
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.data.batches import Batch
from models.data.collection import read_collection
from models.data.samples import load_samples
from models.fada.feature_cache import Features, read_features, write_features
from models.fada.losses import total_loss
from models.fada.tasks import TASKS
from models.fada.teachers import open_teacher, pooled_maps
from models.programs.training.train import Trainer
from models.training import peers
from models.training.plan import Plan, arguments, plan_of

MODES = ("none", "selective", "full")
FEATURE_WEIGHT = 0.5


class Projectors(nn.Module):
    """For each teacher and depth: Linear, LayerNorm, GELU, Linear, to the teacher's dimension."""

    def __init__(self, student: list[int], features: Features) -> None:
        super().__init__()
        self.names = list(features.layers)
        self.maps = nn.ModuleList(
            nn.ModuleList(
                nn.Sequential(
                    nn.Linear(width, 128),
                    nn.LayerNorm(128),
                    nn.GELU(),
                    nn.Linear(128, target.shape[1]),
                )
                for width, target in zip(student, features.layers[name], strict=True)
            )
            for name in self.names
        )

    def forward(self, pooled: list[Tensor], index: Tensor, features: Features) -> Tensor:
        """L_feature of each image [N]; `index` are the samples' rows in the cache."""
        total = pooled[0].new_zeros(len(index))
        scale = sum(features.weights.values())
        for name, maps in zip(self.names, self.maps, strict=True):
            assert isinstance(maps, nn.ModuleList)
            for student, layer, projector in zip(pooled, features.layers[name], maps, strict=True):
                gap = functional.normalize(projector(student), dim=1) - layer[index]
                total = total + features.weights[name] / scale * gap.pow(2).sum(1) / len(pooled)
        return total


def distilled(batch: Batch, mode: str) -> Tensor:
    """Which images get L_feature, [N] of 0 or 1."""
    cached = batch.index >= 0
    if mode == "none":
        return torch.zeros_like(batch.weight)
    if mode == "selective":
        cached = cached & (batch.quality == 1) & (batch.plane >= 0)
    return cached.float()


@dataclass(frozen=True, slots=True)
class Distillation:
    """How a run is distilled."""

    mode: str
    features: Features


class DistilTrainer(Trainer):
    """The trainer with L_feature added."""

    def __init__(self, plan: Plan, distillation: Distillation) -> None:
        self.distillation = distillation
        self.features = Features({}, {}, {})
        super().__init__(plan)

    def make_auxiliary(self) -> nn.Module:
        """The projectors (none for mode none, so that it is the plain training)."""
        if self.distillation.mode == "none":
            return nn.Module()
        for layers in self.distillation.features.layers.values():
            if len(layers[0]) != len(self.train_records):
                raise ValueError("The feature cache was made for other images.")
        self.features = self.distillation.features.to(self.device)
        return Projectors(list(self.network.config.widths[-3:]), self.features)

    def loss(self, image: Tensor, batch: Batch) -> tuple[Tensor, dict[str, float]]:
        """Task loss and, where the mode asks for it, the feature loss."""
        with torch.autocast(self.device.type, torch.bfloat16):
            maps = self.network.features(image)
            out = self.network.heads(maps)
        loss, terms = total_loss(out, batch, TASKS[self.plan.task].weights)
        chosen = distilled(batch, self.distillation.mode)
        if chosen.sum() > 0:
            pooled = pooled_maps(maps)
            each = self.auxiliary(pooled, batch.index.clamp(min=0), self.features)
            feature = (each * chosen).sum() / chosen.sum()
            terms["feature"] = float(feature.detach())
            loss = loss + FEATURE_WEIGHT * feature
        return loss, terms


def cache(args: argparse.Namespace) -> None:
    """Computes the features of the training images, once for each teacher."""
    torch.set_num_threads(args.threads)
    records = [r for r in read_collection(args.data) if r.split == "train"]
    samples = load_samples(records, args.side)
    for given in args.teacher:
        name, _, path = given.partition("=")
        teacher, weight, licence = open_teacher(name, Path(path), args.non_commercial)
        count = write_features(args.features, name, teacher, weight, licence, Path(path), samples)
        print(f"{name}: {count} images computed, weight {weight}, {licence}")


def _train(distillation: Distillation, plan: Plan) -> None:
    DistilTrainer(plan, distillation).run()


def main(words: list[str] | None = None) -> None:
    """The command line."""
    words = list(sys.argv[1:] if words is None else words)
    if words[:1] == ["cache"]:
        parser = argparse.ArgumentParser(description=__doc__)
        parser.add_argument("--data", type=Path, required=True)
        parser.add_argument("--features", type=Path, required=True)
        parser.add_argument("--teacher", action="append", required=True, metavar="NAME=CHECKPOINT")
        parser.add_argument("--side", type=int, default=224)
        parser.add_argument("--threads", type=int, default=1)
        parser.add_argument("--non-commercial", action="store_true")
        cache(parser.parse_args(words[1:]))
        return
    parser = arguments(__doc__)
    parser.add_argument("--features", type=Path, help="of `cache`; mode none needs none")
    parser.add_argument("--mode", choices=MODES, required=True)
    args = parser.parse_args(words[1:] if words[:1] == ["train"] else words)
    if args.features is None and args.mode != "none":
        parser.error(f"mode {args.mode} needs --features")
    features = read_features(args.features) if args.features else Features({}, {}, {})
    plan = plan_of(args)
    run = partial(_train, Distillation(args.mode, features))
    peers.run_together(run, plan, plan.processes)


if __name__ == "__main__":
    main()
