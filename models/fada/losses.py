"""What the network is taught: one masked loss for each head.

Only what is labelled counts: every term is averaged over the labels that exist in the batch.
"""

from collections.abc import Mapping

import torch
from torch import Tensor
from torch.nn import functional

from models.data.batches import Batch
from models.fada.heads import cell_centres
from models.fada.labels import BOXES, KEYPOINT_OF, MASKS
from models.fada.network import DenseOutput

# Masks whose ellipse is measured: their moments have a loss of their own.
MEASURED_MASKS = [
    MASKS.index(name) for name in ("fetal_head", "abdomen", "femur", "pubic_symphysis")
]

# Weights of the sub-planes, in the order of SUBPLANES: what fewer training images show counts more, since
# the balanced accuracy is what is asked for.
RARITY = (1.0, 1.5, 2.0)

WEIGHTS = {
    "plane": 1.0,
    "scope": 0.7,
    "quality": 0.3,
    "bce": 1.0,
    "dice": 1.0,
    "moments": 0.3,
    "heat": 0.35,
    "box": 1.0,
    "coarse": 0.5,
    "presence": 0.4,
    "points": 1.0,
    "subplane": 0.6,
}


def _mean(values: Tensor, weights: Tensor) -> Tensor:
    return (values * weights).sum() / weights.sum().clamp(min=1.0)


def giou(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """(IoU, generalised IoU) of boxes [..., 4] given as cx, cy, w, h."""
    alow, ahigh = a[..., :2] - a[..., 2:] / 2, a[..., :2] + a[..., 2:] / 2
    blow, bhigh = b[..., :2] - b[..., 2:] / 2, b[..., :2] + b[..., 2:] / 2
    common = (torch.minimum(ahigh, bhigh) - torch.maximum(alow, blow)).clamp(min=0).prod(-1)
    union = a[..., 2:].prod(-1) + b[..., 2:].prod(-1) - common
    hull = (torch.maximum(ahigh, bhigh) - torch.minimum(alow, blow)).prod(-1)
    iou = common / union.clamp(min=1e-9)
    return iou, iou - (hull - union) / hull.clamp(min=1e-9)


def moments(masks: Tensor) -> Tensor:
    """Log area and normalised centre and covariance of soft masks [N, H, W], [N, 6].

    Head circumference is a function of these, so its error has a gradient of its own.
    """
    n, side = masks.shape[0], masks.shape[-1]
    at = cell_centres(side, masks.device)
    flat = masks.reshape(n, -1)
    area = flat.sum(1, keepdim=True).clamp(min=1.0)
    mean = flat @ at / area
    second = flat @ torch.cat([at**2, at[:, :1] * at[:, 1:]], 1) / area
    cov = second - torch.cat([mean**2, mean[:, :1] * mean[:, 1:]], 1)
    return torch.cat(
        [
            torch.log(area),
            10 * mean,
            0.5 * torch.log(cov[:, :2].clamp(min=1e-6)),
            cov[:, 2:] / cov[:, :2].prod(1, keepdim=True).clamp(min=1e-9).sqrt(),
        ],
        1,
    )


def mask_losses(out: DenseOutput, batch: Batch) -> dict[str, Tensor]:
    """Cross-entropy (heavier near the boundary), Dice and, of what is measured, moments."""
    logits, target = out.masks, batch.masks
    known = batch.mask_known * batch.weight[:, None]
    near = functional.max_pool2d(target, 7, 1, 3) + functional.max_pool2d(-target, 7, 1, 3)
    edge = 1.0 + 3.0 * near
    pixel = functional.binary_cross_entropy_with_logits(logits, target, reduction="none")
    bce = (pixel * edge).mean((2, 3))
    probability = torch.sigmoid(logits)
    filled = (target.sum((2, 3)) > 4).float()
    overlap = 2 * (probability * target).sum((2, 3)) + 1.0
    dice = 1 - overlap / (probability.sum((2, 3)) + target.sum((2, 3)) + 1.0)
    shown = known * filled
    # Most masks of an image are known to be empty: they must not drown the ones that are there.
    losses = {
        "bce": _mean(bce, known * (0.2 + 0.8 * filled)) * 3,
        "dice": _mean(dice, shown),
    }
    gaps = [
        functional.smooth_l1_loss(
            moments(probability[at, index]),
            moments(target[at, index]),
            reduction="none",
            beta=0.05,
        )
        .clamp(max=2.0)
        .sum(1)
        * shown[at, index]
        for index in MEASURED_MASKS
        if (at := shown[:, index] > 0).any()
    ]
    if gaps:
        losses["moments"] = torch.cat(gaps).sum() / shown[:, MEASURED_MASKS].sum().clamp(min=1.0)
    return losses


def heat_targets(centres: Tensor, sizes: Tensor, side: int) -> Tensor:
    """Normalised Gaussians around centres [N, K, 2], as wide as the box: [N, K, side * side]."""
    at = cell_centres(side, centres.device)
    sigma = (sizes / 7).clamp(min=0.6 / side)
    distance = (at[None, None] - centres[:, :, None]) / sigma[:, :, None]
    return torch.softmax(-0.5 * distance.pow(2).sum(-1), 2)


def local_losses(out: DenseOutput, batch: Batch) -> dict[str, Tensor]:
    """Attention, boxes (generalised IoU and L1 relative to size), presence and keypoints."""
    k = out.boxes.shape[1]
    side = round(out.heat.shape[2] ** 0.5)
    here = (batch.present == 1).float() * batch.weight[:, None]
    points_known = batch.keypoints_known * batch.weight[:, None]
    centres = torch.cat([batch.boxes[:, :, :2], batch.keypoints], 1)
    spread = torch.full_like(batch.keypoints, 0.12)
    target = heat_targets(centres, torch.cat([batch.boxes[:, :, 2:], spread], 1), side)
    heat = -(target * out.heat).sum(2)
    losses = {"heat": _mean(heat, torch.cat([here, points_known], 1))}
    iou, generalised = giou(out.boxes[:, :, :4], batch.boxes)
    losses["box"] = _mean(1 - generalised + 0.5 * _relative(out.boxes, batch.boxes), here)
    losses["coarse"] = _mean(_relative(out.coarse, batch.boxes), here)
    good = ((iou.detach() - 0.3) / 0.4).clamp(0, 1)
    wanted = torch.where(batch.present == 1, good, torch.zeros_like(good))
    presence = functional.binary_cross_entropy_with_logits(
        out.boxes[:, :, 4], wanted, reduction="none"
    )
    losses["presence"] = _mean(presence, (batch.present >= 0).float())
    gap = (out.keypoints[:, :, :2] - batch.keypoints).abs().sum(2)
    losses["points"] = _mean(5 * gap, points_known)
    visible = functional.binary_cross_entropy_with_logits(
        out.keypoints[:, :, 2], points_known.gt(0).float(), reduction="none"
    )
    decided = (points_known > 0) | (batch.present[:, OWNERS] == 0)
    losses["presence"] = losses["presence"] + 0.3 * _mean(visible, decided.float())
    assert k == batch.boxes.shape[1]
    return losses


OWNERS = [BOXES.index(name) for name in KEYPOINT_OF]  # the box that each keypoint belongs to


def _relative(boxes: Tensor, target: Tensor) -> Tensor:
    """L1 distance in units of the target's size: centre offset and log size."""
    offset = (boxes[:, :, :2] - target[:, :, :2]).abs() / target[:, :, 2:].clamp(min=0.02)
    size = (boxes[:, :, 2:4].clamp(min=1e-4).log() - target[:, :, 2:].log()).abs()
    return (offset.clamp(max=6.0) + size).sum(2)


def global_losses(out: DenseOutput, batch: Batch) -> dict[str, Tensor]:
    """Plane (in-scope images), the sub-plane of heads, scope and quality."""
    in_scope = (batch.plane >= 0).float() * batch.weight
    plane = functional.cross_entropy(
        out.plane, batch.plane.clamp(min=0), reduction="none", label_smoothing=0.02
    )
    scope = functional.binary_cross_entropy_with_logits(
        out.scope[:, 0], batch.scope.clamp(min=0), reduction="none"
    )
    quality = functional.binary_cross_entropy_with_logits(
        out.quality[:, 0], batch.quality.clamp(min=0), reduction="none"
    )
    known = (batch.subplane >= 0).float() * batch.weight
    cut = known * known.new_tensor(RARITY)[batch.subplane.clamp(min=0)]
    subplane = functional.cross_entropy(
        out.subplane, batch.subplane.clamp(min=0), reduction="none", label_smoothing=0.05
    )
    return {
        "subplane": _mean(subplane, cut),
        "plane": _mean(plane, in_scope),
        "scope": _mean(scope, (batch.scope >= 0).float()),
        "quality": _mean(quality, (batch.quality >= 0).float()),
    }


def total_loss(
    out: DenseOutput, batch: Batch, weights: Mapping[str, float] = WEIGHTS
) -> tuple[Tensor, dict[str, float]]:
    """The weighted sum, and every term for the log; a term without a weight is not learnt."""
    terms = {**mask_losses(out, batch), **local_losses(out, batch), **global_losses(out, batch)}
    learnt = [weights[name] * value for name, value in terms.items() if name in weights]
    total = torch.stack(learnt).sum()
    return total, {name: float(value.detach()) for name, value in terms.items()}
