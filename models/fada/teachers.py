"""Teachers: published foundation models by checkpoint path, and our own specialists.

A teacher gives three feature vectors for an image. Names, dimensions, layers, weights and licences
are FADA's (arXiv 2606.11106). A non-commercial teacher is refused unless it is asked for by a flag,
and its name and licence are recorded with the features that it made.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

import torch
from torch import Tensor
from torch.nn import functional

from models.fada.network import DenseNetwork
from models.fada.vit import Vit, VitConfig
from models.training.checkpoint import open_network


class TeacherRefused(ValueError):
    """A checkpoint that is not of the layout, or a licence that was not agreed to."""


class Teacher(Protocol):
    """Grey images [N, S, S] uint8 to one [N, D] vector for each of three depths."""

    def features(self, image: Tensor) -> list[Tensor]:
        """Pooled features, shallow to deep, float32."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What is known of a published teacher. `layout` names how its checkpoint is written."""

    layout: str
    config: VitConfig
    layers: tuple[int, int, int]
    weight: float
    licence: str
    commercial: bool
    mean: tuple[float, float, float] = (0.485, 0.456, 0.406)
    deviation: tuple[float, float, float] = (0.229, 0.224, 0.225)


_BASE = VitConfig(768, 12, 12, 3072, 16, 14)
_CLIP = ((0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
KINDS = {
    "fetalclip": Kind(
        "clip",
        VitConfig(1024, 24, 16, 4096, 14, 16, norm_before=True, eps=1e-5),
        (7, 15, 23),
        0.40,
        "CC BY-NC 4.0",
        False,
        *_CLIP,
    ),
    "ultrasam": Kind(
        "sam",
        replace(_BASE, grid=64, class_token=False, window=14, global_layers=(2, 5, 8, 11)),
        (3, 7, 11),
        0.25,
        "CC BY-NC-SA 4.0",
        False,
    ),
    "usf-mae": Kind("mae", _BASE, (3, 7, 11), 0.20, "MIT", True),
    "ultrafedfm": Kind("mae", _BASE, (3, 7, 11), 0.15, "Apache-2.0", True),
}

# What a published name becomes here, by layout; what is not named (decoders, text towers) is left.
_RENAMES: dict[str, list[tuple[str, str]]] = {
    "mae": [
        (r"^patch_embed\.proj\.", "patch."),
        (r"^pos_embed$", "position"),
        (r"^cls_token$", "token"),
        (r"^blocks\.(\d+)\.mlp\.(fc[12])\.", r"blocks.\1.\2."),
        (r"^blocks\.(\d+)\.(norm[12]|attn\.qkv|attn\.proj)\.", r"blocks.\1.\2."),
    ],
    "clip": [
        (r"^(?:model\.)?visual\.conv1\.weight$", "patch.weight"),
        (r"^(?:model\.)?visual\.class_embedding$", "token"),
        (r"^(?:model\.)?visual\.positional_embedding$", "position"),
        (r"^(?:model\.)?visual\.ln_pre\.", "before."),
        (r"^(?:model\.)?visual\.transformer\.resblocks\.(\d+)\.ln_([12])\.", r"blocks.\1.norm\2."),
        (
            r"^(?:model\.)?visual\.transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)$",
            r"blocks.\1.attn.qkv.\2",
        ),
        (
            r"^(?:model\.)?visual\.transformer\.resblocks\.(\d+)\.attn\.out_proj\.",
            r"blocks.\1.attn.proj.",
        ),
        (r"^(?:model\.)?visual\.transformer\.resblocks\.(\d+)\.mlp\.c_fc\.", r"blocks.\1.fc1."),
        (r"^(?:model\.)?visual\.transformer\.resblocks\.(\d+)\.mlp\.c_proj\.", r"blocks.\1.fc2."),
    ],
    "sam": [
        (r"^backbone\.patch_embed\.projection\.", "patch."),
        (r"^backbone\.pos_embed$", "position"),
        (r"^backbone\.layers\.(\d+)\.ln([12])\.", r"blocks.\1.norm\2."),
        (
            r"^backbone\.layers\.(\d+)\.attn\.(qkv\.|proj\.|rel_pos_[hw]$)",
            r"blocks.\1.attn.\2",
        ),
        (r"^backbone\.layers\.(\d+)\.ffn\.layers\.0\.0\.", r"blocks.\1.fc1."),
        (r"^backbone\.layers\.(\d+)\.ffn\.layers\.1\.", r"blocks.\1.fc2."),
    ],
}


def translate(state: Mapping[str, Tensor], layout: str) -> dict[str, Tensor]:
    """A published state dict under our names and shapes."""
    weights: dict[str, Tensor] = {}
    for name, value in state.items():
        bare = name.removeprefix("module.")
        for pattern, replacement in _RENAMES[layout]:
            if re.search(pattern, bare):
                weights[re.sub(pattern, replacement, bare)] = value
                break
    if "position" in weights:
        position = weights["position"]
        weights["position"] = position.reshape(1, -1, position.shape[-1])
    if "token" in weights:
        weights["token"] = weights["token"].reshape(1, 1, -1)
    if layout == "clip" and "patch.weight" in weights:
        weights["patch.bias"] = torch.zeros(weights["patch.weight"].shape[0])
    return weights


def read_state(path: Path) -> Mapping[str, Tensor]:
    """The tensors of a checkpoint; only tensors and plain values are unpickled.

    Raises:
        TeacherRefused: the file holds no state dict.
    """
    try:
        saved: Any = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds here
        raise TeacherRefused(f"{path.name} is not a checkpoint that can be read.") from error
    for key in ("model", "state_dict"):
        if isinstance(saved, dict) and isinstance(saved.get(key), dict):
            saved = saved[key]
    if not isinstance(saved, dict) or not any(isinstance(v, Tensor) for v in saved.values()):
        raise TeacherRefused(f"{path.name} holds no weights.")
    return {k: v for k, v in saved.items() if isinstance(v, Tensor)}


class VitTeacher:
    """A published transformer as a teacher."""

    def __init__(self, kind: Kind, path: Path) -> None:
        """Raises TeacherRefused where names or shapes are not of the layout."""
        self.kind = kind
        self.vit = Vit(kind.config).eval()
        state = translate(read_state(path), kind.layout)
        try:
            self.vit.load_state_dict(state)
        except RuntimeError as error:
            raise TeacherRefused(f"{path.name} is not of the {kind.layout} layout.") from error

    def features(self, image: Tensor) -> list[Tensor]:
        """[N, S, S] uint8 to three [N, width]: patch tokens, averaged."""
        side = self.kind.config.grid * self.kind.config.patch
        x = image[:, None].float() / 255
        x = functional.interpolate(x, (side, side), mode="bilinear", antialias=True)
        mean = torch.tensor(self.kind.mean)[None, :, None, None]
        deviation = torch.tensor(self.kind.deviation)[None, :, None, None]
        tokens = self.vit.tokens((x.expand(-1, 3, -1, -1) - mean) / deviation, self.kind.layers)
        return [t.mean(1) for t in tokens]


class Specialist:
    """One of our own networks as a teacher. A U-Net takes twice the side that it works at."""

    def __init__(self, path: Path, side: int = 192) -> None:
        self.network = open_network(path)
        self.side = side if isinstance(self.network, DenseNetwork) else 2 * side

    @torch.no_grad()
    def features(self, image: Tensor) -> list[Tensor]:
        """[N, S, S] uint8 to the pooled maps at strides 8, 16 and 32."""
        x = image[:, None].float() / 255
        x = functional.interpolate(x, (self.side, self.side), mode="bilinear", antialias=True)
        return pooled_maps(self.network.features(x))


def pooled_maps(maps: list[Tensor]) -> list[Tensor]:
    """Means of the maps at strides 8, 16 and 32: [N, C] each."""
    return [m.float().mean((2, 3)) for m in maps[-3:]]


def open_teacher(name: str, path: Path, non_commercial: bool = False) -> tuple[Teacher, float, str]:
    """(teacher, weight, licence) by name: one of `KINDS`, or `specialist` with any suffix.

    Raises:
        TeacherRefused: unknown name, wrong layout, or a non-commercial licence not agreed to.
    """
    if name.startswith("specialist"):
        return Specialist(path), 1.0, "Apache-2.0"
    kind = KINDS.get(name)
    if kind is None:
        raise TeacherRefused(f"There is no teacher {name!r}; known: {', '.join(KINDS)}.")
    if not kind.commercial and not non_commercial:
        raise TeacherRefused(f"{name} is {kind.licence}: ask for it with --non-commercial.")
    return VitTeacher(kind, path), kind.weight, kind.licence
