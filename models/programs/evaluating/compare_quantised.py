"""What quantisation costs the words.

`python -m models.programs.evaluating.compare_quantised --data DIR --pair DIR --pair DIR`

Each folder holds a text.gguf, an mmproj.gguf and their text.json
(models.programs.releasing.convert writes them). Told
for each: plane accuracy of its own classification, share of interpretation fields as the labels say
(the plane is not in its prompt), how often its answer is whole JSON without the schema, and how often
it answers what the first pair answers; with 95 % intervals, of what differs from the first pair too.
`--out FILE` writes the table of a model card.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from scipy.stats import binomtest

from models.data.manifest import Record, read_manifest
from models.evaluation.scores import bootstrap
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
    "Plane accuracy less the first's, points": (
        "plane_accuracy_difference", "plane_accuracy_difference_interval", 2,
    ),
    "Fields less the first's, points": (
        "field_accuracy_difference", "field_accuracy_difference_interval", 2,
    ),
}  # fmt: skip
DRAWS = 1000


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


def _accuracy(answers: Sequence[TextAnswer], records: Sequence[Record]) -> dict[str, float]:
    planes = [t.label == (r.plane or NO_PLANE) for t, r in zip(answers, records, strict=True)]
    fields = [
        t.fields[name] == wanted
        for t, r in zip(answers, records, strict=True)
        for name, wanted in write(seen_of(r)).items()
        if wanted is not None
    ]
    return {"plane_accuracy": float(np.mean(planes)), "field_accuracy": float(np.mean(fields))}


def figures(
    answers: Sequence[TextAnswer], first: Sequence[TextAnswer], records: Sequence[Record]
) -> dict[str, float]:
    """Shares in 0..1 over the records."""
    same_label = [a.label == b.label for a, b in zip(answers, first, strict=True)]
    same_text = [a.fields == b.fields for a, b in zip(answers, first, strict=True)]
    return {
        "n": len(answers),
        **{name: round(value, 4) for name, value in _accuracy(answers, records).items()},
        "json_compliance_without_schema": round(float(np.mean([t.free for t in answers])), 4),
        "same_label_as_first": round(float(np.mean(same_label)), 4),
        "same_interpretation_as_first": round(float(np.mean(same_text)), 4),
    }


def differences(
    answers: Sequence[TextAnswer], first: Sequence[TextAnswer], records: Sequence[Record]
) -> dict[str, Any]:
    """What differs from the first pair, with 95 % intervals. Accuracies: in points, less than zero where it
    is worse, by resampling patients with all their images and both pairs' answers. Answers that are other
    ones: shares in 0..1, exact (Clopper and Pearson), images taken as independent."""
    rows = list(zip(answers, first, records, strict=True))
    groups = [r.group for r in records]

    def gain(name: str) -> Callable[[list[tuple[TextAnswer, TextAnswer, Record]]], float]:
        def score(chosen: list[tuple[TextAnswer, TextAnswer, Record]]) -> float:
            mine, theirs, whose = map(list, zip(*chosen, strict=True))
            ours, full = _accuracy(mine, whose), _accuracy(theirs, whose)
            return 100 * (ours[name] - full[name])

        return score

    result: dict[str, Any] = {}
    for name in ("plane_accuracy", "field_accuracy"):
        score = gain(name)
        result[f"{name}_difference"] = round(score(rows), 2)
        bounds = bootstrap(rows, groups, score, DRAWS)
        result[f"{name}_difference_interval"] = [round(b, 2) for b in bounds]
    for name, other in (
        ("label", [a.label != b.label for a, b, _ in rows]),
        ("interpretation", [a.fields != b.fields for a, b, _ in rows]),
    ):
        exact = binomtest(sum(other), len(other)).proportion_ci(0.95, "exact")
        result[f"other_{name}"] = round(float(np.mean(other)), 4)
        result[f"other_{name}_interval"] = [round(exact.low, 4), round(exact.high, 4)]
    return result


def chosen(data: Path, splits: Sequence[str] = ("val", "test"), count: int = 0) -> list[Record]:
    """Images of a data set's splits; ``count`` of them, evenly apart, where it is not 0."""
    records = [r for r in read_manifest(data) if r.split in splits]
    return records[:: max(1, len(records) // count)][:count] if count else records


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
    records = chosen(args.data, args.split or ("val", "test"), args.count)
    answers = [add_text(folder, records, args.threads) for folder in args.pair]
    rows = {
        str(p.name): figures(t, answers[0], records) | differences(t, answers[0], records)
        for p, t in zip(args.pair, answers, strict=True)
    }
    print(json.dumps(rows, indent=1))
    if args.json:
        args.json.write_text(json.dumps(rows, indent=1) + "\n")
    if args.out:
        args.out.write_text(table({name: [row] for name, row in rows.items()}, ROWS))


if __name__ == "__main__":
    main()
