"""The graph that is exported: the network between the contract's tensors."""

from collections.abc import Collection

import torch
from torch import Tensor, nn

from models.fada.labels import BOXES, KEYPOINTS, MASKS, UPRIGHT
from models.fada.network import DenseNetwork
from models.fada.unet import UNet
from models.fada.zoom import Zoom

INPUT = "IMAGE"
OUTPUTS = ("PLANE", "SCOPE", "QUALITY", "MASKS", "BOXES", "KEYPOINTS", "SUBPLANE")
# Where each keypoint is in the mirror image: lines that lie level begin at their other end.
MIRRORED = [
    index if first in UPRIGHT else index ^ 1
    for index in range(len(KEYPOINTS))
    for first in (KEYPOINTS[index & ~1],)
]


class Distance(nn.Module):
    """How far normalised features lie from every plane's: what no generator of negatives foresaw is
    far away all the same.

    The scope logit is the learned one less a Mahalanobis distance under one covariance that all planes
    share. `fit` sets centres and basis; `blend` weighs (learned, near, total, constant), and before it
    is set the learned logit stands alone.
    """

    basis: Tensor
    centres: Tensor
    mean: Tensor
    blend: Tensor

    def __init__(self, features: int, planes: int) -> None:
        super().__init__()
        rank = min(48, features)
        self.register_buffer("basis", torch.zeros(features, rank))
        self.register_buffer("centres", torch.zeros(planes, rank))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("blend", torch.tensor([1.0, 0.0, 0.0, 0.0]))

    @torch.no_grad()
    def fit(self, x: Tensor, planes: Tensor) -> None:
        """Fits centres and a whitening basis to in-scope features [n, F] and their planes [n]."""
        count, rank = self.centres.shape
        mean = x.mean(0)
        seen = [x[planes == p] for p in range(count)]
        centres = torch.stack([part.mean(0) if len(part) else mean for part in seen])
        within = x - centres[planes]
        cov = within.T @ within / len(x)
        values, vectors = torch.linalg.eigh(cov)
        keep = values.argsort(descending=True)[:rank]
        values = values.clamp(min=0.0)
        scale = (values[keep] + 0.05 * values.mean() + 1e-6).rsqrt()
        self.basis.copy_(vectors[:, keep] * scale)
        self.mean.copy_(mean)
        self.centres.copy_((centres - mean) @ self.basis)

    def forward(self, x: Tensor) -> Tensor:
        """Features [n, F] to [n, 2]: mean squared whitened distance to the nearest plane, and the total
        energy of the features around their mean."""
        x = x - self.mean
        z = x @ self.basis
        gap = (z[:, None] - self.centres[None]).pow(2).mean(2)
        near = gap.amin(1)
        total = x.pow(2).mean(1)
        return torch.stack([near, total], 1)

    def scope(self, learned: Tensor, x: Tensor) -> Tensor:
        """Scope logits [n, 1] from the learned ones and the features [n, F]."""
        far = self(x)
        scope = learned * self.blend[0] + self.blend[3]
        blended: Tensor = scope + far[:, :1] * self.blend[1] + far[:, 1:] * self.blend[2]
        return blended


class Graph(nn.Module):
    """IMAGE uint8 [N, S, S] to the dense tensors of the contract, in `OUTPUTS`' order.

    `distance` is a part of the scope logit (see `Distance`).
    """

    level: Tensor

    def __init__(
        self,
        network: DenseNetwork | UNet,
        mirrored: bool = False,
        zoom: Zoom | None = None,
        hidden: Collection[str] = (),
    ) -> None:
        """`mirrored`: read the mirror image too and answer with the mean; twice the time. `zoom`: the
        closer look that corrects the network's boxes. `hidden`: masks, boxes and keypoints that the
        network was not taught, which the graph does not give."""
        super().__init__()
        self.masks = [i for i, name in enumerate(MASKS) if name not in hidden]
        self.boxes = [i for i, name in enumerate(BOXES) if name not in hidden]
        self.keypoints = [i for i, name in enumerate(KEYPOINTS) if name not in hidden]
        self.network = network
        self.mirrored = mirrored
        self.zoom = zoom
        plane = network.global_head.plane
        self.distance = Distance(plane.in_features, plane.out_features)
        self.register_buffer("level", torch.zeros(2))

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        """Images [N, S, S] uint8 to the tensors of `OUTPUTS`; shapes as in the contract."""
        picture = image.to(torch.float32).unsqueeze(1) / 255.0
        plane, scope, quality, masks, boxes, points, subplane = self.read(picture)
        if self.mirrored:
            back = self.read(picture.flip(3))
            ends = back[5][:, MIRRORED]
            plane, scope = (plane + back[0]) / 2, (scope + back[1]) / 2
            quality, masks = (quality + back[2]) / 2, (masks + back[3].flip(3)) / 2
            boxes = (boxes + mirror(back[4])) / 2
            points = (points + mirror(ends)) / 2
            subplane = (subplane + back[6]) / 2
        if self.zoom is not None:
            seen = self.zoom.look(picture, boxes)
            if self.mirrored:
                seen = (seen + mirror(self.zoom.look(picture.flip(3), mirror(boxes)))) / 2
            boxes = seen
        masks = self.levelled(masks)
        if len(self.boxes) < len(BOXES):
            masks = masks[:, self.masks]
            boxes, points = boxes[:, self.boxes], points[:, self.keypoints]
        return plane, scope, quality, masks, boxes, points, subplane

    def levelled(self, masks: Tensor) -> Tensor:
        """Masks [N, M, H, W] with the head's border where its share of the picture puts it: the
        logits less a line over that share (see `models.gates.outline_calibration`)."""
        head = masks[:, :1]
        share = torch.sigmoid(head).mean((2, 3), keepdim=True)
        return torch.cat([head - self.level[0] - self.level[1] * share, masks[:, 1:]], 1)

    def read(self, picture: Tensor) -> tuple[Tensor, ...]:
        """One reading of [N, 1, S, S] in 0..1, in `OUTPUTS`' order."""
        out = self.network(picture)
        scope = self.distance.scope(out.scope, self.network.global_head.norm(out.pooled))
        return out.plane, scope, out.quality, out.masks, out.boxes, out.keypoints, out.subplane


def mirror(places: Tensor) -> Tensor:
    """Boxes or points [N, K, D], x first, in the mirror image."""
    return torch.cat([1 - places[:, :, :1], places[:, :, 1:]], 2)
