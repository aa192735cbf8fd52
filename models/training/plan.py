"""What a training run is to do: its stages, its learning rate, and the options that say so."""

import argparse
import math
from dataclasses import dataclass
from pathlib import Path

import torch

from models.data.collection import DATA_SETS
from models.fada.network import SIZES, NetworkConfig
from models.fada.tasks import TASKS


@dataclass(frozen=True, slots=True)
class Stage:
    """From `start` (share of the time) on: input side, batch size and, where it is not the plan's own,
    the task."""

    start: float
    size: int
    batch: int
    task: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """A whole run; `minutes` of training time."""

    data: Path
    out: Path
    minutes: float
    seed: int
    stages: tuple[Stage, ...]
    rate: float
    every: float
    workers: int
    task: str = "all"
    config: NetworkConfig = SIZES["nano"]
    steps: int = 0
    no_validation: bool = False
    decay: float = 0.997
    start: Path | None = None
    only: str = ""
    without: tuple[str, ...] = ()
    without_machine: str = ""
    device: str = "cpu"
    scratch: bool = False
    processes: int = 1


def learning_rate(share: float, peak: float) -> float:
    """Warm-up over 2 %, then cosine to 1 % of the peak."""
    if share < 0.02:
        return peak * max(share / 0.02, 0.02)
    return peak * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * (share - 0.02) / 0.98)))


def parse_stage(text: str) -> Stage:
    """`start:size:batch` or `start:size:batch:task`, as in `0.55:384:12:finish`.

    Raises:
        ValueError: the text is not of this form, or there is no such task.
    """
    start, size, batch, *task = text.split(":")
    if len(task) > 1 or not TASKS.keys() >= set(task):
        raise ValueError(f"not a stage: {text}")
    return Stage(float(start), int(size), int(batch), *task)


def arguments(description: str | None) -> argparse.ArgumentParser:
    """The options that every training program has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--data", type=Path, required=True, help="a collection, or one data set")
    parser.add_argument(
        "--without", nargs="*", default=[], choices=DATA_SETS, help="data sets to leave out"
    )
    parser.add_argument(
        "--without-machine",
        default="",
        help="a scanner whose pictures are not trained on, as Aloka",
    )
    parser.add_argument("--device", default="cpu", help="cpu or cuda")
    parser.add_argument("--scratch", action="store_true", help="no ImageNet weights")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--minutes", type=float, default=100.0)
    parser.add_argument(
        "--steps", type=int, default=0, help="a budget in steps instead, equal on every machine"
    )
    parser.add_argument("--decay", type=float, default=0.997, help="of the averaged weights")
    parser.add_argument(
        "--start", type=Path, help="a checkpoint whose weights a new run begins with"
    )
    parser.add_argument("--only", default="", help="the one module that learns, such as masks")
    parser.add_argument("--no-validation", action="store_true", help="no validation on the way")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--rate", type=float, default=2e-3)
    parser.add_argument("--every", type=float, default=7.0, help="minutes between checkpoints")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument(
        "--processes", type=int, default=1, help="that train together, of one thread each"
    )
    parser.add_argument(
        "--stages", type=parse_stage, nargs="+", default=[Stage(0, 256, 16), Stage(0.55, 384, 16)]
    )
    parser.add_argument("--task", choices=sorted(TASKS), default="all")
    parser.add_argument("--size", choices=sorted(SIZES), default="nano")
    return parser


def plan_of(args: argparse.Namespace) -> Plan:
    """The plan that the options ask for; makes the output folder and sets the threads."""
    torch.set_num_threads(args.threads)
    args.out.mkdir(parents=True, exist_ok=True)
    return Plan(
        args.data,
        args.out,
        args.minutes,
        args.seed,
        tuple(args.stages),
        args.rate,
        args.every,
        args.workers,
        args.task,
        SIZES[args.size],
        args.steps,
        args.no_validation,
        args.decay,
        args.start,
        args.only,
        tuple(args.without),
        args.without_machine,
        args.device,
        args.scratch,
        args.processes,
    )
