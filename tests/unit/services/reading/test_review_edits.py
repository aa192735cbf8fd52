"""What a person draws is measured by the code that measures what a model finds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import readings

from services.domain.biometry import ellipse_perimeter
from services.domain.calibration import Calibration, PixelSize, Region
from services.domain.errors import InvalidInput, TooLarge
from services.domain.report import (
    Abstention,
    Angle,
    FrameReading,
    Measurement,
    Scored,
    Structure,
)
from services.reading.images.drawn_mask import trace
from services.reading.measures import METHOD_DIAMETER
from services.reading.review_edits import (
    METHOD_CALIPER,
    METHOD_DRAWN,
    METHOD_DRAWN_SHAFT,
    METHOD_DRAWN_TANGENT,
    NOT_DATED,
    Caliper,
    DrawnStructure,
    FrameEdit,
    apply_edit,
)

MM = Calibration(spacing=PixelSize(0.2, 0.25, "pixel_spacing"))
HEAD = readings.head("1.2", 500, 400)
OUTLINE = readings.ellipse(250, 200, 120, 90, 400)


def hc(reading):
    return next(m for m in reading.measurements if m.name == "HC")


def test_nothing_changed_is_nothing_changed() -> None:
    assert apply_edit(HEAD, FrameEdit(), MM).reading == HEAD
    same = tuple(DrawnStructure(s.label, s.box, s.polygon) for s in HEAD.structures)
    revised = apply_edit(HEAD, FrameEdit(structures=same), MM)
    assert revised.reading == HEAD
    assert revised.masks == {}


def test_an_outline_on_pixels_that_are_not_square() -> None:
    reading = apply_edit(
        HEAD, FrameEdit(structures=(DrawnStructure("fetal_head", polygon=OUTLINE),)), MM
    ).reading
    measurement = hc(reading)
    assert measurement.mm == pytest.approx(ellipse_perimeter(120 * 0.2, 90 * 0.25), rel=2e-3)
    assert (measurement.mm_low, measurement.method) == (None, METHOD_DRAWN)
    assert reading.structures[0].confidence == 1.0
    assert len(reading.structures[0].polygon) <= 64


def test_a_mask_and_its_polygon_measure_alike() -> None:
    ys, xs = np.mgrid[0:400, 0:500] + 0.5
    mask = ((xs - 250) / 120) ** 2 + ((ys - 200) / 90) ** 2 <= 1
    drawn = apply_edit(
        HEAD, FrameEdit(structures=(DrawnStructure("fetal_head", mask=trace(mask)),)), MM
    )
    assert hc(drawn.reading).mm == pytest.approx(ellipse_perimeter(120 * 0.2, 90 * 0.25), rel=5e-3)
    assert (drawn.masks["fetal_head"] == mask).all()
    assert drawn.reading.structures[0].area_px == mask.sum()


def test_calipers_go_before_the_outline() -> None:
    bpd = Caliper("BPD", ((250, 110), (250, 290)))
    reading = apply_edit(HEAD, FrameEdit(calipers=(bpd,)), MM).reading
    measurements = {m.name: m for m in reading.measurements}
    assert measurements["BPD"].mm == pytest.approx(180 * 0.25)
    assert measurements["BPD"].method == METHOD_CALIPER
    assert measurements["HC"] == hc(HEAD), "what was not touched keeps its interval"
    again = apply_edit(reading, FrameEdit(), MM).reading
    assert again == reading, "calipers stay in later versions"
    assert apply_edit(reading, FrameEdit(calipers=()), MM).reading.measurements[0] == hc(HEAD)


def test_an_ellipse_by_four_points() -> None:
    ends = ((130.0, 200.0), (370.0, 200.0), (250.0, 110.0), (250.0, 290.0))
    reading = apply_edit(HEAD, FrameEdit(calipers=(Caliper("HC", ends),)), MM).reading
    assert hc(reading).mm == pytest.approx(ellipse_perimeter(24, 22.5), abs=0.06)
    assert reading.datings


def test_no_millimetre_without_calibration() -> None:
    edit = FrameEdit(
        structures=(DrawnStructure("fetal_head", polygon=OUTLINE),),
        calipers=(Caliper("FL", ((10, 10), (10, 60))),),
    )
    for scale in (
        Calibration(),
        Calibration(regions=(Region(0, 0, 5, 5, 0.1, 0.1), Region(6, 6, 499, 399, 0.2, 0.2))),
    ):
        reading = apply_edit(HEAD, edit, scale).reading
        values = {m.name: m.mm for m in reading.measurements}
        if not scale.regions:
            assert set(values.values()) == {None}
            assert reading.datings == ()
            assert (Abstention.NOT_CALIBRATED, "HC") in reading.abstentions
        else:
            assert values["FL"] is not None
    crossing = Calibration(
        regions=(Region(0, 0, 249, 399, 0.1, 0.1), Region(250, 0, 499, 399, 0.2, 0.2))
    )
    assert hc(apply_edit(HEAD, edit, crossing).reading).mm is None, "it crosses regions"


def test_another_plane_has_no_head_circumference() -> None:
    reading = apply_edit(HEAD, FrameEdit(plane="abdomen"), MM).reading
    assert reading.plane == Scored("abdomen", 1.0)
    assert reading.measurements == ()
    assert reading.datings == ()


def test_a_plane_answers_the_models_abstention() -> None:
    unsure = replace(
        HEAD, plane=None, in_scope=False, structures=(), measurements=(), datings=(),
        abstentions=((Abstention.OUT_OF_SCOPE, "image"),),
    )  # fmt: skip
    edit = FrameEdit(plane="head", structures=(DrawnStructure("fetal_head", polygon=OUTLINE),))
    reading = apply_edit(unsure, edit, MM).reading
    assert reading.in_scope
    assert reading.abstentions == ()
    assert hc(reading).mm is not None


def test_the_age_by_period_gives_the_centile() -> None:
    edit = FrameEdit(structures=(DrawnStructure("fetal_head", polygon=OUTLINE),))
    assert apply_edit(HEAD, edit, MM).reading.centiles == ()
    (centile,) = apply_edit(HEAD, edit, MM, 150.0).reading.centiles
    assert centile.at_days == 150.0


@pytest.mark.parametrize(
    "edit",
    [
        FrameEdit(structures=(DrawnStructure("a"),)),
        FrameEdit(structures=(DrawnStructure("a", box=(5, 5, 5, 9)),)),
        FrameEdit(structures=(DrawnStructure("a", box=(5, 5, 501, 9)),)),
        FrameEdit(structures=(DrawnStructure("a", polygon=((1, 1), (2, 2), (3, 3))),)),
        FrameEdit(structures=(DrawnStructure("a", mask=trace(np.ones((10, 10), bool))),)),
        FrameEdit(
            structures=(
                DrawnStructure("a", box=(1, 1, 2, 2)),
                DrawnStructure("a", box=(1, 1, 2, 2)),
            )
        ),
        FrameEdit(calipers=(Caliper("BPD", ((1, 1), (1, 1))),)),
        FrameEdit(calipers=(Caliper("HC", ((1, 1), (2, 2), (3, 3))),)),
        FrameEdit(calipers=(Caliper("BPD", ((-1, 1), (2, 2))),)),
    ],
)
def test_what_makes_no_sense(edit: FrameEdit) -> None:
    with pytest.raises(InvalidInput):
        apply_edit(HEAD, edit, MM)


def test_what_would_not_fit_into_memory_is_refused() -> None:
    polygon = ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0))
    large = replace(HEAD, width=8192, height=8192, structures=())
    one = FrameEdit(structures=(DrawnStructure("a", polygon=polygon),))
    with pytest.raises(TooLarge):
        apply_edit(large, one, MM)
    photo = replace(HEAD, width=4000, height=3000, structures=())
    many = tuple(DrawnStructure(f"s{n}", polygon=polygon) for n in range(21))
    with pytest.raises(TooLarge):
        apply_edit(photo, FrameEdit(structures=many), MM)
    assert len(apply_edit(photo, FrameEdit(structures=many[:4]), MM).masks) == 4


def test_what_was_drawn_before_counts_when_more_is_drawn() -> None:
    """A reader learns it then, not by the signature."""
    polygon = ((1.0, 1.0), (9.0, 1.0), (9.0, 9.0))
    box = (1.0, 1.0, 9.0, 9.0)
    before = tuple(Structure(f"s{n}", 1.0, box, polygon) for n in range(4))
    large = replace(HEAD, width=8000, height=6250, structures=before)
    kept = tuple(DrawnStructure(one.label, polygon=polygon) for one in before)
    boxes = tuple(DrawnStructure(f"b{n}", box=box) for n in range(9))
    fifth, sixth = (DrawnStructure(label, polygon=polygon) for label in ("fifth", "sixth"))
    edited = apply_edit(large, FrameEdit(structures=(*kept, fifth, *boxes)), MM)
    assert set(edited.masks) == {"fifth"}
    with pytest.raises(TooLarge):
        apply_edit(edited.reading, FrameEdit(structures=(*kept, fifth, sixth)), MM)


def worded(**more: str):
    """The head, with the words that its reading had."""
    ages = ". ".join(f"{d.text} by {d.equation}" for d in HEAD.datings)
    words = {"gestational_age": f"{ages}.", "clinical_recommendations": "Review it."}
    return replace(HEAD, interpretation=words | more)


def test_the_age_in_the_words_follows_the_corrected_outline() -> None:
    smaller = (DrawnStructure("fetal_head", polygon=OUTLINE),)
    before = worded()
    # The page sends all fields back, those that nobody touched too.
    edit = FrameEdit(interpretation=before.interpretation, structures=smaller)
    after = apply_edit(before, edit, MM).reading
    assert after.datings
    assert after.datings != before.datings
    for dating in after.datings:
        assert f"{dating.text} by {dating.equation}" in after.interpretation["gestational_age"]
    assert after.interpretation["clinical_recommendations"] == "Review it."


def test_without_a_head_the_words_state_no_age() -> None:
    after = apply_edit(worded(), FrameEdit(structures=()), MM).reading
    assert not after.datings
    assert after.interpretation["gestational_age"] == NOT_DATED


def test_the_age_that_a_person_wrote_stands() -> None:
    mine = {**worded().interpretation, "gestational_age": "25 weeks by the first scan."}
    smaller = (DrawnStructure("fetal_head", polygon=OUTLINE),)
    after = apply_edit(worded(), FrameEdit(interpretation=mine, structures=smaller), MM).reading
    assert after.interpretation == mine


def shown(plane: str, *structures: tuple[str, readings.Polygon]) -> FrameReading:
    made = tuple(Structure(label, 0.9, (0, 0, 1, 1), polygon) for label, polygon in structures)
    return replace(
        HEAD, plane=Scored(plane, 0.9), structures=made, measurements=(), datings=(), centiles=()
    )


def test_the_models_abdomen_stays_until_it_is_drawn_anew() -> None:
    ac = Measurement("AC", 600.0, 130.0, 120.0, 140.0, "pixel_spacing", "ellipse")
    level = ((110.0, 200.0), (390.0, 200.0))
    tad = Measurement("TAD", 200.0, 41.0, method=METHOD_DIAMETER, points=level)
    frame = replace(shown("abdomen", ("abdomen", OUTLINE)), measurements=(ac, tad))
    assert apply_edit(frame, FrameEdit(), MM).reading.measurements == (ac, tad)
    larger = readings.ellipse(250, 200, 140, 100, 400)
    edit = FrameEdit(structures=(DrawnStructure("abdomen", polygon=larger),))
    drawn, across = apply_edit(frame, edit, MM).reading.measurements
    assert drawn.mm == pytest.approx(ellipse_perimeter(140 * 0.2, 100 * 0.25), rel=2e-3)
    assert (drawn.name, drawn.method) == ("AC", METHOD_DRAWN)
    assert across.mm == pytest.approx(280 * 0.2, rel=2e-3)  # along the same line, as wide as drawn
    assert (across.name, across.method) == ("TAD", METHOD_DRAWN)


def test_an_angle_is_measured_anew_where_an_outline_was_moved() -> None:
    symphysis = readings.ellipse(60, 100, 40, 10, 200)
    angle = Angle("AoP", 120.0, 114.0, 126.0, "model")
    frame = shown("intrapartum", ("pubic_symphysis", symphysis), ("fetal_head", OUTLINE))
    frame = replace(frame, angles=(angle,), subplane=None)
    assert apply_edit(frame, FrameEdit(), MM).reading.angles == (angle,)
    circle = readings.ellipse(100, 200, 60, 60, 400)
    edit = FrameEdit(
        structures=(
            DrawnStructure("pubic_symphysis", polygon=symphysis),
            DrawnStructure("fetal_head", polygon=circle),
        )
    )
    (moved,) = apply_edit(frame, edit, Calibration()).reading.angles
    assert moved.degrees == pytest.approx(90 + np.degrees(np.arcsin(0.6)), abs=0.5)
    assert (moved.low, moved.method) == (None, METHOD_DRAWN_TANGENT)
    gone = FrameEdit(structures=(DrawnStructure("fetal_head", polygon=circle),))
    assert apply_edit(frame, gone, MM).reading.angles == ()


def test_how_a_femur_lies_is_measured_anew_where_its_outline_was_moved() -> None:
    angle = Angle("FemurAngle", 10.0, 7.0, 13.0, "model")
    level = readings.ellipse(250, 200, 100, 8, 200)
    frame = replace(shown("femur", ("femur", level)), angles=(angle,), subplane=None)
    assert apply_edit(frame, FrameEdit(), MM).reading.angles == (angle,)
    upright = readings.ellipse(250, 200, 8, 100, 200)
    edit = FrameEdit(structures=(DrawnStructure("femur", polygon=upright),))
    (moved,) = apply_edit(frame, edit, Calibration()).reading.angles
    assert (moved.name, moved.degrees, moved.low) == ("FemurAngle", 90.0, None)
    assert moved.method == METHOD_DRAWN_SHAFT
    assert apply_edit(frame, FrameEdit(plane="head"), MM).reading.angles == ()


def test_another_plane_takes_the_level_of_the_head_with_it() -> None:
    frame = replace(HEAD, subplane=Scored("trans-thalamic", 0.9))
    assert apply_edit(frame, FrameEdit(), MM).reading.subplane == frame.subplane
    assert apply_edit(frame, FrameEdit(plane="abdomen"), MM).reading.subplane is None
