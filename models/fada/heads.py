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
from models.fada.labels import BOX_PRIORS, BOXES, KEYPOINTS, MASKS, PLANES, SUBPLANES


class GlobalHead(nn.Module):
    """Pooled features [N, 2C] to plane, scope, quality and sub-plane logits, in float32."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(2 * channels)
        self.drop = nn.Dropout(0.2)
        self.plane = nn.Linear(2 * channels, len(PLANES))
        self.subplane = nn.Linear(2 * channels, len(SUBPLANES))
        self.scope = nn.Sequential(nn.Linear(2 * channels, 64), nn.ReLU(), nn.Linear(64, 1))
        self.quality = nn.Sequential(nn.Linear(2 * channels, 64), nn.ReLU(), nn.Linear(64, 1))

    def forward(self, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """(plane [N, P], scope [N, 1], quality [N, 1], sub-plane [N, B])."""
        with torch.autocast(pooled.device.type, enabled=False):
            x = self.drop(self.norm(pooled.float()))
            return self.plane(x), self.scope(x), self.quality(x), self.subplane(x)


class MaskHead(nn.Module):
    """Stride-4 pyramid and stride-2 stem to mask logits [N, M, S/2, S/2]."""

    def __init__(self, pyramid: int, stem: int) -> None:
        super().__init__()
        self.reduce = conv_bn_relu(pyramid, 32, kernel=1)
        self.skip = nn.Conv2d(stem, 32, 1)
        self.body = nn.Sequential(conv_bn_relu(32, 32), conv_bn_relu(32, 32))
        self.out = nn.Conv2d(32, len(MASKS), 1)

    def forward(self, merged: Tensor, stem: Tensor) -> Tensor:
        """Pyramid [N, D, S/4, S/4] and stem [N, C, S/2, S/2] to logits [N, M, S/2, S/2], float32."""
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


def sample_boxes(features: Tensor, boxes: Tensor, rows: int, columns: int) -> Tensor:
    """Bilinear samples of a map [N, D, H, H] on a grid over each box [N, K, 4], slightly enlarged:
    [N, K, rows * columns * D]. Written as matrix products, which every runtime has and does fast."""
    n, depth, side = features.shape[0], features.shape[1], features.shape[2]
    k = boxes.shape[1]
    cells = torch.arange(side, device=features.device, dtype=torch.float32)
    spread_x = torch.linspace(-0.6, 0.6, columns, device=features.device)
    spread_y = torch.linspace(-0.6, 0.6, rows, device=features.device)
    x = (boxes[:, :, :1] + spread_x * boxes[:, :, 2:3]).clamp(0, 1) * side - 0.5
    y = (boxes[:, :, 1:2] + spread_y * boxes[:, :, 3:4]).clamp(0, 1) * side - 0.5
    wx = (1 - (x[..., None] - cells).abs()).clamp(min=0)
    wy = (1 - (y[..., None] - cells).abs()).clamp(min=0)
    by_row = features.permute(0, 2, 3, 1).reshape(n, side, side * depth)
    lines = wy.reshape(n, k * rows, side) @ by_row
    lines = lines.reshape(n, k, rows, side, depth).transpose(2, 3).reshape(n, k, side, rows * depth)
    return (wx @ lines).reshape(n, k, columns * rows * depth)


class Refiner(nn.Module):
    """Second look: from samples over a structure's box, its local and the global features, to a
    correction and to how sure one may be. Inputs are normalised: the pooled ones are ten times as
    large as the others and would silence the rest."""

    ROWS, COLUMNS = 3, 5

    def __init__(self, hidden: int, pooled: int, structures: int) -> None:
        super().__init__()
        self.embed = nn.Parameter(torch.randn(structures, 32) * 0.5)
        self.pooled = nn.Sequential(nn.LayerNorm(pooled), nn.Linear(pooled, 32))
        sampled = self.ROWS * self.COLUMNS * hidden
        self.sampled = nn.Sequential(nn.Linear(sampled, 96), nn.LayerNorm(96), nn.SiLU())
        self.local = nn.Sequential(nn.LayerNorm(hidden), nn.Linear(hidden, 48))
        self.joint = nn.Sequential(
            nn.Linear(96 + 48 + 32 + 32 + 5, 128), nn.LayerNorm(128), nn.SiLU(), nn.Linear(128, 96)
        )
        # Structures differ in what tells them: each reads the joint features by its own weights.
        self.delta = nn.Parameter(torch.zeros(structures, 96, 4))
        self.presence = nn.Parameter(torch.zeros(structures, 96))
        self.offset = nn.Parameter(torch.zeros(structures))

    def forward(
        self, body: Tensor, local: Tensor, pooled: Tensor, geometry: Tensor, peak: Tensor
    ) -> tuple[Tensor, Tensor]:
        """(corrections [N, K + Q, 4], presence logits [N, K + Q, 1])."""
        n, k = local.shape[0], local.shape[1]
        sampled = self.sampled(sample_boxes(body, geometry.detach(), self.ROWS, self.COLUMNS))
        context = self.pooled(pooled)[:, None].expand(-1, k, -1)
        embed = self.embed[None].expand(n, -1, -1)
        parts = [sampled, self.local(local), context, embed, geometry.detach(), 0.2 * peak]
        joint = nn.functional.silu(self.joint(torch.cat(parts, 2)))
        delta = (joint[:, :, None] @ self.delta)[:, :, 0]
        presence = (joint * self.presence).sum(2) + self.offset
        return delta, presence[:, :, None]


class LocalHead(nn.Module):
    """Stride-4 pyramid [N, D, S/4, S/4] to boxes [N, K, 5] and keypoints [N, Q, 3]."""

    def __init__(self, pyramid: int, hidden: int, pooled: int) -> None:
        super().__init__()
        boxes, points = len(BOXES), len(KEYPOINTS)
        self.body = nn.Sequential(conv_bn_relu(pyramid, hidden), conv_bn_relu(hidden, hidden))
        self.heat = nn.Conv2d(hidden, boxes + points, 1)
        self.propose = nn.Conv2d(hidden, 4 * boxes + 2 * points, 1)
        self.second = Refiner(hidden, pooled, boxes + points)
        prior = torch.tensor([[math.log(w), math.log(h)] for w, h in BOX_PRIORS])
        self.register_buffer("prior", prior)
        nn.init.normal_(self.propose.weight, std=0.005)
        assert self.propose.bias is not None
        nn.init.zeros_(self.propose.bias)

    def forward(self, merged: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Pyramid [N, D, S/4, S/4] and pooled features [N, 2C] to what `decode` gives."""
        body = self.body(merged)
        with torch.autocast(body.device.type, enabled=False):
            return self.decode(body.float(), pooled.float())

    def decode(self, body: Tensor, pooled: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Boxes, keypoints, log attention [N, K + Q, cells] and unrefined boxes, in float32."""
        n, hidden, side = body.shape[0], body.shape[1], body.shape[2]
        k, q = len(BOXES), len(KEYPOINTS)
        heat = torch.log_softmax(self.heat(body).reshape(n, k + q, side * side), 2)
        attention = heat.exp()
        at = attention @ cell_centres(side, body.device)
        proposals = self.propose(body)
        shape = proposals[:, : 4 * k].reshape(n, k, 4, side * side)
        moved = (shape * attention[:, :k, None]).sum(3)
        size = torch.exp((moved[:, :, 2:] + self.prior).clamp(-6.0, 0.5))
        coarse = torch.cat([at[:, :k] + moved[:, :, :2] * 0.1, size], 2)
        shift = proposals[:, 4 * k :].reshape(n, q, 2, side * side)
        points = at[:, k:] + (shift * attention[:, k:, None]).sum(3) * 0.1
        local = attention @ body.reshape(n, hidden, side * side).transpose(1, 2)
        around = torch.cat([points, torch.zeros_like(points) + 0.1], 2)
        delta, presence = self.second(
            body, local, pooled, torch.cat([coarse, around], 1), heat.amax(2, keepdim=True)
        )
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
