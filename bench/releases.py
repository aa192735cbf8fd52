"""Processor time of one image, all phases and the judgement, of releases side by side.

`python -m bench.releases models/releases/A models/releases/B [--images DIR] [--rounds 8]`

The releases take turns on the same images, so that what else the machine does falls on all of them. Processor
time of this process and of the text models' is counted, not the clock. The ratio is to the first named.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from rich.console import Console
from rich.table import Table

from services.domain.calibration import Calibration, PixelSize
from services.domain.study import FrameRef
from services.reading.images.picture import square
from services.reading.judge import judge
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import open_release, trust_of

_NOWHERE = FrameRef("1", "1", 0)
_SCALE = Calibration(spacing=PixelSize(0.2, 0.2, "pixel_spacing"))


def processor_seconds() -> float:
    """Of this process and its children that still run."""
    times = [child.cpu_times() for child in psutil.Process().children(recursive=True)]
    return time.process_time() + float(sum(one.user + one.system for one in times))


def read_once(reader: ReleaseReader, frame: np.ndarray) -> float:
    """Processor seconds of one image, from the frame [H, W] to the judged reading."""
    began = processor_seconds()
    seen = square(frame, reader.manifest.side)
    judge(reader.read(seen), seen, _NOWHERE, reader.manifest, _SCALE)
    return processor_seconds() - began


def compare(folders: Sequence[Path], frames: Sequence[np.ndarray], rounds: int) -> Table:
    """Least and median of `rounds` turns, each the mean of all frames."""
    readers = {
        f.name: ReleaseReader(open_release(f.parent, trust_of(f.parent), f.name)) for f in folders
    }
    spent: dict[str, list[float]] = {name: [] for name in readers}
    for reader in readers.values():
        read_once(reader, frames[0])
    for _ in range(rounds):
        for name, reader in readers.items():
            spent[name].append(statistics.fmean(read_once(reader, f) for f in frames))
    table = Table("release", "least, s", "median, s", "ratio of least", "ratio of median")
    first = next(iter(spent.values()))
    for name, values in spent.items():
        low, middle = min(values), statistics.median(values)
        ratios = low / min(first), middle / statistics.median(first)
        table.add_row(name, f"{low:.3f}", f"{middle:.3f}", *(f"{r:.2f}" for r in ratios))
    return table


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("releases", nargs="+", type=Path)
    parser.add_argument("--images", type=Path, default=Path("samples"), help="a folder of pictures")
    parser.add_argument("--rounds", type=int, default=8)
    args = parser.parse_args()
    files = sorted(p for p in args.images.rglob("*") if p.suffix.lower() in (".png", ".jpg"))
    frames = [np.asarray(Image.open(p).convert("L")) for p in files[:6]]
    Console().print(compare(args.releases, frames, args.rounds))


if __name__ == "__main__":
    main()
