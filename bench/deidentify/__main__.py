"""Names planted into images of scanners that no setting was chosen on: how many are blanked, at what cost.

    python -m bench.deidentify --data DIR [--images 120] [--json FILE]

DIR holds pictures (``*.jpg``) and DICOM files (``*.dcm``). Held out is what a table's column ``us_machine``
gives another machine than ``--known``, and collections that no setting was chosen on.
Scan pixels are those of the clean picture that stay bright where a median filter took thin strokes away.
"""

from __future__ import annotations

import argparse
import csv
import json
import random
import time
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from bench.deidentify.planted_words import plant
from services.dicom.deidentification.scan_area import kept, regions
from services.dicom.parser.frames import Frames
from services.domain.errors import FadaError
from services.reading.images.picture import to_gray

_BRIGHT, _THIN = 24, 9  # grey levels; pixels of the median filter
_STRINGS = 4  # in a picture
_MASKED = 0.99  # of a string's pixels, of all pixels, and of the strings
_SMALLEST = 100  # pixels of the short side: no name is written into less


@dataclass(slots=True)
class Figures:
    """Sums over all pictures."""

    images: int = 0
    planted: int = 0
    strings_masked: int = 0
    pixels: int = 0
    pixels_masked: int = 0
    scan_blanked: list[float] = field(default_factory=list)  # share, by picture
    seconds: float = 0.0
    missed: list[str] = field(default_factory=list)

    def to_json(self) -> dict[str, float]:
        """The line of JSON."""
        return {
            "images": self.images,
            "planted": self.planted,
            "masked_share": round(self.pixels_masked / max(1, self.pixels), 4),
            "strings_masked_share": round(self.strings_masked / max(1, self.planted), 4),
            "scan_blanked_share": round(float(np.mean(self.scan_blanked)), 4),
            "scan_blanked_median": round(float(np.median(self.scan_blanked)), 4),
            "ms_per_image": round(1000 * self.seconds / max(1, self.images)),
        }


def measure(figures: Figures, picture: NDArray[np.uint8], source: Frames | None, seed: str) -> None:
    """One picture: planted, cleaned, compared; then the clean one for what is lost of the scan."""
    dataset = source.dataset if source is not None else None
    written, planted = plant(picture, random.Random(seed), _STRINGS)
    began = time.perf_counter()
    shown = kept([written], dataset)
    figures.seconds += time.perf_counter() - began
    figures.images += 1
    for one in planted:
        masked = int((one.pixels & ~shown).sum())
        figures.planted += 1
        figures.pixels += int(one.pixels.sum())
        figures.pixels_masked += masked
        share = masked / one.pixels.sum()
        figures.strings_masked += share >= _MASKED
        if share < _MASKED:
            figures.missed.append(f"{seed}: {one.words}, {share:.0%} masked")
    scan = cv2.medianBlur(np.ascontiguousarray(to_gray(picture)), _THIN) > _BRIGHT
    inside = regions(dataset, *scan.shape) if dataset is not None else None
    scan = scan if inside is None else scan & inside
    if scan.any():
        figures.scan_blanked.append(float((scan & ~kept([picture], dataset)).sum() / scan.sum()))


def pictures(
    data: Path, known: str, most: int
) -> Iterator[tuple[str, NDArray[np.uint8], Frames | None]]:
    """DICOM files first, then held-out pictures in an order that is always the same."""
    for path in sorted(data.rglob("*.dcm")):
        try:
            frames = Frames.of_file(path)
            pixels = frames.read(1)
        except FadaError:
            continue
        if min(pixels.shape[:2]) >= _SMALLEST:
            yield path.name, pixels, frames
    machines = _machines(data)
    chosen = [p for p in sorted(data.rglob("*.jpg")) if _held_out(p, machines, known)]
    random.Random(11).shuffle(chosen)
    for path in chosen[:most]:
        yield path.name, np.asarray(Image.open(path).convert("RGB")), None


def _held_out(path: Path, machines: dict[str, str], known: str) -> bool:
    """Of another scanner, or of a collection that none of ours is in; photos and pages aside."""
    if path.name in machines:
        return machines[path.name] != known
    return "psfhs" in path.parts or "_ultrasound_" in path.name


def _machines(data: Path) -> dict[str, str]:
    """The scanner of each picture that a table names."""
    machines: dict[str, str] = {}
    for table in data.rglob("*.csv"):
        with table.open(newline="") as file:
            for row in csv.DictReader(file):
                if row.get("us_machine"):
                    machines[Path(row["file"]).name] = row["us_machine"]
    return machines


def main() -> None:
    """Measure, print one line of JSON; exit code 1 where less than 99 % of pixels or strings were masked."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True)
    options.add_argument(
        "--known", default="Voluson E6", help="the machine that settings were chosen on"
    )
    options.add_argument("--images", type=int, default=120, help="pictures beside the DICOM files")
    options.add_argument("--json", type=Path)
    given = options.parse_args()
    warnings.simplefilter("ignore")
    figures = Figures()
    for name, picture, source in pictures(given.data, given.known, given.images):
        measure(figures, picture, source, name)
    print(*(f"missed {one}" for one in figures.missed), sep="\n")
    line = json.dumps(figures.to_json())
    print(line)
    if given.json:
        given.json.write_text(line + "\n")
    shares = figures.to_json()
    raise SystemExit(min(shares["masked_share"], shares["strings_masked_share"]) < _MASKED)


if __name__ == "__main__":
    main()
