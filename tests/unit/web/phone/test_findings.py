"""Phone and hub write the same line of the same tensors, and bear out the same words."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import numpy as np
from made_tensors import without
from typescript import needs_node, run
from unit.web.phone.test_rules import RELEASES, made_up, with_biometry

from models.text.finding_sentences import WORDS, tables
from services.reading.releases import manifest
from services.reading.releases.registry import open_release, trust_of
from services.reading.text.finding_words import borne_out
from services.reading.text.findings import findings_of

pytestmark = needs_node
FILE = "phone/tests/findings.ts"


def document() -> dict[str, Any]:
    release = open_release(RELEASES, trust_of(RELEASES))
    path = Path(release.folder) / "manifest.json"
    return with_biometry(json.loads(path.read_text()))


def test_lines_and_words_of_made_up_tensors() -> None:
    chance = random.Random(77)
    documents = (document(), without(document(), "abdomen", "femur", "NT"))
    words = json.loads(json.dumps(tables()))
    expected, calls = [], []
    for number in range(100):
        release_document = documents[number % 2]
        there = manifest.parse(release_document, "0" * 64)
        raw = made_up(chance, there)
        raw.boxes[:, :2] = raw.boxes[:, :2] * 0.6 + 0.2  # most of them whole
        raw.boxes[:, 2:4] *= 0.5
        raw.keypoints[:, 2] += 1
        dense = {
            "PLANE": raw.plane[None], "QUALITY": np.array([[raw.quality]], np.float32),
            "BOXES": raw.boxes[None], "KEYPOINTS": raw.keypoints[None], "MASKS": raw.masks[None],
        }  # fmt: skip
        findings = findings_of(dense, there, WORDS)
        said = WORDS.words(findings)
        said[chance.choice(list(said))] = "Something else."
        expected.append([findings.line(), WORDS.words(findings), borne_out(said, findings, WORDS)])
        tensors = {
            "plane": raw.plane.tobytes(), "scope": raw.scope, "quality": raw.quality,
            "masks": raw.masks.tobytes(), "boxes": raw.boxes.tobytes(),
            "keypoints": raw.keypoints.tobytes(),
        }  # fmt: skip
        calls.append((FILE, "lineAndWords", [tensors, release_document, words, said]))
    assert run(*calls) == expected
    lines = " ".join(str(line) for line, _, _ in expected)
    assert all(f";{name} " in lines for name in ("unclear", "cut", "missing", "axis", "face"))
