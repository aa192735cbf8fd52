"""The closer look: reads the picture itself around each structure's box and moves the box's sides.

The local head reads boxes from a map at stride 4, where the tip of a nose is four cells wide. Here the
picture is sampled over the box and as much again around it, whatever the box's size, and a small
network that is shared by all structures says how far each side is off, and how good the box is.
"""

import torch
from torch import Tensor, nn

from models.fada.blocks import conv_bn_relu
from models.fada.labels import NT_STRUCTURES

ROWS, COLUMNS = 32, 48
CONTEXT = 2.0  # the sampled window, in sizes of the box
TRUST = 1.5  # how far the closer look may move a presence logit


def sample_windows(image: Tensor, boxes: Tensor) -> Tensor:
    """Bilinear samples of images [N, 1, S, S] on a grid over the window around each box [N, K, 4]:
    [N * K, 1, ROWS, COLUMNS]. Written as matrix products, which every runtime has and does fast."""
    n, k, side = boxes.shape[0], boxes.shape[1], image.shape[2]
    cells = torch.arange(side, device=image.device, dtype=torch.float32)
    x = boxes[:, :, :1] + torch.linspace(-0.5, 0.5, COLUMNS, device=image.device) * (
        CONTEXT * boxes[:, :, 2:3]
    )
    y = boxes[:, :, 1:2] + torch.linspace(-0.5, 0.5, ROWS, device=image.device) * (
        CONTEXT * boxes[:, :, 3:4]
    )
    x = (x.clamp(0, 1) * side - 0.5).clamp(0, side - 1)
    y = (y.clamp(0, 1) * side - 0.5).clamp(0, side - 1)
    wx = (1 - (x[..., None] - cells).abs()).clamp(min=0)
    wy = (1 - (y[..., None] - cells).abs()).clamp(min=0)
    lines = (wy.reshape(n, k * ROWS, side) @ image[:, 0]).reshape(n, k, ROWS, side)
    return (lines @ wx.transpose(2, 3)).reshape(n * k, 1, ROWS, COLUMNS)


def moved(boxes: Tensor, delta: Tensor) -> Tensor:
    """Boxes [..., 4] as cx, cy, w, h after corrections [..., 4] in units of their size."""
    return torch.cat(
        [
            boxes[..., :2] + delta[..., :2] * boxes[..., 2:4],
            boxes[..., 2:4] * torch.exp(delta[..., 2:].clamp(-1.0, 1.0)),
        ],
        -1,
    )


class Zoom(nn.Module):
    """Windows of the first K structures, which are those of the NT view, to corrections."""

    def __init__(self, structures: int = len(NT_STRUCTURES)) -> None:
        super().__init__()
        self.structures = structures
        self.stem = nn.Sequential(
            nn.Conv2d(1, 32, 6, 2, 2, bias=False), nn.BatchNorm2d(32), nn.ReLU(inplace=True)
        )
        # Structures differ in what their ends look like: each shifts the features in its own way.
        self.shift = nn.Parameter(torch.zeros(structures, 48))
        self.fine = nn.Sequential(conv_bn_relu(32, 48), conv_bn_relu(48, 48))
        self.middle = nn.Sequential(nn.MaxPool2d(2), conv_bn_relu(48, 96), conv_bn_relu(96, 96))
        self.coarse = nn.Sequential(nn.MaxPool2d(2), conv_bn_relu(96, 64))
        self.embed = nn.Parameter(torch.randn(structures, 32) * 0.5)
        cells = (ROWS // 8) * (COLUMNS // 8)
        self.joint = nn.Sequential(
            nn.Dropout(0.1), nn.Linear(64 * cells + 32 + 4, 160), nn.LayerNorm(160), nn.SiLU()
        )
        self.delta = nn.Parameter(torch.zeros(structures, 160, 4))
        self.certain = nn.Parameter(torch.zeros(structures, 160))

    def forward(self, windows: Tensor, boxes: Tensor) -> tuple[Tensor, Tensor]:
        """Windows [N * K, 1, ROWS, COLUMNS] in 0..1 and boxes [N, K, 4] to corrections [N, K, 4] and
        what is to be added to the presence logits [N, K]."""
        n, k = boxes.shape[0], self.structures
        x = self.fine(self.stem((windows - 0.2) / 0.25))
        shift = self.shift.repeat(n, 1)[:, :, None, None]
        x = self.coarse(self.middle(nn.functional.relu(x + shift)))
        x = x.float().reshape(n, k, -1)
        embed = self.embed[None].expand(n, -1, -1)
        joint = self.joint(torch.cat([x, embed, boxes], 2))
        delta = (joint[:, :, None] @ self.delta)[:, :, 0]
        return delta, TRUST * torch.tanh((joint * self.certain).sum(2))

    def look(self, image: Tensor, boxes: Tensor) -> Tensor:
        """Boxes [N, K', 5] (cx, cy, w, h, presence logit) of images [N, 1, S, S] after the look;
        structures beyond the first K are left as they are."""
        own = boxes[:, : self.structures]
        places = own[:, :, :4]
        delta, certain = self(sample_windows(image, places), places)
        seen = torch.cat([moved(places, delta), (own[:, :, 4] + certain)[:, :, None]], 2)
        return torch.cat([seen, boxes[:, self.structures :]], 1)
