"""A glance at many frames: the part of a release's graph that names plane, scope and quality, on small
copies. The heads for masks, boxes and keypoints do not run; on a copy of two thirds of the side a frame
costs about a sixth of a whole reading."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from services.domain.errors import InvalidModelOutput
from services.reading.clips import Glance
from services.reading.contract import SURVEY_OUTPUTS
from services.reading.subgraph import cut
from services.reading.vision import open_session

_STRIDE = 32  # of the tower's last feature map


def survey_side(side: int) -> int:
    """The side of the small copies for a release of squares of ``side`` pixels."""
    return max(_STRIDE, side * 2 // 3 // _STRIDE * _STRIDE)


class Survey:
    """One loaded part of a vision graph. Safe to call from several threads."""

    def __init__(self, graph: bytes, side: int, *, threads: int = 1) -> None:
        """``graph`` is the release's vision.onnx, ``side`` that of its squares.

        Raises:
            ReleaseRefused: the graph has no such part.
        """
        self.side = survey_side(side)
        self._session: onnxruntime.InferenceSession = open_session(
            cut(graph, SURVEY_OUTPUTS), threads
        )

    def run(self, images: Sequence[NDArray[np.uint8]]) -> list[Glance]:
        """Glance at N squares of ``self.side`` pixels, uint8.

        Raises:
            InvalidModelOutput: a square of another size, or values that are not numbers.
        """
        if any(image.shape != (self.side, self.side) for image in images):
            raise InvalidModelOutput(f"A glance takes uint8 squares of {self.side} pixels.")
        try:
            plane, scope, quality = self._session.run(
                list(SURVEY_OUTPUTS), {"IMAGE": np.stack(images)}
            )
        except Exception as error:  # ONNX Runtime raises many kinds, all of them mean the same
            raise InvalidModelOutput("The vision graph failed on a small copy.") from error
        if not all(np.isfinite(np.asarray(v)).all() for v in (plane, scope, quality)):
            raise InvalidModelOutput("A glance holds values that are not numbers.")
        return [
            Glance(np.asarray(p, np.float32), float(s[0]), float(q[0]))
            for p, s, q in zip(plane, scope, quality, strict=True)
        ]
