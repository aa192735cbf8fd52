"""The graph that is exported: the network between the contract's tensors."""

import torch
from torch import Tensor, nn

from models.fada.network import DenseNetwork

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

    def __init__(self, network: DenseNetwork, mirrored: bool = False) -> None:
        """`mirrored`: read the mirror image too and answer with the mean; twice the time."""
        super().__init__()
        self.network = network
        self.mirrored = mirrored
        features = network.global_head.plane.in_features
        planes = network.global_head.plane.out_features
        rank = min(48, features)
        self.register_buffer("basis", torch.zeros(features, rank))
        self.register_buffer("centres", torch.zeros(planes, rank))
        self.register_buffer("mean", torch.zeros(features))
        self.register_buffer("blend", torch.tensor([1.0, 0.0, 0.0, 0.0]))

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
        if not self.mirrored:
            return self.read(image)
        plane, scope, quality, masks, boxes, points = self.read(image)
        back = self.read(image.flip(2))
        place = torch.cat([1 - back[4][:, :, :1], back[4][:, :, 1:]], 2)
        ends = torch.cat([back[5][:, 1:2], back[5][:, :1], back[5][:, 2:]], 1)
        ends = torch.cat([1 - ends[:, :, :1], ends[:, :, 1:]], 2)
        return (
            (plane + back[0]) / 2,
            (scope + back[1]) / 2,
            (quality + back[2]) / 2,
            (masks + back[3].flip(3)) / 2,
            (boxes + place) / 2,
            (points + ends) / 2,
        )

    def read(self, image: Tensor) -> tuple[Tensor, ...]:
        """One reading, in `OUTPUTS`' order."""
        out = self.network(image.to(torch.float32).unsqueeze(1) / 255.0)
        far = self.distance(out.pooled)
        scope = out.scope * self.blend[0] + self.blend[3]
        scope = scope + far[:, :1] * self.blend[1] + far[:, 1:] * self.blend[2]
        return out.plane, scope, out.quality, out.masks, out.boxes, out.keypoints
