"""What the gates of a release let through, and what they stop."""

from dataclasses import asdict, replace

import pytest

from models.gates.bars import bars, measured, quantisation_bar
from models.gates.finding import BARS, PHONE, FindingState, at_least, at_most
from models.gates.parity import ImageParity, box_overlap
from models.gates.quantisation import losses
from services.domain.report import (
    Abstention,
    Angle,
    FrameReading,
    Keypoint,
    Measurement,
    Scored,
    Structure,
)

SQUARE = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0), (10.0, 60.0))
HUB = FrameReading(
    series_uid="", sop_uid="", frame=1, width=100, height=80, in_scope=True,
    scope_confidence=0.97, quality=0.9, planes=(Scored("head", 0.99), Scored("femur", 0.01)),
    plane=Scored("head", 0.99), interpretation={"imaging_plane": "Axial."}, classification="head",
    structures=(Structure("fetal_head", 0.95, (10.0, 10.0, 60.0, 60.0), SQUARE, "ab", 2500),),
    keypoints=(Keypoint("long_axis_a", 10.0, 30.0, 0.9),),
    measurements=(Measurement("HC", 200.0),), abstentions=((Abstention.NOT_CALIBRATED, "HC"),),
)  # fmt: skip


def as_json(reading):
    document = asdict(reading)
    document["abstentions"] = [[str(code), about] for code, about in reading.abstentions]
    document["flags"] = list(reading.flags)
    for key in ("structures", "keypoints", "measurements", "planes", "angles"):
        document[key] = list(document[key])
    return document


def states(parity):
    return {f.what.split(" (")[0].split(",")[0]: f.state for f in parity.findings()}


def compared(phone):
    parity = ImageParity()
    parity.add("head.png", as_json(phone), HUB)
    return states(parity)


def test_the_same_reading_passes():
    assert set(compared(HUB).values()) == {FindingState.PASSED}


def test_nothing_read_is_not_passed():
    assert FindingState.PASSED not in {f.state for f in ImageParity().findings()}


@pytest.mark.parametrize(
    "changes",
    [
        {"plane": Scored("femur", 0.99)},
        {"abstentions": ()},
        {"flags": ("burned_in_text",)},
        {"structures": ()},
        {"measurements": (Measurement("HC", 200.0, calibration="scale_bar"),)},
        {"classification": "femur"},
        {"subplane": Scored("trans-thalamic", 0.9)},
        {"angles": (Angle("AoP", 120.0),)},
    ],
)
def test_another_label_or_reason_is_a_difference(changes):
    assert compared(replace(HUB, **changes))["labels differ"] is FindingState.FAILED


def test_another_word_is_a_difference():
    assert (
        compared(replace(HUB, interpretation={"imaging_plane": "axial."}))["texts differ"]
        is FindingState.FAILED
    )


def structure(**changes):
    return replace(HUB, structures=(replace(HUB.structures[0], **changes),))


def test_what_is_near_passes_and_what_is_not_fails():
    assert compared(structure(box=(10.1, 10.0, 60.0, 60.0)))["boxes"] is FindingState.PASSED
    assert compared(structure(box=(11.0, 10.0, 60.0, 60.0)))["boxes"] is FindingState.FAILED
    moved = tuple((x + 3, y) for x, y in SQUARE)
    assert compared(structure(polygon=moved))["masks"] is FindingState.FAILED
    assert compared(structure(polygon=()))["masks"] is FindingState.FAILED
    assert compared(structure(confidence=0.945))["confidences"] is FindingState.PASSED
    assert compared(structure(confidence=0.93))["confidences"] is FindingState.FAILED
    far = (Keypoint("long_axis_a", 14.0, 30.0, 0.9),)
    assert compared(replace(HUB, keypoints=far))["keypoints"] is FindingState.FAILED
    assert (
        compared(replace(HUB, measurements=(Measurement("HC", 204.0),)))["measurements"]
        is FindingState.FAILED
    )
    assert compared(replace(HUB, quality=0.85))["confidences"] is FindingState.FAILED


def test_millimetres_and_angles_and_levels_are_held_side_by_side():
    hub = replace(
        HUB, measurements=(Measurement("HC", 200.0, 100.0),), angles=(Angle("AoP", 120.0),),
        subplane=Scored("trans-thalamic", 0.9),
    )  # fmt: skip

    def against(**changes):
        parity = ImageParity()
        parity.add("head.png", as_json(replace(hub, **changes)), hub)
        return states(parity)

    assert set(against().values()) == {FindingState.PASSED}
    for mm in (104.0, None):
        finding_states = against(measurements=(Measurement("HC", 200.0, mm),))
        assert finding_states["measurements"] is FindingState.FAILED
    assert against(angles=(Angle("AoP", 120.6),))["angles"] is FindingState.PASSED
    assert against(angles=(Angle("AoP", 123.0),))["angles"] is FindingState.FAILED
    assert against(subplane=Scored("trans-thalamic", 0.8))["confidences"] is FindingState.FAILED


def test_boxes_of_no_size_overlap_themselves_alone():
    assert box_overlap([1, 1, 1, 1], [1, 1, 1, 1]) == 1
    assert box_overlap([0, 0, 1, 1], [2, 2, 3, 3]) == 0


def pair(**stored):
    full = {"dice": {"fetal_head": 0.97}, "hc_mape": 1.4, "ap50_mean": 0.9, "plane_accuracy": 1.0}
    return {"vision": {"full": full, "stored": {**full, **stored}}}


def test_half_a_point_may_be_lost_and_no_more():
    assert {f.state for f in losses(pair())} == {FindingState.PASSED}
    assert {f.state for f in losses(pair(ap50_mean=0.8951))} == {FindingState.PASSED}
    (bad,) = (f for f in losses(pair(ap50_mean=0.894)) if f.state is FindingState.FAILED)
    assert bad.what.startswith("AP50")
    assert bad.value == pytest.approx(0.6)
    assert any(f.state is FindingState.FAILED for f in losses(pair(hc_mape=2.0)))
    assert all(f.state is FindingState.PASSED for f in losses(pair(hc_mape=1.0)))


def test_a_figure_that_one_side_lacks_is_not_passed():
    lost = losses(pair(ap50_mean=None))
    assert any(f.state is FindingState.NOT_MEASURED and f.blocks(False) for f in lost)
    assert quantisation_bar(lost).state is FindingState.NOT_MEASURED
    assert quantisation_bar(losses(pair(ap50_mean=0.89))).state is FindingState.MISSED
    assert quantisation_bar(losses(pair(ap50_mean=0.899))).state is FindingState.MET


def test_bars_stop_a_release_by_wish_alone():
    good = {"plane_accuracy": 0.99, "plane_accuracy_blind": 0.97, "ece": 0.01, "n": 9}
    findings = bars(measured({"val": good, "quantisation": {}}))
    by_name = {f.what: f.state for f in findings}
    assert by_name["Plane accuracy (val)"] is FindingState.MET
    assert by_name["JSON compliance (val)"] is FindingState.NOT_MEASURED
    missed = next(f for f in bars({"val": {**good, "ece": 0.2}}) if f.state is FindingState.MISSED)
    assert missed.gate == BARS
    assert missed.blocks(strict=True)
    assert not missed.blocks(strict=False)


def test_limits_hold_at_the_bound_and_refuse_what_is_no_number():
    assert at_most(PHONE, "x", 0.5, 0.5).state is FindingState.PASSED
    assert at_least(PHONE, "x", 0.98, 0.99).state is FindingState.FAILED
    assert at_most(PHONE, "x", float("nan"), 1).state is FindingState.NOT_MEASURED
