"""Phone and hub judge alike: the same tensors, words, scale and picture give the same reading, whole.

Reasons, abstentions, flags and texts are compared one by one; nothing is left out.
"""

from __future__ import annotations

import copy
import json
import math
import random
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import releases
from made_tensors import SCALES, TEXTS, made_up, with_biometry
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from typescript import needs_node, run

from services.domain.calibration import Calibration
from services.domain.errors import InvalidModelOutput
from services.domain.mapping import map_plane
from services.domain.mapping.rules import OWN_PLANES
from services.domain.report import FrameReading
from services.domain.study import FrameRef
from services.reading.clips import Glance, best_frames
from services.reading.confidence import Thresholds
from services.reading.contract import SURVEY_OUTPUTS, RawReading
from services.reading.images.picture import Square, flag_text, has_text, square
from services.reading.judge import judge
from services.reading.releases import manifest
from services.reading.releases.registry import open_release, trust_of
from services.reading.subgraph import cut
from services.reading.survey import survey_side
from services.reading.text import prompting
from services.reading.text.prompting import FIELDS, MAX_FIELD
from services.reading.vision import Vision

pytestmark = needs_node
ROOT = Path(__file__).parents[4]
RELEASES, SAMPLES = ROOT / "models" / "releases", ROOT / "samples"
Gray = NDArray[np.uint8]


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    release = open_release(RELEASES, trust_of(RELEASES))
    path = RELEASES / f"{release.id.name}-{release.id.version}" / "manifest.json"
    return json.loads(path.read_text())


def here(
    raw: RawReading,
    size: Square,
    release_manifest: manifest.Manifest,
    scale: Calibration,
    gray: Gray,
) -> FrameReading:
    judged = judge(raw, size, FrameRef("1.2", "1.2.3"), release_manifest, scale)
    return flag_text(judged.reading, gray)


def there(raw: RawReading, document: dict[str, Any], scale: Calibration, gray: Gray) -> Any:
    tensors = {
        "plane": raw.plane.tobytes(), "scope": raw.scope, "quality": raw.quality,
        "masks": raw.masks.tobytes(), "boxes": raw.boxes.tobytes(),
        "keypoints": raw.keypoints.tobytes(),
        "subplane": raw.subplane.tobytes() if raw.subplane is not None else None,
    }  # fmt: skip
    said = json.loads(raw.interpretation) if raw.interpretation else {}
    where = {"width": gray.shape[1], "height": gray.shape[0], "gray": gray.tobytes()}
    calibration = {
        "regions": [asdict(r) for r in scale.regions],
        "spacing": asdict(scale.spacing) if scale.spacing else None,
    }
    return ("phone/tests/judge.ts", "read", [tensors, said, where, document, calibration])


def agree(phone: dict[str, Any], hub: FrameReading) -> None:
    """Equal in every field; ages to the last digits of the arithmetic."""
    mine, theirs = dict(phone), json.loads(json.dumps(asdict(hub)))
    for one, other in zip(mine["datings"], theirs["datings"], strict=True):
        for name in ("days", "low_days", "high_days"):
            days, wanted = one.pop(name), other.pop(name)
            assert days == (None if wanted is None else pytest.approx(wanted, rel=1e-12))
    assert mine == theirs


def test_the_whole_judgement_of_made_up_tensors(document: dict[str, Any]) -> None:
    chance = random.Random(2024)
    gray = np.zeros((40, 40), np.uint8)
    cases = []
    for _ in range(300):
        changed = copy.deepcopy(document)
        if chance.random() < 0.6:
            changed = with_biometry(changed)
        if chance.random() < 0.5:
            rules = changed["calibration"]
            rules |= {"scope": 0.3, "quality": 0.1, "plane": 0.4}
            rules["structure"] = {
                label: chance.uniform(0.1, 0.9) for label in changed["labels"]["boxes"]
            }
            if chance.random() < 0.3:
                rules.pop("hc_interval", None)
                rules.pop("intervals", None)
        release_manifest = manifest.parse(changed, "0" * 64)
        width, height = chance.choice(((512, 512), (801, 603), (333, 470)))
        frame = np.zeros((height, width), np.uint8)
        size = Square(gray, width, height)
        raw, scale = made_up(chance, release_manifest), chance.choice(SCALES)
        cases.append(
            (here(raw, size, release_manifest, scale, frame), there(raw, changed, scale, frame))
        )
    answers_ = run(*(call for _, call in cases))
    for (hub, _), phone in zip(cases, answers_, strict=True):
        agree(phone, hub)
    # The cases are worth comparing only when they reach all that can be said.
    reasons = {(str(code), what) for hub, _ in cases for code, what in hub.abstentions}
    assert {code for code, _ in reasons} == {
        "out_of_scope", "too_poor", "unknown_plane", "low_confidence", "not_calibrated",
        "out_of_range", "unknown_subplane",
    }  # fmt: skip
    assert any("text_withheld" in hub.flags for hub, _ in cases)
    assert any(hub.datings and hub.interpretation for hub, _ in cases)
    named = {(hub.plane.label, m.name) for hub, _ in cases if hub.plane for m in hub.measurements}
    assert named == {
        ("head", "HC"),
        ("head", "BPD"),
        ("head", "OFD"),
        ("abdomen", "AC"),
        ("abdomen", "TAD"),
        ("abdomen", "APAD"),
        ("femur", "FL"),
    }
    assert any(hub.subplane for hub, _ in cases)
    angles = [a for hub, _ in cases for a in hub.angles]
    assert any(a.low is not None for a in angles)
    assert {(hub.plane.label, a.name) for hub, _ in cases if hub.plane for a in hub.angles} == {
        ("intrapartum", "AoP"),
        ("femur", "FemurAngle"),
    }
    assert any(m.name == "AC" and m.mm_low for hub, _ in cases for m in hub.measurements)


def test_the_whole_judgement_of_real_pictures(document: dict[str, Any]) -> None:
    release_manifest = manifest.parse(document, "0" * 64)
    folder = RELEASES / f"{document['name']}-{document['version']}"
    vision = Vision((folder / "vision.onnx").read_bytes(), release_manifest.side)
    scans = [np.asarray(Image.open(SAMPLES / "head-27w.png").convert("L"))]
    scans.append(written(scans[0], "REPORT NORMAL"))
    scans.append(np.ascontiguousarray(scans[0][:, : scans[0].shape[1] // 2]))
    scans.append(np.zeros_like(scans[0]))
    cases = []
    for gray in scans:
        prepared = square(gray, release_manifest.side)
        dense = vision.run([prepared.pixels])
        said = dict(zip(FIELDS, TEXTS, strict=False))
        raw = RawReading(
            dense["PLANE"][0], float(dense["SCOPE"][0, 0]), float(dense["QUALITY"][0, 0]),
            dense["MASKS"][0], dense["BOXES"][0], dense["KEYPOINTS"][0], json.dumps(said), "", "", {},
        )  # fmt: skip
        for scale in SCALES:
            hub = here(raw, prepared, release_manifest, scale, gray)
            cases.append((hub, there(raw, document, scale, gray)))
    for (hub, _), phone in zip(cases, run(*(call for _, call in cases)), strict=True):
        agree(phone, hub)
    assert any(hub.measurements and hub.measurements[0].mm for hub, _ in cases)
    assert any("burned_in_text" in hub.flags for hub, _ in cases)


def written(gray: Gray, words: str, size: int = 16, shade: int = 255) -> Gray:
    image = Image.fromarray(gray)
    place = (12, gray.shape[0] - 40)
    ImageDraw.Draw(image).text(place, words, fill=shade, font=ImageFont.load_default(size))
    return np.asarray(image)


def test_text_in_the_picture_is_seen_alike() -> None:
    scan = np.asarray(Image.open(SAMPLES / "head-27w.png").convert("L"))
    pictures = [scan, scan[::-1].copy(), np.zeros((5, 5), np.uint8)]
    for words in ("REPORT NORMAL", "AB", "GA 27w3d", "iiiii", "l.l.l.l.l"):
        pictures += [written(scan, words, n, s) for n in (7, 11, 16, 28) for s in (120, 190, 255)]
    chance = np.random.default_rng(3)
    pictures += [chance.integers(0, 256, (60, 90), np.uint8) for _ in range(10)]
    for step in range(40):  # rows of blocks at the edge of what counts as letters
        blocks = np.zeros((60, 200), np.uint8)
        for n in range(step % 8):
            x = 10 + n * (9 + step % 5)
            blocks[20 + (n * step) % 3 : 28 + step % 4, x : x + 5] = 180 + step
        pictures.append(blocks)
    lettered = run(*(("phone/tests/judge.ts", "lettered", [p.shape[1], p.shape[0], p.tobytes()]) for p in pictures))  # fmt: skip
    assert lettered == [has_text(p) for p in pictures]
    assert set(lettered) == {True, False}


def test_the_frames_of_a_clip_are_chosen_alike(document: dict[str, Any]) -> None:
    chance = np.random.default_rng(6)
    calls, expected = [], []
    for count in (0, 1, 2, 5, 40, 90):
        logits = chance.normal(0, 3, (count, 5)).astype(np.float32)
        if count > 5:  # as in a sweep, neighbours show the same
            logits = np.repeat(logits[::5], 5, axis=0)[:count] + chance.normal(0, 0.3, (count, 5))  # type: ignore[assignment]
        seen = [Glance(p.astype(np.float32), *chance.normal(2, 3, 2).tolist()) for p in logits]
        numbers = list(range(1, 3 * count + 1, 3))
        for limit in (1, 3, 8):
            expected.append(
                best_frames(numbers, seen, Thresholds.from_json(document["calibration"]), limit)
            )
            glances = [
                {"plane": g.plane.tobytes(), "scope": g.scope, "quality": g.quality} for g in seen
            ]
            calls.append(
                (
                    "phone/tests/judge.ts",
                    "chosen",
                    [numbers, glances, document["calibration"], limit],
                )
            )
    assert run(*calls) == expected
    assert max(len(answer) for answer in expected) > 2
    sides = (32, 64, 224, 320, 384, 512)
    answers = run(
        *(("phone/src/reading/clip/bestFrames.ts", "surveySide", [side]) for side in sides)
    )
    assert answers == [survey_side(side) for side in sides]


def test_a_graph_is_cut_alike() -> None:
    graph = releases.graph()
    (answer,) = run(("phone/src/reading/clip/subgraph.ts", "cut", [graph, list(SURVEY_OUTPUTS)]))
    assert answer == cut(graph, SURVEY_OUTPUTS)


def test_the_eight_fields_are_held_to_the_same_form() -> None:
    good = dict.fromkeys(FIELDS, "Not assessed.")
    texts = [
        json.dumps(good), "", "null", "[]", "{}", json.dumps(good)[:-5], json.dumps({**good, "more": "x"}),
        json.dumps({**good, FIELDS[0]: ""}), json.dumps({**good, FIELDS[0]: "  "}),
        json.dumps({**good, FIELDS[2]: 7}), json.dumps({k: good[k] for k in FIELDS[1:]}),
        json.dumps({**good, FIELDS[1]: "x" * MAX_FIELD}),
        json.dumps({**good, FIELDS[1]: "x" * (MAX_FIELD + 1)}), json.dumps(dict(reversed(good.items()))),
    ]  # fmt: skip
    expected: list[dict[str, str] | None] = []
    for text in texts:
        try:
            expected.append(prompting.read_interpretation(text))
        except InvalidModelOutput:
            expected.append(None)
    answers = run(*(("phone/tests/judge.ts", "parsed", [text]) for text in texts))
    assert answers == expected
    assert sum(answer is not None for answer in answers) == 3


def test_phase_three_maps_alike() -> None:
    planes = [*OWN_PLANES, "unknown"]
    answers_ = run(*(("phone/src/reading/mapping.ts", "mapPlane", [plane]) for plane in planes))
    for plane, phone in zip(planes, answers_, strict=True):
        assert phone == json.loads(json.dumps(asdict(map_plane(plane)))), plane


def test_numbers_are_rounded_alike() -> None:
    chance = random.Random(1)
    values = [0.125, 0.375, 2.675, 1.005, 0.5, 1.5, 2.5, 0.00005, 1234.5675, 0.0, 99.995, 7.03125]
    values += [chance.uniform(0, 2000) for _ in range(500)]
    values += [chance.randrange(1, 100_000) / 2 ** chance.randrange(1, 8) for _ in range(500)]
    values += [chance.randrange(1, 10**6) / 10 ** chance.randrange(1, 6) for _ in range(500)]
    asked = [(v, d) for v in values for d in (1, 2, 4)]
    rounded = run(*(("shared/measurement/round.ts", "round", [v, d]) for v, d in asked))
    assert rounded == [round(v, d) for v, d in asked]
    assert all(math.isfinite(v) for v in rounded)
