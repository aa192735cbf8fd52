"""The graph that is exported: the network between the contract's tensors."""

import torch
from torch import Tensor, nn

from models.fada.network import DenseNetwork
from models.fada.unet import UNet
from models.fada.zoom import Zoom

INPUT = "IMAGE"
OUTPUTS = ("PLANE", "SCOPE", "QUALITY", "MASKS", "BOXES", "KEYPOINTS")


class Graph(nn.Module):
    """IMAGE uint8 [N, S, S] to the six dense tensors of the contract, in `OUTPUTS`' order.

    The scope logit is the learned one minus how far the pooled features lie from every plane's
    (a Mahalanobis distance under one shared covariance): what no generator of negatives foresaw
    is far away all the same. `fit` sets that part; before it, the learned logit stands alone.
    """

    basis: Tensor
    centres: Tensor
    mean: Tensor
    blend: Tensor
    level: Tensor

    def __init__(
        self, network: DenseNetwork | UNet, mirrored: bool = False, zoom: Zoom | None = None
    ) -> None:
        """`mirrored`: read the mirror image too and answer with the mean; twice the time. `zoom`: the
        closer look that corrects the network's boxes."""
        super().__init__()
        self.network = network
        self.mirrored = mirrored
        self.zoom = zoom
        features = network.global_head.plane.in_features
        planes = network.global_head.plane.out_features
        rank = min(48, features)
        self.register_buffer("basis", torch.zeros(features, rank))
        self.register_buffer("centres", torch.zeros(planes, rank))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("blend", torch.tensor([1.0, 0.0, 0.0, 0.0]))
        self.register_buffer("level", torch.zeros(2))

    @torch.no_grad()
    def fit(self, pooled: Tensor, planes: Tensor) -> None:
        """Fits centres and a whitening basis to in-scope features [n, F] and their planes [n]."""
        x = self.network.global_head.norm(pooled)
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

    def distance(self, pooled: Tensor) -> Tensor:
        """[n, 2]: mean squared whitened distance to the nearest plane, and the total
        energy of the features around their mean."""
        x = self.network.global_head.norm(pooled) - self.mean
        z = x @ self.basis
        gap = (z[:, None] - self.centres[None]).pow(2).mean(2)
        near = gap.amin(1)
        total = x.pow(2).mean(1)
        return torch.stack([near, total], 1)

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        picture = image.to(torch.float32).unsqueeze(1) / 255.0
        plane, scope, quality, masks, boxes, points = self.read(picture)
        if self.mirrored:
            back = self.read(picture.flip(3))
            ends = torch.cat([back[5][:, 1:2], back[5][:, :1], back[5][:, 2:]], 1)
            plane, scope = (plane + back[0]) / 2, (scope + back[1]) / 2
            quality, masks = (quality + back[2]) / 2, (masks + back[3].flip(3)) / 2
            boxes = (boxes + mirror(back[4])) / 2
            points = (points + mirror(ends)) / 2
        if self.zoom is not None:
            seen = self.zoom.look(picture, boxes)
            if self.mirrored:
                seen = (seen + mirror(self.zoom.look(picture.flip(3), mirror(boxes)))) / 2
            boxes = seen
        return plane, scope, quality, self.levelled(masks), boxes, points

    def levelled(self, masks: Tensor) -> Tensor:
        """Masks [N, M, H, W] with the head's border where its share of the picture puts it: the
        logits less a line over that share (see `models.gates.outline_calibration`)."""
        head = masks[:, :1]
        share = torch.sigmoid(head).mean((2, 3), keepdim=True)
        return torch.cat([head - self.level[0] - self.level[1] * share, masks[:, 1:]], 1)

    def read(self, picture: Tensor) -> tuple[Tensor, ...]:
        """One reading of [N, 1, S, S] in 0..1, in `OUTPUTS`' order."""
        out = self.network(picture)
        far = self.distance(out.pooled)
        scope = out.scope * self.blend[0] + self.blend[3]
        scope = scope + far[:, :1] * self.blend[1] + far[:, 1:] * self.blend[2]
        return out.plane, scope, out.quality, out.masks, out.boxes, out.keypoints


def mirror(places: Tensor) -> Tensor:
    """Boxes or points [N, K, D], x first, in the mirror image."""
    return torch.cat([1 - places[:, :, :1], places[:, :, 1:]], 2)
