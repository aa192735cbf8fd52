import numpy as np

from models.data.samples import Sample
from models.data.warp import order_ends, warp, warp_boxes
from models.fada.labels import BOXES, KEYPOINTS, MASKS

IDENTITY = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
MIRROR = np.array([[-1.0, 0.0, 1.0], [0.0, 1.0, 0.0]])


def sample():
    image = np.zeros((64, 64), np.uint8)
    image[16:32, 8:24] = 200
    masks = {0: ((image > 0) * 255).astype(np.uint8)}
    points = np.full((len(KEYPOINTS), 2), 0.5, np.float32)
    boxes = np.full((len(BOXES), 4), 0.25, np.float32)
    boxes[0] = (0.25, 0.375, 0.25, 0.25)
    present = np.zeros(len(BOXES), np.float32)
    present[0] = 1
    points[:4] = [[0.1, 0.4], [0.4, 0.4], [0.25, 0.25], [0.25, 0.5]]
    known = np.zeros(len(KEYPOINTS), np.float32)
    known[:4] = 1
    ones = np.ones(len(MASKS), np.float32)
    return Sample(image, masks, ones, boxes, present, points, known, 0, "HC18")


def test_identity_keeps_pixels_and_labels():
    out = warp(sample(), IDENTITY, 64, np.random.default_rng(0))
    assert np.abs(out.image.astype(int) - sample().image).max() <= 1
    assert np.allclose(out.boxes[0], sample().boxes[0])
    assert abs(out.masks[0].sum() * 4 - 256) < 2


def test_a_mirror_moves_image_box_and_ends_together():
    out = warp(sample(), MIRROR, 64, np.random.default_rng(0))
    assert np.allclose(out.boxes[0], (0.75, 0.375, 0.25, 0.25))
    columns = np.flatnonzero(out.image.max(0) > 100)
    assert (columns.min(), columns.max()) == (40, 55)
    assert out.keypoints[0, 0] < out.keypoints[1, 0]
    assert np.allclose(sorted(out.keypoints[:2, 0]), [0.6, 0.9])


def test_what_leaves_the_frame_is_unknown():
    far = np.array([[1.0, 0.0, 0.8], [0.0, 1.0, 0.0]])
    boxes, states = warp_boxes(sample().boxes, sample().present, far)
    assert states[0] == -1
    assert boxes.min() > 0


def test_ends_are_ordered_left_to_right_and_top_to_bottom():
    points = np.array([[0.9, 0.5], [0.1, 0.5], [0.5, 0.8], [0.5, 0.2]], np.float32)
    ordered = order_ends(points)
    assert ordered[0, 0] < ordered[1, 0]
    assert ordered[2, 1] < ordered[3, 1]
