"""An image before it is read: decoded, made the square that every release sees, searched for words.

PNG and JPEG become pixels the same on hub and phone: upright, 8 bits, within a bound. The resize is our
own so that a browser (web/phone) computes the very same pixels: a separable triangle filter, widened when
reducing (as in Pillow's BILINEAR), in float64, rounded half up once.

Is there text burned into a frame? Letters are bright, of one height, on one baseline, close together.
Nothing reads the text: no model is given it as words. Seeing that it is there tells people that the
picture holds words which the results did not follow.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from contourpy import contour_generator
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from services.domain.errors import InvalidInput, TooLarge
from services.domain.report import FrameReading

Gray = NDArray[np.uint8]
MAX_PICTURE_PIXELS = 50_000_000
BURNED_IN_TEXT = "burned_in_text"
_ORIENTATION = 0x0112  # EXIF
_BRIGHT = (110.0, 170.0, 225.0)  # scanners write in white or gray, over dark or over tissue
_HEIGHTS = (6.0, 40.0)  # pixels
_LETTERS = 5  # so many in a row are no chance of speckle


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


@dataclass(frozen=True, slots=True)
class Square:
    """A frame stretched to S × S, and the scales back to its own pixels."""

    pixels: Gray
    width: int
    height: int

    @property
    def side(self) -> int:
        """S, in pixels."""
        return int(self.pixels.shape[0])

    def to_frame(self, x: float, y: float) -> tuple[float, float]:
        """From 0..1 of the square to pixels of the frame."""
        return x * self.width, y * self.height


def to_gray(frame: NDArray[np.uint8]) -> Gray:
    """(H, W) stays; (H, W, 3) becomes luma by ITU-R 601 in integers, as browsers can repeat."""
    if frame.ndim == 2:
        return frame
    rgb = frame[..., :3].astype(np.uint32)
    luma = (rgb[..., 0] * 299 + rgb[..., 1] * 587 + rgb[..., 2] * 114 + 500) // 1000
    return luma.astype(np.uint8)


@lru_cache(maxsize=64)
def _weights(source: int, target: int) -> NDArray[np.float64]:
    """(target, source) matrix of the triangle filter; rows sum to 1."""
    scale = source / target
    support = max(scale, 1.0)
    centre = (np.arange(target) + 0.5) * scale
    distance = np.abs((np.arange(source) + 0.5)[None, :] - centre[:, None]) / support
    weights = np.clip(1.0 - distance, 0.0, None)
    return np.asarray(weights / weights.sum(axis=1, keepdims=True))


def resize(image: Gray, height: int, width: int) -> Gray:
    """Resize (H, W) uint8 to (height, width) uint8."""
    rows = _weights(image.shape[0], height)
    columns = _weights(image.shape[1], width)
    return np.floor(rows @ image.astype(np.float64) @ columns.T + 0.5).astype(np.uint8)


def square(frame: NDArray[np.uint8], side: int) -> Square:
    """Prepare a decoded frame, (H, W) or (H, W, 3) uint8, for a release of side S."""
    gray = to_gray(frame)
    return Square(resize(gray, side, side), int(gray.shape[1]), int(gray.shape[0]))


def flag_text(reading: FrameReading, pixels: NDArray[np.uint8]) -> FrameReading:
    """The reading, flagged where its frame, (H, W) or (H, W, 3) uint8, holds text; else as it was."""
    if not has_text(to_gray(pixels)):
        return reading
    return replace(reading, flags=(*reading.flags, BURNED_IN_TEXT))


def has_text(gray: NDArray[np.uint8]) -> bool:
    """Whether a (H, W) uint8 frame shows a row of at least five letters or digits."""
    generator = contour_generator(z=gray.astype(np.float64), name="serial")
    for level in _BRIGHT:
        boxes = _boxes(generator.lines(level))
        order = boxes[np.lexsort(boxes.T[::-1])]  # by x0, then y0, x1, y1
        if any(_row(order, start) >= _LETTERS for start in range(len(order))):
            return True
    return False


def _boxes(lines: Sequence[Any]) -> NDArray[np.float64]:
    """(n, 4) x0, y0, x1, y1 of bright shapes that could be letters."""
    extents = [np.concatenate([line.min(axis=0), line.max(axis=0)]) for line in lines]
    if not extents:
        return np.empty((0, 4))
    # A millionth of a pixel is noise of the arithmetic, which a phone does in another order.
    boxes = np.round(np.array(extents), 6)
    width, height = boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]
    fits = (height >= _HEIGHTS[0]) & (height <= _HEIGHTS[1]) & (width <= 1.4 * height)
    return np.asarray(boxes[fits])


def _row(boxes: NDArray[np.float64], start: int) -> int:
    """Letters in the row that begins with ``start``: same height and baseline, little space between."""
    here, count = boxes[start], 1
    height = here[3] - here[1]
    for box in boxes[start + 1 :]:
        gap = box[0] - here[2]
        if gap > 1.2 * height:
            break
        same = abs(box[3] - here[3]) <= 1.2 and abs((box[3] - box[1]) - height) <= 0.15 * height
        if same and gap >= 0:
            here, count = box, count + 1
    return count
