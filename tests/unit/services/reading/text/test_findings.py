"""Findings become one line and eight fields, by the judge's own thresholds, and nothing goes beyond them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import releases
from numpy.typing import NDArray

from services.reading.confidence import Thresholds
from services.reading.releases.manifest import Manifest
from services.reading.releases.registry import trust_of
from services.reading.releases.release import load
from services.reading.text.finding_words import FindingWords, borne_out
from services.reading.text.findings import Findings, findings_of

TABLES: dict[str, Any] = {
    "names": {"fetal_head": "fetal head", "NT": "nuchal translucency"},
    "levels": [[7, "good"], [4, "reduced"], [0, "poor"]],
    "unclear": 7,
    "planes": {
        "head": {
            "plane": "Axial plane.", "measurable": "HC.", "looked_at": "skull outline",
            "advice": "Measure HC.", "main": "fetal_head", "expected": ["fetal_head"],
            "listed": {"fetal_head": "fetal head, skull outline"},
            "axis": ["long_axis_a", "long_axis_b"],
        },
        "thorax": {
            "plane": "Thorax plane.", "measurable": "None.", "looked_at": "thorax",
            "advice": "No measurement.", "shown": "Fetal thorax.",
        },
        "nt_view": {
            "plane": "NT view.", "measurable": "NT.", "looked_at": "NT view",
            "advice": "Measure NT.", "main": "NT", "expected": ["NT"], "front": ["fetal_head"],
            "back": ["NT"],
        },
    },
}  # fmt: skip
WORDS = FindingWords.from_json(TABLES)
Dense = dict[str, NDArray[np.float32]]


@pytest.fixture(scope="module")
def manifest(tmp_path_factory: pytest.TempPathFactory) -> Manifest:
    folder = releases.build(tmp_path_factory.mktemp("findings"))
    rules = Thresholds(filling={"fetal_head": 0.9}, structure={"fetal_head": 0.5, "NT": 0.5})
    return replace(load(folder, trust_of(folder.parent)).manifest, thresholds=rules)


def tensors(
    plane: str = "head",
    head: tuple[float, ...] = (0.5, 0.5, 0.6, 0.5, 4.0),
    quality: float = 4.0,
    ends: tuple[float, ...] = (0.2, 0.5, 0.8, 0.5),
    mask: NDArray[np.float32] | None = None,
) -> Dense:
    logits = np.full((1, len(releases.PLANES)), -3.0, np.float32)
    logits[0, releases.PLANES.index(plane)] = 3.0
    half = releases.SIDE // 2
    y, x = np.mgrid[0:half, 0:half] / half - 0.5
    ellipse = 8 * (1 - np.hypot(x / 0.35, y / 0.27))
    points = np.array([[*ends[:2], 4.0], [*ends[2:], 4.0], [0, 0, -4.0], [0, 0, -4.0]])
    return {
        "PLANE": logits,
        "QUALITY": np.array([[quality]], np.float32),
        "BOXES": np.array([[head, (0.3, 0.3, 0.1, 0.1, 1.0)]], np.float32),
        "MASKS": np.asarray(ellipse if mask is None else mask, np.float32)[None, None],
        "KEYPOINTS": points[None].astype(np.float32),
    }


def test_a_clear_head_is_one_line_and_gives_its_words(manifest: Manifest) -> None:
    findings = findings_of(tensors(), manifest, WORDS)
    assert findings.line() == "plane head 9;image good 9;found fetal_head;sure 9;axis horizontal 0"
    assert WORDS.words(findings) == {
        "anatomical_structures": "Fetal head, skull outline.",
        "fetal_orientation": "Long axis of the head horizontal in the image.",
        "imaging_plane": "Axial plane.",
        "biometric_measurements": "HC.",
        "gestational_age": "Not stated: needs a calibrated measurement.",
        "image_quality": "Good.",
        "normality_assessment": "Not assessed. Looked at: skull outline.",
        "clinical_recommendations": "Measure HC. Review by a trained person.",
    }


def test_what_hinders_is_said(manifest: Manifest) -> None:
    cut = findings_of(tensors(head=(0.5, 0.2, 0.6, 0.5, 4.0), quality=0.2), manifest, WORDS)
    assert cut.cut == ("fetal_head",)
    assert WORDS.words(cut)["image_quality"] == "Reduced. Cut off: fetal head."
    assert WORDS.words(cut)["clinical_recommendations"].startswith("Repeat with the whole fetal")
    unclear = findings_of(tensors(head=(0.5, 0.5, 0.6, 0.5, 0.2), quality=-2.0), manifest, WORDS)
    assert WORDS.words(unclear)["image_quality"] == "Poor. Unclear: fetal head."
    missing = findings_of(tensors(head=(0.5, 0.5, 0.6, 0.5, -3.0)), manifest, WORDS)
    said = WORDS.words(missing)
    assert missing.line() == "plane head 9;image good 9;missing fetal_head;axis horizontal 0"
    assert said["anatomical_structures"] == "No structure found."
    assert said["image_quality"] == "Good. Not found: fetal head."
    assert said["biometric_measurements"] == "None."


def test_an_outline_that_has_leaked_is_not_found_as_the_judge_shows_it(manifest: Manifest) -> None:
    half = releases.SIDE // 2
    cross = np.full((half, half), -6.0, np.float32)
    cross[4:-4, half // 2 - 2 : half // 2 + 2] = cross[half // 2 - 2 : half // 2 + 2, 4:-4] = 6.0
    assert findings_of(tensors(mask=cross), manifest, WORDS).missing == ("fetal_head",)


@pytest.mark.parametrize(
    ("ends", "word"),
    [((0.2, 0.5, 0.8, 0.6), "horizontal"), ((0.2, 0.2, 0.7, 0.7), "oblique"),
     ((0.5, 0.1, 0.4, 0.9), "vertical")],
)  # fmt: skip
def test_the_long_axis_is_told_by_its_ends(
    manifest: Manifest, ends: tuple[float, ...], word: str
) -> None:
    said = WORDS.words(findings_of(tensors(ends=ends), manifest, WORDS))
    assert said["fetal_orientation"] == f"Long axis of the head {word} in the image."


def test_a_plane_of_no_structures_says_what_it_shows(manifest: Manifest) -> None:
    findings = findings_of(tensors("thorax"), manifest, WORDS)
    assert findings.line() == "plane thorax 9;image good 9"
    assert WORDS.words(findings)["anatomical_structures"] == "Fetal thorax."


@pytest.mark.parametrize("line", [
    "plane head 9;image good 8;found fetal_head,CSP;sure 9 4;unclear CSP;axis oblique 30",
    "plane nt_view 7;image poor 3;found NT;sure 2;unclear NT;missing palate,CM;face left",
    "plane thorax 5;image poor 0",
    "plane head 9;image good 8;cut fetal_head;axis vertical 90",
])  # fmt: skip
def test_a_line_is_read_back_as_it_was_written(line: str) -> None:
    assert Findings.read(line).line() == line


@pytest.mark.parametrize(
    "line",
    [
        "",
        "plane head",
        "image good 8;found NT;sure 9",
        "plane head 9;image good 8;name Asha",
        "plane x 9;image good y",
        "plane head 9;image good 8;found NT;sure 9 9",
    ],
)
def test_another_line_is_refused(line: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        Findings.read(line)


def test_what_a_release_does_not_look_for_is_not_missing(manifest: Manifest) -> None:
    """A release that was never taught the abdomen says nothing of it, and advises no measurement of it."""
    abdomen = {
        "plane": "Abdomen plane.", "measurable": "AC.", "looked_at": "abdomen",
        "advice": "Measure AC.", "main": "abdomen", "expected": ["abdomen"],
    }  # fmt: skip
    words = FindingWords.from_json({**TABLES, "planes": {**TABLES["planes"], "head": abdomen}})
    assert "abdomen" not in manifest.boxes
    untaught = replace(manifest, structures_by_plane={})
    findings = findings_of(tensors(), untaught, words)
    assert findings.line() == "plane head 9;image good 9"
    said = words.words(findings)
    assert said["image_quality"] == "Good."
    assert said["anatomical_structures"] == ""
    assert said["biometric_measurements"] == "None."
    assert said["clinical_recommendations"] == (
        "No measurement in this plane. Review by a trained person."
    )


def test_what_the_findings_do_not_bear_out_is_left_out(manifest: Manifest) -> None:
    findings = findings_of(tensors(head=(0.5, 0.5, 0.6, 0.5, -3.0)), manifest, WORDS)
    fields = {**WORDS.words(findings), "anatomical_structures": "Fetal head, skull outline."}
    kept = borne_out(fields, findings, WORDS)
    assert "anatomical_structures" not in kept
    assert kept == {k: v for k, v in WORDS.words(findings).items() if k in kept}
    assert len(kept) == 7
