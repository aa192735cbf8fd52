"""Pictures become the same pixels on hub and phone, however a camera wrote them."""

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from services.domain.errors import InvalidInput
from services.reading.images.picture import decode

SAMPLES = Path(__file__).resolve().parents[5] / "samples"
# EXIF orientation -> how to lay the upright picture so that a viewer turns it back.
LAID = {1: None, 3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90,
        8: Image.Transpose.ROTATE_270}  # fmt: skip


def jpeg(image: Image.Image, orientation: int) -> bytes:
    out, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    image.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


@pytest.mark.parametrize("orientation", LAID)
def test_what_a_camera_took_on_its_side_stands_upright(orientation):
    with Image.open(SAMPLES / "head-27w.png") as sample:
        upright = sample.convert("L")
    turn = LAID[orientation]
    laid = upright if turn is None else upright.transpose(turn)
    decoded = decode(jpeg(laid, orientation))
    assert decoded.pixels.shape == (upright.height, upright.width)
    assert np.abs(decoded.pixels.astype(int) - np.asarray(upright)).mean() < 3
    assert decoded.jpeg
    assert decoded.baseline == (
        orientation == 1
    )  # turned pixels are no longer those that were sent


def test_sixteen_bits_become_eight_of_the_whole_range():
    wide = (np.arange(64 * 64, dtype=np.uint16).reshape(64, 64) * 16).astype(np.uint16)
    out = io.BytesIO()
    Image.fromarray(wide).save(out, "PNG")
    pixels = decode(out.getvalue()).pixels
    assert pixels.dtype == np.uint8
    assert (pixels.min(), pixels.max()) == (0, 255)


def test_a_picture_that_is_cut_short_is_refused():
    with pytest.raises(InvalidInput):
        decode((SAMPLES / "head-27w.png").read_bytes()[:3000])
