"""Why: where in the image a finding comes from, as a coarse map, made on request and stored nowhere.

Of the plane, and of a structure without a mask, by occlusion (Zeiler and Fergus, ECCV 2014): the image is
read again and again with one part covered, and where the finding loses, it came from. Of a structure with a
mask it is what that head itself says of every place.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from services.domain.errors import NotFound
from services.reading.images.picture import Gray, resize
from services.reading.releases.manifest import Manifest
from services.reading.survey import Survey
from services.reading.vision import Vision

PLANE = "plane"
GRID = 8  # parts a side that are covered, one after the other
COARSE = 6  # the same where each reading runs the whole graph
BATCH = 8
Map = NDArray[np.float32]


def heat_map(of: str, image: Gray, manifest: Manifest, vision: Vision, survey: Survey) -> Map:
    """Where ``of`` (``plane``, or a structure that the release knows) comes from in an (S, S) square:
    0 to 1 over a coarse grid, 1 at its strongest; all 0 where no place counts.

    Raises:
        NotFound: the release does not know the structure.
        InvalidModelOutput: the release fails on this image.
    """
    if of == PLANE:
        return _of_plane(image, vision, survey)
    if of in manifest.masks:
        logits = vision.run([image])["MASKS"][0, manifest.masks.index(of)].astype(np.float64)
        share = 1 / (1 + np.exp(-np.clip(logits, -30, 30)))
        cells = share.shape[0] // 48 or 1  # half the square's side is more than a page shows
        return _scaled(share[::cells, ::cells])
    if of in manifest.boxes:
        place = manifest.boxes.index(of)

        def presence(images: Sequence[Gray]) -> NDArray[np.float64]:
            return vision.run(images)["BOXES"][:, place, 4].astype(np.float64)

        return _occluded(image, presence, COARSE)
    raise NotFound("This release has no such finding.")


def _of_plane(image: Gray, vision: Vision, survey: Survey) -> Map:
    plane = int(vision.run([image])["PLANE"][0].argmax())

    def lead(images: Sequence[Gray]) -> NDArray[np.float64]:
        """How far the plane's logit lies above the best of the others."""
        logits = np.stack([g.plane for g in survey.run(images)]).astype(np.float64)
        return np.asarray(logits[:, plane] - np.delete(logits, plane, 1).max(1))

    return _occluded(resize(image, survey.side, survey.side), lead, GRID)


def _occluded(
    image: Gray, value: Callable[[Sequence[Gray]], NDArray[np.float64]], grid: int
) -> Map:
    """What ``value`` loses when a part, twice as wide as its cell, is covered in the mean grey."""
    side = image.shape[0]
    edges = np.linspace(0, side, grid + 1).round().astype(int)
    margin, grey = side // (2 * grid), np.uint8(image.mean())
    covered = []
    for row in range(grid):
        for column in range(grid):
            one = image.copy()
            top, left = max(edges[row] - margin, 0), max(edges[column] - margin, 0)
            one[top : edges[row + 1] + margin, left : edges[column + 1] + margin] = grey
            covered.append(one)
    whole = float(value([image])[0])
    lost = [whole - value(covered[n : n + BATCH]) for n in range(0, len(covered), BATCH)]
    return _scaled(np.concatenate(lost).reshape(grid, grid))


def _scaled(values: NDArray[np.float64]) -> Map:
    positive = np.clip(values, 0, None)
    most = float(positive.max())
    return np.asarray(positive / most if most > 1e-6 else positive * 0, dtype=np.float32)
