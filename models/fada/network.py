"""The dense network of fada-nano: a convolutional tower, a feature pyramid and five heads.

Plain 3x3 convolutions are what a CPU trains and runs fastest. Thin structures ask for resolution,
so boxes are read at stride 4 and masks at stride 2; context comes from stride 32 by addition.
"""

from dataclasses import asdict, dataclass

import torch
from torch import Tensor, nn

from models.fada.blocks import Residual, conv_bn_relu
from models.fada.efficientnet import TOWERS, lite_tower
from models.fada.heads import GlobalHead, LocalHead, MaskHead


@dataclass(frozen=True, slots=True)
class NetworkConfig:
    """Shape of the network. `widths` are the channels at strides 2, 4, 8, 16 and 32; `tower` is
    `plain` (3x3 convolutions, from scratch) or an EfficientNet-Lite, whose depths are its own."""

    widths: tuple[int, ...] = (16, 32, 64, 128, 256)
    depths: tuple[int, ...] = (1, 2, 2, 2)
    pyramid: int = 48
    hidden: int = 64
    tower: str = "plain"

    def to_json(self) -> dict[str, object]:
        """The fields as plain values, for a checkpoint or a manifest."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, object]) -> "NetworkConfig":
        """The inverse of `to_json`."""
        widths, depths = fields["widths"], fields["depths"]
        assert isinstance(widths, list | tuple)
        assert isinstance(depths, list | tuple)
        return cls(
            tuple(int(w) for w in widths),
            tuple(int(d) for d in depths),
            int(str(fields["pyramid"])),
            int(str(fields["hidden"])),
            str(fields.get("tower", "plain")),
        )


# lite0 to lite2 begin with ImageNet weights, nano from scratch; specialist is the small network that
# learns one task alone at 192 x 192.
SIZES = {
    "lite0": NetworkConfig(TOWERS["lite0"].widths, (), 64, 64, "lite0"),
    "lite1": NetworkConfig(TOWERS["lite1"].widths, (), 64, 64, "lite1"),
    "lite2": NetworkConfig(TOWERS["lite2"].widths, (), 64, 64, "lite2"),
    "nano": NetworkConfig(),
    "specialist": NetworkConfig((16, 24, 48, 96, 128), (1, 1, 1, 1), 40, 40),
}


@dataclass(slots=True)
class DenseOutput:
    """What the heads say. N images of S x S; coordinates are 0..1 of the square.

    plane [N, P], scope [N, 1], quality [N, 1], masks [N, M, S/2, S/2], boxes [N, K, 5] (cx, cy, w,
    h, presence logit), keypoints [N, Q, 3] (x, y, visibility logit); for the losses alone: heat
    [N, K + Q, (S/4)^2] (log of the attention), coarse [N, K, 4] (boxes before refinement) and
    pooled [N, 2C] (the features that the global head reads). subplane [N, B] holds for heads alone.
    """

    plane: Tensor
    scope: Tensor
    quality: Tensor
    masks: Tensor
    boxes: Tensor
    keypoints: Tensor
    heat: Tensor
    coarse: Tensor
    pooled: Tensor
    subplane: Tensor


class DenseNetwork(nn.Module):
    """Image [N, 1, S, S] in 0..1 (S a multiple of 32) to `DenseOutput`."""

    def __init__(self, config: NetworkConfig) -> None:
        super().__init__()
        self.config = config
        widths, pyramid = config.widths, config.pyramid
        # Grey values to about zero mean: what the tower's first weights were made for.
        self.offset, self.scale = (0.2, 0.25) if config.tower == "plain" else (0.5, 0.5)
        if config.tower == "plain":
            self.stem: nn.Module = conv_bn_relu(1, widths[0], stride=2)
            self.stages = nn.ModuleList(
                nn.Sequential(
                    conv_bn_relu(widths[i], widths[i + 1], stride=2),
                    *(Residual(widths[i + 1]) for _ in range(depth)),
                )
                for i, depth in enumerate(config.depths)
            )
        else:
            self.stem, self.stages = lite_tower(config.tower)
        self.laterals = nn.ModuleList(nn.Conv2d(width, pyramid, 1) for width in widths[1:])
        self.smooths = nn.ModuleList(conv_bn_relu(pyramid, pyramid) for _ in widths[2:])
        self.context = nn.Linear(widths[-1], pyramid)
        self.masks = MaskHead(pyramid, widths[0])
        self.global_head = GlobalHead(widths[-1])
        self.local_head = LocalHead(pyramid, config.hidden, 2 * widths[-1])

    def features(self, image: Tensor) -> list[Tensor]:
        """Feature maps at strides 2, 4, 8, 16 and 32."""
        maps = [self.stem((image - self.offset) / self.scale)]
        for stage in self.stages:
            maps.append(stage(maps[-1]))
        return maps

    def pyramid(self, maps: list[Tensor]) -> Tensor:
        """The stride-4 map that holds context from all the coarser ones."""
        top = maps[-1]
        context = self.context(top.mean((2, 3)))
        merged = self.laterals[-1](top) + context[:, :, None, None]
        for level in range(len(self.smooths) - 1, -1, -1):
            merged = nn.functional.interpolate(merged, scale_factor=2.0, mode="nearest")
            merged = self.smooths[level](self.laterals[level](maps[level + 1]) + merged)
        out: Tensor = merged
        return out

    def forward(self, image: Tensor) -> DenseOutput:
        """Images [N, 1, S, S] in 0..1 to what all heads read."""
        return self.heads(self.features(image))

    def heads(self, maps: list[Tensor]) -> DenseOutput:
        """Feature maps to what the heads say: the tower has been run once for all of them."""
        merged = self.pyramid(maps)
        top = maps[-1].float()
        pooled = torch.cat([top.mean((2, 3)), top.amax((2, 3))], 1)
        plane, scope, quality, subplane = self.global_head(pooled)
        boxes, keypoints, heat, coarse = self.local_head(merged, pooled)
        masks = self.masks(merged, maps[0])
        return DenseOutput(
            plane, scope, quality, masks, boxes, keypoints, heat, coarse, pooled, subplane
        )
