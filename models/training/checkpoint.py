"""Checkpoints: everything that a training run needs to continue, in one file."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models.fada.network import DenseNetwork, NetworkConfig
from models.fada.unet import UNet, UNetConfig


class Average:
    """Exponential moving average of a network's weights and buffers, warmed up from the start."""

    def __init__(self, network: nn.Module, decay: float = 0.997) -> None:
        self.decay = decay
        self.state = {k: v.detach().clone() for k, v in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module, step: int) -> None:
        """Moves towards the network; early steps move further."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, value in network.state_dict().items():
            if value.dtype.is_floating_point:
                self.state[name].lerp_(value, 1 - decay)
            else:
                self.state[name].copy_(value)


@dataclass(slots=True)
class TrainingProgress:
    """Where a run is. `seconds` is time spent training, over all its resumptions."""

    step: int = 0
    seconds: float = 0.0
    images: int = 0
    log: list[dict[str, float]] = field(default_factory=list)


def append_log(folder: Path, progress: TrainingProgress, fields: dict[str, float]) -> None:
    """One line of a run's log, printed and kept in `log.jsonl`: where it is, and `fields`."""
    line = {
        "step": progress.step,
        "minutes": round(progress.seconds / 60, 2),
        "images": progress.images,
        **{name: round(value, 5) for name, value in fields.items()},
    }
    print(json.dumps(line), flush=True)
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        log.write(json.dumps(line) + "\n")


def save_checkpoint(
    path: Path,
    network: DenseNetwork | UNet,
    average: Average,
    optimiser: torch.optim.Optimizer,
    progress: TrainingProgress,
    seed: int,
    extra: dict[str, Any] | None = None,
    left_out: Sequence[str] | None = None,
) -> None:
    """Writes atomically, so that a kill leaves the last whole checkpoint. `extra` is what else is
    trained beside the network (projectors of a distillation), `left_out` the data sets that it learnt
    nothing from, None where that is not known."""
    partial = path.with_suffix(".partial")
    torch.save(
        {
            "config": network.config.to_json(),
            "network": network.state_dict(),
            "average": average.state,
            "optimiser": optimiser.state_dict(),
            "step": progress.step,
            "seconds": progress.seconds,
            "images": progress.images,
            "log": progress.log,
            "seed": seed,
            "rng": torch.get_rng_state(),
            "extra": extra or {},
            "left_out": None if left_out is None else list(left_out),
        },
        partial,
    )
    os.replace(partial, path)


def recorded_left_out(path: Path) -> tuple[str, ...] | None:
    """The data sets that a checkpoint's weights learnt nothing from; None of one that does not say."""
    names = torch.load(path, map_location="cpu", weights_only=True, mmap=True).get("left_out")
    return None if names is None else tuple(names)


def load_network(path: Path, averaged: bool = True) -> DenseNetwork:
    """The network of a checkpoint, in evaluation mode, with its averaged weights by default."""
    network = open_network(path, averaged)
    assert isinstance(network, DenseNetwork)
    return network


def open_network(path: Path, averaged: bool = True) -> DenseNetwork | UNet:
    """As `load_network`, for either kind of network."""
    saved: dict[str, object] = torch.load(path, map_location="cpu", weights_only=True)
    config, state = saved["config"], saved["average" if averaged else "network"]
    assert isinstance(config, dict)
    assert isinstance(state, dict)
    network: DenseNetwork | UNet
    if config.get("kind") == "unet":
        network = UNet(UNetConfig.from_json(config))
    else:
        network = DenseNetwork(NetworkConfig.from_json(config))
    weights: dict[str, Tensor] = state
    network.load_state_dict(weights)
    return network.eval()
