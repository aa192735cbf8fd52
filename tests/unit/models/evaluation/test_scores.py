import numpy as np
import pytest

from models.evaluation.detection import Detection, average_precision, box_iou
from models.evaluation.heads import canvas_mask, overlap
from models.evaluation.scores import balanced_accuracy, bootstrap, calibration_error
from models.programs.releasing.calibrate import conformal, fit_platt, fit_temperature


def detection(present, confidence, iou):
    return Detection("NT", "g", present, confidence, iou, 0.0)


def test_box_iou():
    assert box_iou((0, 0, 10, 10), (5, 0, 15, 10)) == pytest.approx(1 / 3)
    assert box_iou((0, 0, 1, 1), (2, 2, 3, 3)) == 0


def test_average_precision_by_hand():
    detections = [detection(True, 0.9, 0.8), detection(False, 0.8, 0.0), detection(True, 0.7, 0.6)]
    assert average_precision(detections, 0.5) == pytest.approx(0.5 + 0.5 * 2 / 3)
    assert average_precision(detections, 0.75) == pytest.approx(0.5)
    assert average_precision(detections, 0.5, ranked=False) == pytest.approx(2 / 3)


def test_confidence_that_ranks_is_rewarded():
    good = [detection(True, 0.9, 0.9), detection(False, 0.1, 0.0)]
    bad = [detection(True, 0.1, 0.9), detection(False, 0.9, 0.0)]
    assert average_precision(good, 0.5) > average_precision(bad, 0.5)


def test_calibration_error_by_hand():
    confidence, right = np.array([0.95, 0.95, 0.55, 0.55]), np.array([1.0, 1.0, 1.0, 0.0])
    assert calibration_error(confidence, right) == pytest.approx(0.05)


def test_balanced_accuracy_weighs_classes_alike():
    assert balanced_accuracy(["a", "a", "a", "b"], ["a", "a", "a", "a"]) == pytest.approx(0.5)


def test_bootstrap_resamples_patients():
    low, high = bootstrap([0.0] * 50 + [1.0] * 50, ["p"] * 50 + ["q"] * 50, np.mean, 200)
    assert (low, high) == (0.0, 1.0)


def test_overlap_and_canvas():
    a = np.zeros((10, 10), bool)
    a[:5] = True
    b = np.zeros((10, 10), bool)
    b[:, :5] = True
    assert overlap(a, b) == pytest.approx((0.5, 1 / 3))
    square = np.array([[0.1, 0.1], [0.6, 0.1], [0.6, 0.6], [0.1, 0.6]])
    assert canvas_mask(square).sum() == pytest.approx(501 * 501, rel=0.01)


def test_temperature_recovers_overconfidence():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (4000, 4))
    chances = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    truth = np.array([rng.choice(4, p=p) for p in chances])
    assert fit_temperature(3 * logits, truth) == pytest.approx(3.0, rel=0.1)


def test_platt_recovers_slope_and_offset():
    rng = np.random.default_rng(1)
    logits = rng.normal(0, 2, 5000)
    truth = (rng.random(5000) < 1 / (1 + np.exp(-(0.5 * logits + 1)))).astype(float)
    slope, offset = fit_platt(logits, truth)
    assert slope == pytest.approx(0.5, abs=0.06)
    assert offset == pytest.approx(1.0, abs=0.12)


def test_the_interval_covers_what_it_says():
    rng = np.random.default_rng(2)
    sizes = rng.uniform(60, 340, 2000)
    errors = rng.normal(0, 1 + 0.01 * sizes)
    a, b = conformal(errors[:1000], sizes[:1000])
    covered = np.abs(errors[1000:]) <= a + b * sizes[1000:]
    assert 0.92 < covered.mean() < 0.98
