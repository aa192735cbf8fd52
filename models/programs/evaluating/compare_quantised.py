"""What quantisation costs the words.

`python -m models.programs.evaluating.compare_quantised --data DIR --pair DIR --pair DIR`

Each folder holds a text.gguf, an mmproj.gguf and their text.json
(models.programs.releasing.convert writes them). Told
for each: plane accuracy of its own classification, share of interpretation fields as the labels say
(the plane is not in its prompt), how often its answer is whole JSON without the schema, and how often
it answers what the first pair answers. `--out FILE` writes the table of a model card.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import Image

from models.data.manifest import Record, read_manifest
from models.evaluation.textual import complies, seen_of
from models.programs.evaluating.compare import table
from models.programs.evaluating.parity_text import open_text
from models.text.sentences import NO_PLANE, write
from services.reading.images.picture import square
from services.reading.text.runtime import TextModel

ROWS = {
    "Plane accuracy": ("plane_accuracy", "", 4),
    "Fields as the labels say": ("field_accuracy", "", 4),
    "JSON without the schema": ("json_compliance_without_schema", "", 4),
    "Label as the first": ("same_label_as_first", "", 4),
    "Interpretation as the first": ("same_interpretation_as_first", "", 4),
}


@dataclass(frozen=True, slots=True)
class TextAnswer:
    """One pair's answers about one image."""

    label: str
    fields: Mapping[str, str]
    free: bool  # its unbound answer had the eight fields


def add_text(folder: Path, records: Sequence[Record], threads: int) -> list[TextAnswer]:
    """Both text phases of every record, by the pair of a folder."""
    return answers_of(open_text(folder, threads), records)


def answers_of(model: TextModel, records: Sequence[Record]) -> list[TextAnswer]:
    """Both text phases of every record."""
    answers = []
    for record in records:
        image = square(np.asarray(Image.open(record.path)), model.side).pixels
        with model.look(image) as conversation:
            free = complies(conversation.free(model.prompts.interpret, 512))
            answers.append(TextAnswer(conversation.classify(), conversation.interpret(), free))
    return answers


def figures(
    answers: Sequence[TextAnswer], first: Sequence[TextAnswer], records: Sequence[Record]
) -> dict[str, float]:
    """Shares in 0..1 over the records."""
    planes = [t.label == (r.plane or NO_PLANE) for t, r in zip(answers, records, strict=True)]
    fields = [
        t.fields[name] == wanted
        for t, r in zip(answers, records, strict=True)
        for name, wanted in write(seen_of(r)).items()
        if wanted is not None
    ]
    same_label = [a.label == b.label for a, b in zip(answers, first, strict=True)]
    same_text = [a.fields == b.fields for a, b in zip(answers, first, strict=True)]
    return {
        "n": len(answers),
        "plane_accuracy": round(float(np.mean(planes)), 4),
        "field_accuracy": round(float(np.mean(fields)), 4),
        "json_compliance_without_schema": round(float(np.mean([t.free for t in answers])), 4),
        "same_label_as_first": round(float(np.mean(same_label)), 4),
        "same_interpretation_as_first": round(float(np.mean(same_text)), 4),
    }


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--pair", type=Path, action="append", required=True)
    parser.add_argument("--split", action="append", help="default: val and test")
    parser.add_argument("--count", type=int, default=0, help="0: all images of the splits")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--out", type=Path, help="the table of a model card")
    args = parser.parse_args()
    splits = args.split or ["val", "test"]
    records = [r for r in read_manifest(args.data) if r.split in splits]
    if args.count:
        records = records[:: max(1, len(records) // args.count)][: args.count]
    answers = [add_text(folder, records, args.threads) for folder in args.pair]
    rows = {
        str(p.name): figures(t, answers[0], records)
        for p, t in zip(args.pair, answers, strict=True)
    }
    print(json.dumps(rows, indent=1))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    if args.out:
        args.out.write_text(table({name: [row] for name, row in rows.items()}, ROWS))


if __name__ == "__main__":
    main()
