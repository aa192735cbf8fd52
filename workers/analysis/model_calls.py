"""Asks the model server for a study's frames."""

from __future__ import annotations

from collections.abc import Sequence

from services.domain.errors import InvalidModelOutput
from services.inference.port import Inference
from services.reading.contract import ALL_PHASES, RawReading
from workers.analysis.study_loader import Check, FrameImage

BATCH = 8  # squares in one call of the model server


class ReleaseChanged(InvalidModelOutput):
    """Half a study read by one release and half by another: read it again, whole."""

    code, title, retryable = (
        "release_changed",
        "The model release changed during the analysis",
        True,
    )


def infer(
    images: Sequence[FrameImage], inference: Inference, *, request_id: str, check: Check
) -> list[RawReading]:
    """Read all images, in their order. Key frames go together; a large study in several calls.

    Raises:
        InvalidModelOutput: another number of answers than images.
        ReleaseChanged: the answers are of two releases.
        InferenceBusy, InferenceUnavailable: the model server is not there; try again.
    """
    answers: list[RawReading] = []
    for start in range(0, len(images), BATCH):
        check()
        squares = [image.square.pixels for image in images[start : start + BATCH]]
        batch = inference.read(squares, ALL_PHASES, request_id=request_id)
        if len(batch) != len(squares):
            raise InvalidModelOutput("The model server answered for another number of images.")
        answers += batch
    if len({answer.release for answer in answers}) > 1:
        raise ReleaseChanged
    return answers
