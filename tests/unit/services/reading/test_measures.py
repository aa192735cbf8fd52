import math

import numpy as np
import pytest

from services.domain.calibration import Calibration, PixelSize
from services.reading.confidence import Thresholds
from services.reading.measures import known_angles, measure, measure_angles, progression

TURN = np.linspace(0, 2 * math.pi, 400, endpoint=False)
SCALE = Calibration(spacing=PixelSize(0.4, 0.2, "pixel_spacing"))


def ellipse(cx, cy, a, b, degrees=0.0):
    t = math.radians(degrees)
    x, y = a * np.cos(TURN), b * np.sin(TURN)
    return np.stack(
        [cx + x * math.cos(t) - y * math.sin(t), cy + x * math.sin(t) + y * math.cos(t)], 1
    )


def bar(a, b, width):
    along = np.subtract(b, a) / math.dist(a, b)
    across = np.array([-along[1], along[0]]) * width / 2
    return np.array([a + across, b + across, b - across, a - across])


def test_a_femur_is_as_long_as_its_bar_whatever_the_bars_width():
    for width in (4, 18):
        (fl,) = measure("femur", {"femur": bar((50, 80), (210, 80), width)}, SCALE, Thresholds())
        assert fl.name == "FL"
        assert fl.px == pytest.approx(160, abs=0.1)
        assert fl.mm == pytest.approx(64, abs=0.1)
        assert fl.points[0] == pytest.approx((50, 80), abs=0.1)


def test_an_abdomen_gets_its_circumference_and_interval():
    rules = Thresholds(intervals={"AC": (2.0, 0.01)})
    outlines = {"abdomen": ellipse(200, 200, 100, 100)}
    square = Calibration(spacing=PixelSize(0.5, 0.5, "pixel_spacing"))
    (ac,) = measure("abdomen", outlines, square, rules)
    assert ac.mm == pytest.approx(math.pi * 100, abs=0.2)
    assert ac.mm is not None
    assert ac.mm_high is not None
    assert ac.mm_high - ac.mm == pytest.approx(2 + 0.01 * ac.mm, abs=0.11)
    (pixels,) = measure("abdomen", outlines, Calibration(), rules)
    assert pixels.mm is None
    assert pixels.mm_low is None


@pytest.mark.parametrize("plane", ["intrapartum", "thorax", "nt_view", "abdomen"])
def test_a_head_is_measured_in_its_own_plane_alone(plane):
    outlines = {"fetal_head": ellipse(200, 200, 100, 80), "pubic_symphysis": ellipse(60, 60, 30, 9)}
    assert measure(plane, outlines, SCALE, Thresholds()) == ()
    assert [m.name for m in measure("head", outlines, SCALE, Thresholds())] == ["HC", "BPD", "OFD"]


def test_the_angle_of_progression_is_that_of_the_tangent():
    symphysis = ellipse(60, 100, 40, 10)  # level: its lower end is (100, 100)
    head = ellipse(100, 200, 60, 60)
    # From (100, 100) a circle of radius 60 at distance 100 is seen under asin(0.6) either side of down.
    expected = 90 + math.degrees(math.asin(0.6))
    degrees, _ends = progression(symphysis, head) or (0.0, ())
    assert degrees == pytest.approx(expected, abs=0.3)
    assert progression(symphysis, np.zeros((4, 2))) is None


def test_the_angle_of_progression_belongs_to_the_intrapartum_view():
    outlines = {
        "pubic_symphysis": ellipse(60, 100, 40, 10),
        "fetal_head": ellipse(100, 200, 60, 60),
    }
    rules = Thresholds(intervals={"AoP": (4.0, 0.0)})
    (angle,) = measure_angles("intrapartum", outlines, Calibration(), rules)
    assert angle.name == "AoP"
    assert angle.degrees == pytest.approx(90 + math.degrees(math.asin(0.6)), abs=0.3)
    assert (angle.low, angle.high) == pytest.approx((angle.degrees - 4, angle.degrees + 4))
    assert angle.points[1] == pytest.approx((100, 100), abs=0.1)
    # The tangent meets the head's border where the radius stands square on it.
    assert math.dist(angle.points[2], (100, 200)) == pytest.approx(60, abs=0.1)
    assert measure_angles("head", outlines, Calibration(), rules) == ()
    del outlines["pubic_symphysis"]
    assert measure_angles("intrapartum", outlines, Calibration(), rules) == ()


def test_an_angle_is_measured_in_square_pixels():
    stretch = np.array([1.0, 2.0])  # pixels half as high as wide
    outlines = {
        "pubic_symphysis": ellipse(60, 100, 40, 10) * stretch,
        "fetal_head": ellipse(100, 200, 60, 60) * stretch,
    }
    (angle,) = measure_angles("intrapartum", outlines, SCALE, Thresholds())
    assert angle.degrees == pytest.approx(90 + math.degrees(math.asin(0.6)), abs=0.3)
    assert angle.points[1] == pytest.approx((100, 200), abs=0.1)


@pytest.mark.parametrize("start", [(0.0, 40.0), (100.0, -40.0)])
def test_a_femur_lies_as_its_axis_whichever_way_it_points(start):
    outlines = {"femur": bar(start, (start[0] + 80, start[1] + 60), 9)}
    rules = Thresholds(intervals={"FemurAngle": (2.0, 0.1)})
    (angle,) = measure_angles("femur", outlines, Calibration(), rules)
    assert (angle.name, angle.degrees) == ("FemurAngle", 36.9)  # atan(60 / 80)
    assert (angle.low, angle.high) == pytest.approx((36.9 - 5.7, 36.9 + 5.7), abs=0.06)
    assert sorted(angle.points)[0] == pytest.approx(start, abs=0.1)
    turned = {"femur": outlines["femur"] * (-1, 1)}
    assert measure_angles("femur", turned, Calibration(), rules)[0].degrees == 36.9
    # Pixels twice as wide as high: 60 * 0.2 above 80 * 0.4.
    (square,) = measure_angles("femur", outlines, SCALE, Thresholds())
    assert square.degrees == pytest.approx(math.degrees(math.atan(12 / 32)), abs=0.3)
    assert known_angles("femur", outlines, SCALE, Thresholds()) == ()
    assert measure_angles("head", outlines, SCALE, rules) == ()


def test_a_femur_that_stands_upright_has_no_more_than_a_right_angle():
    outlines = {"femur": bar((50, 20), (50, 120), 8)}
    rules = Thresholds(intervals={"FemurAngle": (2.0, 0.1)}, elongation={"femur": 1.5})
    (angle,) = measure_angles("femur", outlines, Calibration(), rules)
    assert (angle.degrees, angle.high) == (90.0, 90.0)
    blob = {"femur": ellipse(60, 100, 24, 20)}
    assert measure_angles("femur", blob, Calibration(), rules) == ()


def test_a_symphysis_that_is_nearly_round_has_no_axis():
    outlines = {
        "pubic_symphysis": ellipse(60, 100, 24, 20),
        "fetal_head": ellipse(100, 200, 60, 60),
    }
    assert measure_angles("intrapartum", outlines, Calibration(), Thresholds())
    rules = Thresholds(elongation={"pubic_symphysis": 1.3})
    assert measure_angles("intrapartum", outlines, Calibration(), rules) == ()


def test_the_diameters_of_an_abdomen_are_those_of_its_ellipse_along_the_keypoints():
    outlines = {"abdomen": ellipse(200, 200, 100, 60, 30)}
    turned = math.radians(30)
    long = (math.cos(turned), math.sin(turned))
    ends = {
        "TAD": ((150.0 - long[0], 190.0 - long[1]), (150.0 + long[0], 190.0 + long[1])),
        "APAD": ((0.0, 0.0), (-long[1], long[0])),
    }
    even = Calibration(spacing=PixelSize(0.5, 0.5, "pixel_spacing"))
    ac, tad, apad = measure("abdomen", outlines, even, Thresholds(), ends)
    assert (ac.name, tad.name, apad.name) == ("AC", "TAD", "APAD")
    assert (tad.mm, apad.mm) == (100, 60)
    assert tad.points[0] == pytest.approx((200 - 100 * long[0], 200 - 100 * long[1]), abs=0.1)
    (_, wide) = measure("abdomen", outlines, SCALE, Thresholds(), {"TAD": ends["TAD"]})
    assert wide.mm == pytest.approx(math.hypot(200 * long[0] * 0.4, 200 * long[1] * 0.2), abs=0.1)
    head = {"fetal_head": outlines["abdomen"]}
    assert [m.name for m in measure("head", head, SCALE, Thresholds(), ends)] == [
        "HC",
        "BPD",
        "OFD",
    ]
