"""What a decoder says of a release's findings, beside what the findings say themselves.

`python -m models.programs.evaluating.compare_decoders --release DIR --data DIR --text DIR --split val`

Each --text is a folder that models.programs.releasing.convert wrote from a decoder. Told for each: the share
of fields and of whole answers that are as the heads say, field by field; the share as the labels say, where
they tell; how often it is whole JSON without the schema; seconds an answer. The first row is that of the
findings' own words, by templates, without a decoder. `--json FILE` keeps the figures.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from models.data.collection import read_collection
from models.data.manifest import Record
from models.evaluation.findings import (
    Finder,
    agreement,
    answers_of,
    label_agreement,
    open_decoder,
    plane_agreement,
)
from services.reading.releases.registry import trust_of
from services.reading.releases.release import load
from services.reading.text.findings import Findings

TEMPLATES = "templates"


def figures(
    folder: Path, finder: Finder, findings: Sequence[Findings], records: Sequence[Record]
) -> dict[str, Any]:
    """One decoder's figures over the records."""
    decoder = open_decoder(folder)
    began = time.perf_counter()
    answers = answers_of(decoder, findings)
    spent = time.perf_counter() - began
    fields = [answer.fields for answer in answers]
    return {
        "n": len(records),
        "as_the_heads": agreement(fields, findings, finder.words),
        "as_the_labels": label_agreement(fields, records),
        "plane_accuracy": plane_agreement([answer.label for answer in answers], records),
        "json_without_schema": round(float(np.mean([answer.free for answer in answers])), 4),
        "seconds": round(spent / max(3 * len(answers), 1), 4),
        "bytes": (folder / "text.gguf").stat().st_size,
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--release", type=Path, required=True, help="whose heads find")
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--text", type=Path, action="append", default=[], help="a decoder's folder")
    parser.add_argument("--split", action="append", help="default: val")
    parser.add_argument("--count", type=int, default=0, help="pictures, evenly spread; 0: all")
    parser.add_argument("--json", type=Path)
    args = parser.parse_args()
    splits = args.split or ["val"]
    records = [r for r in read_collection(args.data) if r.split in splits and r.plane]
    if args.count:
        records = records[:: max(1, len(records) // args.count)][: args.count]
    finder = Finder(load(args.release, trust_of(args.release.parent)))
    findings = [finder.of_record(record) for record in records]
    own = [finder.words.words(one) for one in findings]
    rows: dict[str, Any] = {
        TEMPLATES: {
            "n": len(records),
            "as_the_labels": label_agreement(own, records),
            "plane_accuracy": plane_agreement([one.plane for one in findings], records),
        }
    }
    rows |= {folder.name: figures(folder, finder, findings, records) for folder in args.text}
    print(json.dumps(rows, indent=1))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
