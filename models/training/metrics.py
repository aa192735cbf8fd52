"""A quick look at a network while it trains: squared pixels, raw outputs, no calibration.

The figures that count come from `models.programs.evaluating.evaluate`, through the release and the phases.
"""

import numpy as np
import torch

from models.data.manifest import Record
from models.data.samples import load_samples
from models.fada.labels import BOXES, KEYPOINTS, MASKS, NT_STRUCTURES, PLANES
from models.fada.losses import giou
from models.fada.network import DenseNetwork


@torch.no_grad()
def training_metrics(network: DenseNetwork, records: list[Record], size: int) -> dict[str, float]:
    """Head Dice at half size, plane accuracy, share of NT boxes at IoU 0.5 and 0.75, per structure."""
    samples = load_samples(records, size)
    dice: dict[str, list[float]] = {}
    cuts: list[float] = []
    right: list[float] = []
    hits: dict[str, list[float]] = {name: [] for name in BOXES}
    for start in range(0, len(samples), 16):
        part = samples[start : start + 16]
        image = torch.from_numpy(np.stack([s.image for s in part]))[:, None].float() / 255
        out = network(image.to(memory_format=torch.channels_last))
        boxes = torch.from_numpy(np.stack([s.boxes for s in part]))
        iou, _ = giou(out.boxes[:, :, :4], boxes)
        for i, sample in enumerate(part):
            if sample.plane >= 0:
                right.append(float(out.plane[i].argmax() == sample.plane))
            if sample.subplane >= 0:
                cuts.append(float(out.subplane[i].argmax() == sample.subplane))
            for index, mask in sample.masks.items():
                truth = mask.reshape(size // 2, 2, size // 2, 2).mean((1, 3)) > 127
                traced = out.masks[i, index].numpy() > 0
                overlap = 2 * (truth & traced).sum() / max(1, truth.sum() + traced.sum())
                dice.setdefault(f"dice_{sample.dataset}_{MASKS[index]}", []).append(overlap)
            gap = (out.keypoints[i, :, :2] - torch.from_numpy(sample.keypoints)).norm(dim=1)
            for q, name in enumerate(KEYPOINTS):
                if sample.keypoints_known[q]:
                    dice.setdefault(f"gap_{name}", []).append(float(gap[q]))
            for k, name in enumerate(BOXES):
                if sample.present[k] == 1:
                    hits[name].append(float(iou[i, k]))
    result = {"plane": float(np.mean(right)), "subplane": float(np.mean(cuts or [0.0]))}
    result |= {name: float(np.mean(values)) for name, values in sorted(dice.items())}
    nine = [np.array(hits[name] or [np.nan]) for name in NT_STRUCTURES]
    result["hit50"] = float(np.mean([(v >= 0.5).mean() for v in nine]))
    result["hit75"] = float(np.mean([(v >= 0.75).mean() for v in nine]))
    for name in BOXES:
        result[f"iou_{name}"] = float(np.mean(hits[name])) if hits[name] else 0.0
    assert len(PLANES) == network.global_head.plane.out_features
    return result
