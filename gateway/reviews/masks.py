"""Masks of a review: decoded in a bounded child, kept in the store."""

from __future__ import annotations

import base64
import binascii
from dataclasses import replace

import numpy as np

from gateway.dependencies import Services
from gateway.reviews.schemas import MASK_BYTES
from services.domain.errors import InvalidInput, TooLarge
from services.domain.report import FrameReading, Report, Structure
from services.index.port import Artefact, Result
from services.reading.images.drawn_mask import DrawnMask, check_area

MAX_REVIEW_PIXELS = 2**30  # of all new masks of a review: frame after frame, a matter of time
Fresh = dict[tuple[str, int], dict[str, bytes]]  # image and frame → label → PNG


def decode(services: Services, text: str, frame: FrameReading) -> DrawnMask:
    """A PNG in base64 of the frame's size, opened where a flaw in a decoder can do no harm.

    Raises InvalidInput, TooLarge, Unavailable.
    """
    check_area(frame.width, frame.height)
    try:
        data = base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise InvalidInput("The mask is not a readable PNG.") from error
    size = {"width": frame.width, "height": frame.height}
    with services.spool.request_files() as files:
        with services.spool.writer(MASK_BYTES) as written:
            written.write(data)
            files.append(written.finish())
        with services.spool.made_by(frame.width * frame.height) as out:
            request = {"do": "mask", "path": str(files[0].path), "out": str(out.path), **size}
            answer = services.parser.ask(request)
            pixels = np.frombuffer(out.path.read_bytes(), np.uint8) != 0
    x0, y0, x1, y1 = answer["box"]
    polygon = tuple((x, y) for x, y in answer["polygon"])
    return DrawnMask(pixels.reshape(frame.height, frame.width), (x0, y0, x1, y1), polygon)


def check_sum(pixels: int) -> None:
    """Raises TooLarge when the new masks of a review have more pixels than one may draw."""
    if pixels > MAX_REVIEW_PIXELS:
        raise TooLarge("The review has too many new masks: save some frames first.")


def store(
    services: Services, site: str, report: Report, base: Result, fresh: Fresh
) -> tuple[Report, list[Artefact]]:
    """New masks go to the store first; those that are still in use come along."""
    artefacts: list[Artefact] = []

    def kept(reading: FrameReading, structure: Structure) -> Structure:
        png = fresh.get((reading.sop_uid, reading.frame), {}).get(structure.label)
        if png is None:
            return structure
        one = services.store.put(site, png, "image/png")
        place = (reading.sop_uid, reading.frame, structure.label)
        artefacts.append(Artefact("mask", one.sha256, "image/png", one.size, *place))
        return replace(structure, mask=one.sha256)

    frames = tuple(
        replace(f, structures=tuple(kept(f, one) for one in f.structures)) for f in report.frames
    )
    used = {s.mask for f in frames for s in f.structures}
    new = {a.sha256 for a in artefacts}
    artefacts += [
        a for a in base.artefacts if a.kind == "mask" and a.sha256 in used and a.sha256 not in new
    ]
    return replace(report, frames=frames), artefacts
