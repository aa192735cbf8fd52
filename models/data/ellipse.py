"""The axes of a labelled head, as keypoint targets."""

import numpy as np
import numpy.typing as npt


def axis_ends(inside: npt.NDArray[np.bool_]) -> npt.NDArray[np.float32] | None:
    """Ends of the long and the short axis of the mask's moment ellipse, [4, 2] in 0..1 of the image.

    Axes are measured in the image's own pixels, so the long axis is the true one. The long axis
    runs from left to right, the short one from top to bottom. None for an empty mask.
    """
    rows, columns = np.nonzero(inside)
    if rows.size < 16:
        return None
    points = np.stack([columns + 0.5, rows + 0.5], 1).astype(np.float64)
    centre = points.mean(0)
    values, vectors = np.linalg.eigh(np.cov((points - centre).T))
    half = 2.0 * np.sqrt(np.maximum(values, 1e-9))
    short, long = vectors[:, 0] * half[0], vectors[:, 1] * half[1]
    if long[0] < 0:
        long = -long
    if short[1] < 0:
        short = -short
    ends = np.stack([centre - long, centre + long, centre - short, centre + short])
    height, width = inside.shape
    scaled: npt.NDArray[np.float32] = (ends / np.array([width, height])).astype(np.float32)
    return scaled
