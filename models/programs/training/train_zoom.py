"""Trains the closer look on the boxes of a trained network:
`python -m models.programs.training.train_zoom --data DIR --checkpoint FILE --out DIR --minutes 25`.

It learns from windows around boxes that are as wrong as the network's own: half are the network's boxes
with its error scaled at random, half are drawn. So it needs no pass through the network, and a step
costs a hundredth of one of `models.programs.training.train`. Kill it and start it again: it resumes.
"""

import argparse
import json
import math
import os
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from models.data.collection import read_collection
from models.data.manifest import Record
from models.data.samples import load_samples
from models.fada.labels import NT_STRUCTURES
from models.fada.losses import giou
from models.fada.network import DenseNetwork
from models.fada.zoom import Zoom, moved, sample_windows
from models.training.checkpoint import Average, load_network, recorded_left_out

K = len(NT_STRUCTURES)
RATE = 2e-3


@dataclass(frozen=True, slots=True)
class Views:
    """n NT views: image [n, S, S] uint8, boxes [n, K, 4], present [n, K] (1, 0, -1 unknown) and the
    network's own boxes [n, K, 5]."""

    image: Tensor
    boxes: Tensor
    present: Tensor
    own: Tensor


@torch.no_grad()
def read_views(network: DenseNetwork, records: list[Record], side: int) -> Views:
    """Loads the records' images at `side` and asks the network for its boxes."""
    samples = load_samples([r for r in records if r.plane == "nt_view" and r.boxes], side)
    image = torch.from_numpy(np.stack([s.image for s in samples]))
    own = [network(part[:, None].float() / 255).boxes[:, :K] for part in torch.split(image, 8)]
    return Views(
        image,
        torch.from_numpy(np.stack([s.boxes[:K] for s in samples])),
        torch.from_numpy(np.stack([s.present[:K] for s in samples])),
        torch.cat(own),
    )


def draw(
    views: Views, n: int, made: torch.Generator
) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
    """(images [n, 1, S, S] in 0..1, starting boxes [n, K, 5], true boxes, present, whether the start is
    the network's own box [n, K]); mirrored and toned at random."""

    def uniform(*shape: int) -> Tensor:
        return torch.rand(*shape, generator=made)

    def normal(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=made)

    at = torch.randint(0, len(views.image), (n,), generator=made)
    truth, own, present = views.boxes[at].clone(), views.own[at].clone(), views.present[at]
    image = views.image[at][:, None].float() / 255
    error = torch.cat(
        [
            (own[:, :, :2] - truth[:, :, :2]) / truth[:, :, 2:],
            (own[:, :, 2:4] / truth[:, :, 2:]).log(),
        ],
        2,
    ).clamp(-1, 1)
    width = uniform(n, K, 1)
    scaled = error * (0.7 + 0.6 * width) + 0.03 * normal(n, K, 4)
    drawn = normal(n, K, 4) * torch.tensor([0.15, 0.2, 0.2, 0.2]) * (0.4 + width)
    natural = uniform(n, K) < 0.5
    error = torch.where(natural[:, :, None], scaled, drawn)
    start = torch.cat([moved(truth, error), own[:, :, 4:]], 2)
    # Where the structure is absent there is no truth to be off from: the network's box stands.
    start = torch.where((present == 1)[:, :, None], start, own)
    natural = natural | (present != 1)
    flip = uniform(n) < 0.5
    image[flip] = image[flip].flip(3)
    for boxes in (start, truth):
        boxes[flip, :, 0] = 1 - boxes[flip, :, 0]
    image = image ** torch.exp(0.25 * normal(n, 1, 1, 1)) * torch.exp(0.15 * normal(n, 1, 1, 1))
    image = image + 0.03 * normal(n, 1, 1, 1)
    return image, start, truth, present, natural


def loss_of(zoom: Zoom, image: Tensor, drawn: tuple[Tensor, ...], made: torch.Generator) -> Tensor:
    """Generalised IoU and relative distance of the moved boxes; cross-entropy of their presence."""
    start, truth, present, natural = drawn
    windows = sample_windows(image, start[:, :, :4])
    windows = windows + torch.randn(windows.shape, generator=made) * (
        0.06 * torch.rand(len(windows), 1, 1, 1, generator=made)
    )
    with torch.autocast(image.device.type, torch.bfloat16):
        windows = windows.contiguous(memory_format=torch.channels_last)
        delta, certain = zoom(windows, start[:, :, :4])
    boxes = moved(start[:, :, :4], delta.float())
    iou, generalised = giou(boxes, truth)
    off = ((boxes[..., :2] - truth[..., :2]).abs() / truth[..., 2:]).sum(2)
    off = off + (boxes[..., 2:].clamp(min=1e-4).log() - truth[..., 2:].log()).abs().sum(2)
    here = (present == 1).float()
    place = ((1 - generalised + 0.5 * off) * here).sum() / here.sum().clamp(min=1)
    wanted = ((iou.detach() - 0.3) / 0.5).clamp(0, 1) * here
    judged = ((present >= 0) & natural).float()
    sure = nn.functional.binary_cross_entropy_with_logits(
        start[:, :, 4] + certain.float(), wanted, reduction="none"
    )
    return place + 0.3 * (sure * judged).sum() / judged.sum().clamp(min=1)


@torch.no_grad()
def measure(zoom: Zoom, views: Views) -> dict[str, float]:
    """Share of boxes at IoU 0.75 before and after the look, and after per structure."""
    corrected = torch.cat(
        [
            zoom.look(image[:, None].float() / 255, own)
            for image, own in zip(
                torch.split(views.image, 8), torch.split(views.own, 8), strict=True
            )
        ]
    )
    before, _ = giou(views.own[:, :, :4], views.boxes)
    after, _ = giou(corrected[:, :, :4], views.boxes)
    here = views.present == 1

    def share(iou: Tensor, least: float) -> list[float]:
        return [float((iou[here[:, k], k] >= least).float().mean()) for k in range(K)]

    result = {
        "hit75_before": float(np.mean(share(before, 0.75))),
        "hit75": float(np.mean(share(after, 0.75))),
        "hit50": float(np.mean(share(after, 0.5))),
    }
    return result | dict(zip(NT_STRUCTURES, share(after, 0.75), strict=True))


def load_zoom(path: Path) -> Zoom:
    """The averaged weights of a run, in evaluation mode."""
    zoom = Zoom()
    zoom.load_state_dict(torch.load(path, map_location="cpu", weights_only=True)["average"])
    return zoom.eval()


class ZoomRun:
    """One resumable run."""

    def __init__(self, args: argparse.Namespace) -> None:
        torch.manual_seed(args.seed)
        self.args, self.path = args, args.out / "zoom.pt"
        self.zoom = Zoom().train()
        if args.start:
            self.zoom.load_state_dict(load_zoom(args.start).state_dict())
        self.zoom.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        self.average = Average(self.zoom, 0.998)
        self.optimiser = torch.optim.AdamW(self.zoom.parameters(), lr=RATE, weight_decay=0.05)
        self.step, self.seconds = 0, 0.0
        if self.path.exists():
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            self.zoom.load_state_dict(saved["zoom"])
            self.average.state = saved["average"]
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.seconds = saved["step"], saved["seconds"]
        network = load_network(args.checkpoint)
        records = read_collection(args.data, recorded_left_out(args.checkpoint) or ())
        self.train = read_views(network, [r for r in records if r.split == "train"], args.side)
        self.val = read_views(network, [r for r in records if r.split == "val"], args.side)

    def run(self) -> None:
        """Trains until the minutes are spent."""
        last = time.monotonic()
        while (share := self.seconds / (60 * self.args.minutes)) < 1:
            began = time.monotonic()
            self._step(share)
            self.seconds += time.monotonic() - began
            if time.monotonic() - last > 60 * self.args.every:
                self._save()
                last = time.monotonic()
        self._save()

    def _step(self, share: float) -> None:
        rate = self.args.rate * min(1.0, share / 0.02 + 0.02)
        for group in self.optimiser.param_groups:
            group["lr"] = rate * (0.01 + 0.99 * 0.5 * (1 + math.cos(math.pi * share)))
        made = torch.Generator().manual_seed(self.args.seed * 1_000_003 + self.step)
        image, *drawn = draw(self.train, self.args.batch, made)
        loss = loss_of(self.zoom, image, tuple(drawn), made)
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        nn.utils.clip_grad_norm_(self.zoom.parameters(), 5.0)
        self.optimiser.step()
        self.average.update(self.zoom, self.step)
        self.step += 1

    def _save(self) -> None:
        partial = self.path.with_suffix(".partial")
        torch.save(
            {
                "zoom": self.zoom.state_dict(),
                "average": self.average.state,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
            },
            partial,
        )
        os.replace(partial, self.path)
        figures = {
            name: round(value, 4) for name, value in measure(load_zoom(self.path), self.val).items()
        }
        print(
            json.dumps({"step": self.step, "minutes": round(self.seconds / 60, 2)} | figures),
            flush=True,
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument(
        "--checkpoint", type=Path, required=True, help="of models.programs.training.train"
    )
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--start", type=Path, help="a zoom.pt whose weights a new run begins with")
    parser.add_argument("--side", type=int, default=384)
    parser.add_argument("--minutes", type=float, default=25.0)
    parser.add_argument("--every", type=float, default=4.0, help="minutes between checkpoints")
    parser.add_argument("--batch", type=int, default=24, help="images; each has nine windows")
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seed", type=int, default=1)
    args = parser.parse_args()
    torch.set_num_threads(1)
    args.out.mkdir(parents=True, exist_ok=True)
    ZoomRun(args).run()


if __name__ == "__main__":
    main()
