import math

import numpy as np
import pytest

from services.domain.calibration import Calibration, PixelSize
from services.reading.confidence import Thresholds
from services.reading.measures import angle_of_progression, measure

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
    assert angle_of_progression(symphysis, head) == pytest.approx(expected, abs=0.3)
    assert angle_of_progression(symphysis, np.zeros((4, 2))) is None
