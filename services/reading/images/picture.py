"""PNG and JPEG to pixels, the same on hub and phone: upright, 8 bits, within a bound."""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from services.domain.errors import InvalidInput, TooLarge

MAX_PICTURE_PIXELS = 50_000_000
_ORIENTATION = 0x0112  # EXIF


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A picture, (H, W) or (H, W, 3) uint8. ``baseline``: a grey baseline JPEG of just these pixels."""

    pixels: NDArray[np.uint8]
    jpeg: bool = False
    baseline: bool = False


def decode(data: bytes) -> DecodedPicture:
    """A still PNG or JPEG. What a camera took lying on its side is set upright, as its EXIF says.

    Raises:
        InvalidInput: not a PNG or JPEG, or damaged.
        TooLarge: more than MAX_PICTURE_PIXELS pixels; nothing was decoded.
    """
    try:
        image: Image.Image = Image.open(io.BytesIO(data), formats=("PNG", "JPEG"))
        if image.width * image.height > MAX_PICTURE_PIXELS:
            raise TooLarge(f"A picture may have {MAX_PICTURE_PIXELS // 1_000_000} megapixels.")
        jpeg, mode = image.format == "JPEG", image.mode
        turned = image.getexif().get(_ORIENTATION, 1) != 1
        if turned:
            image = ImageOps.exif_transpose(image)
        if mode in ("I;16", "I"):
            wide = np.asarray(image, dtype=np.float64)
            top = max(float(wide.max()), 1.0)
            pixels = (wide * (255.0 / top)).astype(np.uint8)
        else:
            gray = mode in ("L", "1", "LA")
            pixels = np.array(image.convert("L" if gray else "RGB"), dtype=np.uint8)
    except (UnidentifiedImageError, OSError, ValueError, SyntaxError) as error:
        raise InvalidInput("The picture is not a readable PNG or JPEG.") from error
    except Image.DecompressionBombError as error:
        raise TooLarge("The picture has too many pixels.") from error
    baseline = jpeg and mode == "L" and "progression" not in image.info and not turned
    return DecodedPicture(pixels, jpeg, baseline)
