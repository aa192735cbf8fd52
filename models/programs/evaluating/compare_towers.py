"""What storing a release's vision tower in Q8_0 costs its answers.

`python -m models.programs.evaluating.compare_towers --release DIR --data DIR`

A release keeps its tower in Q8_0 alone. A tower in F16 that it may have been made from is drawn
(models.packaging.requantise.draw) and stored in Q8_0 as `fada models import --mmproj q8_0` does, and
both answer about the same images with the same text model. The table and the JSON are those of
models.programs.evaluating.compare_quantised.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from pathlib import Path
from typing import Any

from models.packaging.requantise import draw, requantise
from models.packaging.tower_loss import relative_error
from models.programs.evaluating.compare_quantised import (
    answers_of,
    chosen,
    differences,
    figures,
)
from services.reading.releases.registry import trust_of
from services.reading.releases.release import Release, load
from services.reading.text.runtime import TextModel


def open_tower(release: Release, tower: Path, threads: int) -> TextModel:
    """The text model of a release with another tower."""
    of = release.manifest
    return TextModel(
        release.text, tower, of.text_side, of.prompts, of.classes,
        sentences=of.sentences, threads=threads,
    )  # fmt: skip


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--split", action="append", help="default: val and test")
    parser.add_argument("--count", type=int, default=0, help="0: all images of the splits")
    parser.add_argument("--seed", type=int, default=0, help="of the draw")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    release = load(args.release, trust_of(args.release.parent))
    records = chosen(args.data, args.split or ("val", "test"), args.count)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as work:
        wide, small = Path(work) / "f16.gguf", Path(work) / "q8_0.gguf"
        draw(release.mmproj, wide, args.seed)
        requantise(wide, small)
        error = round(relative_error(small, wide), 5)
        first = answers_of(open_tower(release, wide, args.threads), records)
        second = answers_of(open_tower(release, small, args.threads), records)
    rows: dict[str, Any] = {
        "seed": args.seed,
        "seconds": round(time.monotonic() - began),
        "weights_relative_error": error,
        "f16": figures(first, first, records),
        "q8_0": figures(second, first, records) | differences(second, first, records),
    }
    print(json.dumps(rows, indent=1))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
