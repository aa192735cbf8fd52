"""The baseline: a plain U-Net of 0.9 million parameters that reads 192 x 192 and knows nothing else.

Every structure is a mask: heads as they are labelled, boxes as filled rectangles. A box is read back
from its mask by rules (`read_boxes`), so that the graph gives the contract's tensors and is measured
by the code that measures a release.
"""

from dataclasses import asdict, dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.fada.blocks import conv_bn_relu
from models.fada.heads import GlobalHead, cell_centres
from models.fada.labels import BOX_PRIORS, BOXES, KEYPOINTS, MASKS
from models.fada.network import DenseOutput


@dataclass(frozen=True, slots=True)
class UNetConfig:
    """`widths` are the channels at strides 1, 2, 4, 8 and 16 of the inner image (half the input's)."""

    widths: tuple[int, ...] = (16, 32, 64, 96, 120)

    def to_json(self) -> dict[str, object]:
        """The fields as plain values; `kind` tells it from the dense network's."""
        return {"kind": "unet", **asdict(self)}

    @classmethod
    def from_json(cls, fields: dict[str, object]) -> "UNetConfig":
        """The inverse of `to_json`."""
        widths = fields["widths"]
        assert isinstance(widths, list | tuple)
        return cls(tuple(int(w) for w in widths))


def _twice(inputs: int, outputs: int) -> nn.Sequential:
    return nn.Sequential(conv_bn_relu(inputs, outputs), conv_bn_relu(outputs, outputs))


class UNet(nn.Module):
    """Image [N, 1, S, S] in 0..1 to `DenseOutput`; S is a multiple of 32 (384: it reads 192 x 192)."""

    def __init__(self, config: UNetConfig) -> None:
        super().__init__()
        self.config = config
        widths = config.widths
        self.down = nn.ModuleList(
            _twice(before, width) for before, width in zip((1, *widths[:-1]), widths, strict=True)
        )
        self.up = nn.ModuleList(_twice(width + below, width) for width, below in pairwise(widths))
        self.out = nn.Conv2d(widths[0], len(MASKS) + len(BOXES), 1)
        assert self.out.bias is not None
        nn.init.constant_(self.out.bias, -3.0)
        self.global_head = GlobalHead(widths[-1])

    def features(self, image: Tensor) -> list[Tensor]:
        """Feature maps of the way down, at strides 2, 4, 8, 16 and 32 of the input."""
        x = (functional.avg_pool2d(image, 2) - 0.2) / 0.25
        maps: list[Tensor] = []
        for level, block in enumerate(self.down):
            maps.append(block(functional.max_pool2d(x, 2) if level else x))
            x = maps[-1]
        return maps

    def forward(self, image: Tensor) -> DenseOutput:
        """Images [N, 1, S, S] in 0..1 to what is read of them."""
        return self.look(image)[0]

    def look(self, image: Tensor) -> tuple[DenseOutput, Tensor]:
        """What is said, and the rectangles [N, K, S/2, S/2] (mask logits) that boxes are read from."""
        maps = self.features(image)
        x = maps[-1]
        for level in range(len(self.up) - 1, -1, -1):
            x = functional.interpolate(x, scale_factor=2.0, mode="nearest")
            x = self.up[level](torch.cat([maps[level], x], 1))
        logits = self.out(x).float()
        top = maps[-1].float()
        pooled = torch.cat([top.mean((2, 3)), top.amax((2, 3))], 1)
        plane, scope, quality, subplane = self.global_head(pooled)
        masks, rectangles = logits[:, : len(MASKS)], logits[:, len(MASKS) :]
        boxes = read_boxes(rectangles)
        unseen = plane.new_tensor([[0.5, 0.5, -12.0]] * len(KEYPOINTS)).expand(
            plane.shape[0], -1, -1
        )
        no_heat = plane.new_zeros(plane.shape[0], 0)
        out = DenseOutput(
            plane, scope, quality, masks, boxes, unseen, no_heat, boxes[:, :, :4], pooled, subplane
        )
        return out, rectangles


def read_boxes(logits: Tensor) -> Tensor:
    """Rectangles as mask logits [N, K, H, H] to boxes [N, K, 5] (cx, cy, w, h, presence logit).

    The brightest place of each map, smoothed, says where; the map's profiles over twice the usual
    size around it, cut at half their height, say from where to where.
    """
    n, k, side, _ = logits.shape
    chances = torch.sigmoid(logits)
    smooth = functional.avg_pool2d(chances, 5, 1, 2, count_include_pad=False)
    peak, at = smooth.reshape(n, k, side * side).max(2)
    place = cell_centres(side, logits.device)[at]
    reach = torch.tensor(BOX_PRIORS, device=logits.device)[None]
    line = (torch.arange(side, device=logits.device, dtype=torch.float32) + 0.5) / side
    near_x = (line - place[:, :, :1]).abs() < reach[:, :, :1]
    near_y = (line - place[:, :, 1:]).abs() < reach[:, :, 1:]
    inside = chances * near_x[:, :, None, :].float() * near_y[:, :, :, None].float()
    highest = inside.amax((2, 3))[:, :, None].clamp(min=1e-4)
    ends = []
    for profile in (inside.amax(2), inside.amax(3)):
        held = ((profile / highest - 0.5) * 4 + 0.5).clamp(0, 1)
        length = held.sum(2).clamp(min=1e-3)
        ends.append(((held * line).sum(2) / length, length / side))
    (x, width), (y, height) = ends
    peak = peak.clamp(1e-5, 1 - 1e-5)
    return torch.stack([x, y, width, height, torch.log(peak / (1 - peak))], 2)
