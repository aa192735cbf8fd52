"""What the heads of a release find in a data set's images, once: what its decoder is trained on.

`python -m models.programs.training.cache_findings --release DIR --data DIR --out FILE --changed 4000`

Writes one JSON object a line: the picture, its split and plane as labelled, and the findings' line
(services/reading/text/findings.py). ``--changed`` adds lines of pictures that were turned, cut or
degraded as in training, so that what is cut off and unclear is met as well. Goes on where it stopped.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from models.data.batches import Batches, Mix
from models.data.collection import read_collection
from models.data.samples import load_samples
from models.evaluation.findings import Finder
from models.evaluation.observe import load_gray
from services.reading.images.picture import square
from services.reading.releases.registry import trust_of
from services.reading.releases.release import load
from services.reading.text.findings import Findings

BATCH = 4
# Degraded and clipped pictures count as much as plain ones: there the words differ.
_MIX = Mix(plain=0.1, degraded=0.4)


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, required=True)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", action="append", help="default: train")
    parser.add_argument("--count", type=int, default=0, help="pictures, evenly spread; 0: all")
    parser.add_argument("--changed", type=int, default=0, help="how many changed pictures to add")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    args = parser.parse_args()
    splits = args.split or ["train"]
    finder = Finder(load(args.release, trust_of(args.release.parent)), args.threads)
    records = [r for r in read_collection(args.data) if r.split in splits and r.plane]
    if args.count:
        records = records[:: max(1, len(records) // args.count)][: args.count]
    done = len(args.out.read_text().splitlines()) if args.out.exists() else 0
    with args.out.open("a", encoding="utf-8") as out:

        def write(findings: list[Findings], about: list[dict[str, Any]]) -> None:
            for one, facts in zip(findings, about, strict=True):
                out.write(json.dumps({**facts, "findings": one.line()}) + "\n")
            out.flush()

        for start in range(done, len(records), BATCH):
            part = records[start : start + BATCH]
            squares = [square(load_gray(r), finder.manifest.side).pixels for r in part]
            about = [{"picture": r.path.name, "split": r.split, "plane": r.plane} for r in part]
            write(finder.find(squares), about)
        steps = range(max(0, done - len(records)) // BATCH, args.changed // BATCH)
        if len(steps):
            samples = load_samples(records, finder.manifest.side)
            batches = Batches(samples, finder.manifest.side, BATCH, args.seed, _MIX)
            for step in steps:
                images = list(np.asarray(batches[step][0][:, 0]))
                write(finder.find(images), [{"split": "changed"}] * len(images))
    print(f"{args.out}: {len(records)} pictures, {args.changed} changed")


if __name__ == "__main__":
    main()
