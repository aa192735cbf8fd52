"""Text phases against what the labels say: compliance, field accuracy, ROUGE-L."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from models.data.manifest import Record
from models.evaluation.observe import Observation
from models.text.sentences import FIELDS, NO_PLANE, Seen, write


def seen_of(record: Record, axis: Any = None) -> Seen:
    """What the labels of a record tell the sentence writer."""
    structures = centres = None
    if record.boxes and record.plane == "nt_view":
        structures = list(record.boxes)
        centres = {
            label: ((x + w / 2) / max(record.width, 1), (y + h / 2) / max(record.height, 1))
            for label, (x, y, w, h) in record.boxes.items()
        }
    return Seen(record.plane, structures, centres, axis)


def complies(text: str) -> bool:
    """One JSON object with exactly the eight fields, all strings and none empty."""
    try:
        value = json.loads(text)
    except ValueError:
        return False
    if not isinstance(value, dict) or sorted(value) != sorted(FIELDS):
        return False
    return all(isinstance(v, str) and v.strip() for v in value.values())


def rouge_l(generated: str, wanted: str) -> float:
    """F-measure of the longest common subsequence of lower-case words, 0..1 (Lin 2004)."""
    a, b = generated.lower().split(), wanted.lower().split()
    if not a or not b:
        return float(a == b)
    row = [0] * (len(b) + 1)
    for word in a:
        above = 0
        for j, other in enumerate(b, 1):
            row[j], above = (above + 1 if word == other else max(row[j], row[j - 1])), row[j]
    common = row[-1]
    if common == 0:
        return 0.0
    precision, recall = common / len(a), common / len(b)
    return 2 * precision * recall / (precision + recall)


def _fields(text: str) -> Mapping[str, str]:
    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}


def text_figures(observations: list[Observation]) -> dict[str, Any]:
    """Figures over observations whose raw reading holds text."""
    with_text = [o for o in observations if o.raw.interpretation]
    if not with_text:
        return {}
    right: dict[str, list[float]] = {name: [] for name in FIELDS}
    overlap, labels = [], []
    for o in with_text:
        generated = _fields(o.raw.interpretation)
        for name, wanted in write(seen_of(o.record)).items():
            if wanted is not None and name != "image_quality":
                answer = str(generated.get(name, ""))
                right[name].append(float(answer == wanted))
                overlap.append(rouge_l(answer, wanted))
        label = _fields(o.raw.classification).get("label")
        labels.append(float(label == (o.record.plane or NO_PLANE)))
    return {
        "json_compliance": float(np.mean([complies(o.raw.interpretation) for o in with_text])),
        "field_accuracy": {k: float(np.mean(v)) for k, v in right.items() if v},
        "field_accuracy_mean": float(np.mean([np.mean(v) for v in right.values() if v])),
        "rouge_l": float(np.mean(overlap)),
        "classify_accuracy": float(np.mean(labels)),
        "text_n": len(with_text),
    }
