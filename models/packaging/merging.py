"""Merges a LoRA adapter in PEFT's layout into its base: W + (alpha / r) · B·A, file by file.

No network is built, so that a 4 B base needs the memory of its largest file alone. What this does
not understand (DoRA, other kinds of adapter, a layer that the base lacks) is refused, not skipped.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from services.domain.errors import ReleaseMalformed, ReleaseMissingFile

CONFIG: Final = "adapter_config.json"
WEIGHTS: Final = "adapter_model.safetensors"
_PREFIX: Final = "base_model.model."


@dataclass(frozen=True, slots=True)
class Adapter:
    """Low-rank updates by the name of the base's weight: (A [r, in], B [out, r], factor)."""

    updates: Mapping[str, tuple[Tensor, Tensor, float]]
    base: str


def is_adapter(folder: Path) -> bool:
    """Does a folder hold an adapter?"""
    return (folder / CONFIG).is_file() and (folder / WEIGHTS).is_file()


def read_adapter(folder: Path) -> Adapter:
    """The adapter of a folder.

    Raises:
        ReleaseMalformed: not a plain LoRA.
    """
    config: dict[str, Any] = json.loads((folder / CONFIG).read_text())
    if config.get("peft_type") != "LORA" or config.get("use_dora") or config.get("fan_in_fan_out"):
        raise ReleaseMalformed(f"{CONFIG} is not that of a plain LoRA adapter.")
    if config.get("bias", "none") != "none" or config.get("modules_to_save"):
        raise ReleaseMalformed(f"{CONFIG}: trained biases and whole modules are not supported.")
    tensors = load_file(folder / WEIGHTS)
    updates = {}
    for name, down in tensors.items():
        if not name.endswith(".lora_A.weight"):
            if not name.endswith(".lora_B.weight"):
                raise ReleaseMalformed(f"{WEIGHTS} holds {name}, which is no part of a LoRA.")
            continue
        up = tensors.get(name.replace(".lora_A.", ".lora_B."))
        if up is None or down.shape[0] != up.shape[1]:
            raise ReleaseMalformed(f"{WEIGHTS}: {name} has no fitting other half.")
        layer = name.removesuffix(".lora_A.weight").removeprefix(_PREFIX)
        updates[f"{layer}.weight"] = (down, up, _factor(config, layer, down.shape[0]))
    if 2 * len(updates) != len(tensors) or not updates:
        raise ReleaseMalformed(f"{WEIGHTS} is incomplete.")
    return Adapter(updates, str(config.get("base_model_name_or_path", "")))


def _factor(config: Mapping[str, Any], layer: str, rank: int) -> float:
    patterns: Mapping[str, float] = config.get("alpha_pattern") or {}
    alpha = next(
        (a for key, a in patterns.items() if layer == key or layer.endswith(f".{key}")),
        config["lora_alpha"],
    )
    return float(alpha) / (math.sqrt(rank) if config.get("use_rslora") else rank)


def merge(adapter: Adapter, base: Path, out: Path) -> None:
    """Writes OUT: the base's files with the adapter merged in, in the base's own number type.

    Raises:
        ReleaseMissingFile: the base has no safetensors.
        ReleaseMalformed: the adapter changes a weight that the base does not have, or of another
            shape.
    """
    files = sorted(base.glob("*.safetensors"))
    if not files or not (base / "config.json").is_file():
        raise ReleaseMissingFile(f"{base.name} is no folder of weights in Hugging Face form.")
    out.mkdir(parents=True, exist_ok=True)
    left = dict(adapter.updates)
    for path in files:
        with safe_open(path, "pt") as opened:
            tensors = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118
            metadata = opened.metadata()
        for name in [n for n in tensors if n in left]:
            tensors[name] = _added(name, tensors[name], left.pop(name))
        save_file(tensors, out / path.name, metadata)
    if left:
        raise ReleaseMalformed(f"The base has no {min(left)}: it is not this adapter's base.")
    for path in base.iterdir():
        if path.is_file() and path.suffix != ".safetensors":
            shutil.copyfile(path, out / path.name)


def _added(name: str, weight: Tensor, update: tuple[Tensor, Tensor, float]) -> Tensor:
    down, up, factor = update
    # A convolution's A has the kernel's dimensions, its B a kernel of one: flat, both are matrices.
    if up.shape[0] != weight.shape[0] or down.shape[1:] != weight.shape[1:]:
        raise ReleaseMalformed(f"{name} has another shape in the base than in the adapter.")
    change = factor * (up.flatten(1).to(torch.float32) @ down.flatten(1).to(torch.float32))
    return (weight.to(torch.float32) + change.reshape(weight.shape)).to(weight.dtype)
