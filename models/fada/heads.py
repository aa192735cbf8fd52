"""The heads: one global (plane, scope, quality), one for masks, one for boxes and keypoints.

Each structure occurs at most once in an image, so a box needs no non-maximum suppression: a
structure's attention over the stride-4 cells picks where it is, every cell proposes a box, and the
answer is their mean under that attention. It is differentiable to the end, so the loss is on the
IoU that is scored, and decoding is a few matrix products that any ONNX runtime has.
"""

import math

import torch
from torch import Tensor, nn

from models.fada.blocks import conv_bn_relu
from models.fada.labels import BOX_PRIORS, BOXES, KEYPOINTS, MASKS, PLANES


class GlobalHead(nn.Module):
    """Pooled features [N, 2C] to plane, scope and quality logits, in float32."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * channels)
        self.drop = nn.Dropout(0.2)
        self.plane = nn.Linear(2 * channels, len(PLANES))
        self.scope = nn.Sequential(nn.Linear(2 * channels, 64), nn.ReLU(), nn.Linear(64, 1))
        self.quality = nn.Sequential(nn.Linear(2 * channels, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        with torch.autocast("cpu", enabled=False):
            x = self.drop(self.norm(pooled.float()))
            return self.plane(x), self.scope(x), self.quality(x)


class MaskHead(nn.Module):
    """Stride-4 pyramid and stride-2 stem to mask logits [N, M, S/2, S/2]."""

    def __init__(self, pyramid: int, stem: int) -> None:
        super().__init__()
        self.reduce = conv_bn_relu(pyramid, 32, kernel=1)
        self.skip = nn.Conv2d(stem, 32, 1)
        self.body = nn.Sequential(conv_bn_relu(32, 32), conv_bn_relu(32, 32))
        self.out = nn.Conv2d(32, len(MASKS), 1)

    def forward(self, merged: Tensor, stem: Tensor) -> Tensor:
        x = nn.functional.interpolate(
            self.reduce(merged), scale_factor=2.0, mode="bilinear", align_corners=False
        )
        out: Tensor = self.out(self.body(x + self.skip(stem)))
        return out.float()


def cell_centres(side: int, device: torch.device) -> Tensor:
    """Centres of side x side cells on the unit square, [side * side, 2] as (x, y)."""
    line = (torch.arange(side, device=device, dtype=torch.float32) + 0.5) / side
    y, x = torch.meshgrid(line, line, indexing="ij")
    return torch.stack([x.reshape(-1), y.reshape(-1)], 1)


class LocalHead(nn.Module):
    """Stride-4 pyramid [N, D, S/4, S/4] to boxes [N, K, 5] and keypoints [N, Q, 3]."""

    def __init__(self, pyramid: int, hidden: int, pooled: int) -> None:
        super().__init__()
        boxes, points = len(BOXES), len(KEYPOINTS)
        self.body = nn.Sequential(conv_bn_relu(pyramid, hidden), conv_bn_relu(hidden, hidden))
        self.heat = nn.Conv2d(hidden, boxes + points, 1)
        self.propose = nn.Conv2d(hidden, 4 * boxes + 2 * points, 1)
        self.embed = nn.Parameter(torch.randn(boxes + points, 32) * 0.1)
        self.pooled = nn.Linear(pooled, 32)
        self.refine = nn.Sequential(
            nn.Linear(hidden + 32 + 32 + 5, 96), nn.ReLU(), nn.Linear(96, 96), nn.ReLU()
        )
        self.delta = nn.Linear(96, 4)
        self.presence = nn.Linear(96, 1)
        prior = torch.tensor([[math.log(w), math.log(h)] for w, h in BOX_PRIORS])
        self.register_buffer("prior", prior)
        for layer in (self.propose, self.delta):
            nn.init.normal_(layer.weight, std=0.005)
            assert layer.bias is not None
            nn.init.zeros_(layer.bias)

    def forward(self, merged: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        body = self.body(merged)
        with torch.autocast("cpu", enabled=False):
            return self.decode(body.float(), pooled.float())

    def decode(self, body: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Boxes, keypoints, log attention [N, K + Q, cells] and unrefined boxes, in float32."""
        n, hidden, side = body.shape[0], body.shape[1], body.shape[2]
        k, q = len(BOXES), len(KEYPOINTS)
        heat = torch.log_softmax(self.heat(body).reshape(n, k + q, side * side), 2)
        attention = heat.exp()
        centres = cell_centres(side, body.device)
        proposals = self.propose(body)
        shape = proposals[:, : 4 * k].reshape(n, k, 4, side * side)
        at = attention @ centres
        moved = (shape * attention[:, :k, None]).sum(3)
        size = torch.exp((moved[:, :, 2:] + self.prior).clamp(-6.0, 0.5))
        coarse = torch.cat([at[:, :k] + moved[:, :, :2] * 0.1, size], 2)
        shift = proposals[:, 4 * k :].reshape(n, q, 2, side * side)
        points = at[:, k:] + (shift * attention[:, k:, None]).sum(3) * 0.1
        local = attention @ body.reshape(n, hidden, side * side).transpose(1, 2)
        context = self.pooled(pooled)[:, None].expand(-1, k + q, -1)
        embed = self.embed[None].expand(n, -1, -1)
        peak = heat.amax(2, keepdim=True)
        geometry = torch.cat([coarse, torch.cat([points, torch.zeros_like(points)], 2)], 1)
        joint = self.refine(torch.cat([local, context, embed, geometry, 0.2 * peak], 2))
        delta, presence = self.delta(joint), self.presence(joint)
        boxes = torch.cat(
            [
                coarse[:, :, :2] + delta[:, :k, :2] * coarse[:, :, 2:],
                coarse[:, :, 2:] * torch.exp(delta[:, :k, 2:].clamp(-1.5, 1.5)),
                presence[:, :k],
            ],
            2,
        )
        keypoints = torch.cat([points + delta[:, k:, :2] * 0.1, presence[:, k:]], 2)
        return boxes, keypoints, heat, coarse
