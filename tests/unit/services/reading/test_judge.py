"""The words never contradict the figures beside them."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import readings
import releases

from services.domain.biometry import hadlock_hc
from services.domain.calibration import Calibration
from services.domain.errors import InvalidModelOutput
from services.domain.report import Abstention, FrameReading, Measurement, Scored
from services.domain.study import FrameRef
from services.reading import report_json
from services.reading.contract import RawReading
from services.reading.images import geometry
from services.reading.images.picture import Square
from services.reading.judge import judge, with_measured
from services.reading.releases import manifest

SAID = {
    "gestational_age": "Not stated: needs a calibrated measurement.",
    "clinical_recommendations": "Measure HC on a calibrated image. Review by a trained person.",
}


def measured(name: str, mm: float | None) -> Measurement:
    return Measurement(name, 900.0, mm, calibration="ultrasound_region" if mm else "not_calibrated")


def test_a_measured_age_replaces_the_missing_one() -> None:
    dating = hadlock_hc(300.0)
    assert dating is not None
    words = with_measured(SAID, (measured("HC", 300.0),), (dating,))
    assert words["gestational_age"] == "33w 2d by Hadlock 1984 (HC)."
    assert words["clinical_recommendations"] == "Review by a trained person."


def test_millimetres_that_date_nothing_ask_for_no_calibration() -> None:
    said = {**SAID, "clinical_recommendations": "Measure AC on a calibrated image. Review it."}
    words = with_measured(said, (measured("AC", 219.2),), ())
    assert not any("calibrated" in text for text in words.values())
    assert words["gestational_age"] == "Not stated."
    assert words["clinical_recommendations"] == "Review it."


def test_without_a_measurement_the_words_stay() -> None:
    assert with_measured(SAID, (), ()) == SAID
    assert with_measured(SAID, (measured("HC", None),), ()) == SAID


def head_of(level: tuple[float, ...] | None, release_manifest: manifest.Manifest) -> FrameReading:
    raw = RawReading(
        np.array([9.0, -2, -2, -2, -2], np.float32), 6.0, 6.0,
        np.full((1, 32, 32), -6, np.float32), np.zeros((2, 5), np.float32),
        np.zeros((4, 3), np.float32), "", "", "", {},
        subplane=None if level is None else np.array(level, np.float32),
    )  # fmt: skip
    image = Square(np.zeros((64, 64), np.uint8), 64, 64)
    return judge(raw, image, FrameRef("1.2", "1.2.3", 1), release_manifest, Calibration()).reading


def test_the_level_of_a_head_is_a_finding_with_its_confidence(tmp_path: Path) -> None:
    path = releases.build(tmp_path) / "manifest.json"
    document = json.loads(path.read_text())
    older = manifest.parse(document, "0" * 64)
    document["labels"]["subplanes"] = list(releases.SUBPLANES)
    document["calibration"] = {"subplane": 0.6}
    newer = manifest.parse(document, "0" * 64)
    reading = head_of((0.0, 0.0, 3.0), newer)
    assert reading.subplane == Scored("trans-cerebellar", 0.9094)
    unsure = head_of((0.0, 0.1, 0.2), newer)
    assert unsure.subplane is None
    assert (Abstention.UNKNOWN_SUBPLANE, "subplane") in unsure.abstentions
    for release_manifest, level in ((older, (0.0, 0.0, 3.0)), (newer, None)):
        plain = head_of(level, release_manifest)
        assert plain.subplane is None
        assert all(why is not Abstention.UNKNOWN_SUBPLANE for why, _ in plain.abstentions)
    with pytest.raises(InvalidModelOutput):
        head_of((1.0, 2.0), newer)


def oval(cx: float, cy: float, a: float, b: float) -> np.ndarray:
    """Logits of an ellipse, in cells of a mask of 64 x 64."""
    y, x = np.mgrid[0:64, 0:64] + 0.5
    return (6 * (1 - ((x - cx) / a) ** 2 - ((y - cy) / b) ** 2)).astype(np.float32)


def labour(rules: dict[str, object], folder: Path, leak: bool = False) -> FrameReading:
    """An intrapartum view with a symphysis and a head, that a tail leaks out of."""
    made = folder / str(len(list(folder.iterdir())))
    document = json.loads((releases.build(made) / "manifest.json").read_text())
    names = ["fetal_head", "pubic_symphysis"]
    document["labels"] |= {
        "planes": ["head", "intrapartum"], "masks": names, "boxes": names,
        "structures_by_plane": {"intrapartum": names}, "keypoints": [],
    }  # fmt: skip
    document["calibration"] = {"structure": dict.fromkeys(names, 0.3), **rules}
    head = oval(40, 40, 18, 14)
    if leak:
        head[38:42, 2:30] = 3.0
    raw = RawReading(
        np.array([-4.0, 9], np.float32), 6.0, 6.0, np.stack([head, oval(16, 10, 10, 4)]),
        np.array([[0.6, 0.6, 0.6, 0.5, 4.0], [0.25, 0.2, 0.3, 0.1, 4.0]], np.float32),
        np.zeros((0, 3), np.float32), "", "", "", {},
    )  # fmt: skip
    image = Square(np.zeros((128, 128), np.uint8), 128, 128)
    release_manifest = manifest.parse(document, "0" * 64)
    return judge(raw, image, FrameRef("1.2", "1.2.3", 1), release_manifest, Calibration()).reading


def test_an_angle_is_reported_where_its_error_is_known(tmp_path: Path) -> None:
    assert labour({}, tmp_path).angles == ()
    (angle,) = labour({"intervals": {"AoP": [5.0, 0.0]}}, tmp_path).angles
    assert angle.low == pytest.approx(angle.degrees - 5)
    rounder = {"intervals": {"AoP": [5.0, 0.0]}, "elongation": {"pubic_symphysis": 3.0}}
    assert labour(rounder, tmp_path).angles == ()


def test_an_outline_that_has_leaked_is_not_sure_enough(tmp_path: Path) -> None:
    known = {"intervals": {"AoP": [5.0, 0.0]}, "filling": {"fetal_head": 0.97}}
    whole, leaked = labour(known, tmp_path), labour(known, tmp_path, leak=True)
    assert len(whole.structures) == 2
    assert [s.label for s in leaked.structures] == ["pubic_symphysis"]
    assert (Abstention.LOW_CONFIDENCE, "fetal_head") in leaked.abstentions
    assert whole.angles
    assert not leaked.angles


def test_a_head_is_shown_as_the_ellipse_that_it_is_measured_by(tmp_path: Path) -> None:
    document = json.loads((releases.build(tmp_path) / "manifest.json").read_text())
    dented = oval(32, 32, 24, 18)
    dented[30:34, 8:16] = -3.0
    raw = RawReading(
        np.array([9.0, -2, -2, -2, -2], np.float32), 6.0, 6.0, dented[None],
        np.array([[0.5, 0.5, 0.8, 0.6, 6.0], [0.5, 0.5, 0.1, 0.1, -6.0]], np.float32),
        np.zeros((4, 3), np.float32), "", "", "", {},
    )  # fmt: skip
    image = Square(np.zeros((128, 128), np.uint8), 128, 128)
    frames = []
    for ellipses in ({}, {"head": ["fetal_head"]}, {"intrapartum": ["fetal_head"]}):
        document["calibration"] = {"ellipses": ellipses}
        release_manifest = manifest.parse(document, "0" * 64)
        frames.append(
            judge(raw, image, FrameRef("1.2", "1.2.3", 1), release_manifest, Calibration()).reading
        )
    traced, as_ellipse, other = frames
    assert other == traced
    assert as_ellipse.measurements == traced.measurements
    assert len(as_ellipse.measurements) == 3
    shape = geometry.ellipse(np.array(as_ellipse.structures[0].polygon))
    assert shape is not None
    assert shape.perimeter == pytest.approx(traced.measurements[0].px, rel=1e-3)
    assert geometry.filling(np.array(as_ellipse.structures[0].polygon)) > 0.995
    assert geometry.filling(np.array(traced.structures[0].polygon)) < 0.99


def test_a_report_of_before_still_opens() -> None:
    report = readings.report("1.2", readings.head("1.2.3", 400, 300))
    said = json.loads(report_json.dump(report))
    for frame in said["frames"]:
        del frame["subplane"], frame["angles"]
    assert report_json.load(json.dumps(said)) == report
