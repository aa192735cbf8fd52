"""Names, dates and numbers written into pictures as scanners and people write them, and where."""

from __future__ import annotations

import io
import random
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

FONTS = Path(__file__).resolve().parents[2] / "services" / "publish" / "fonts"
WORDS = (
    "MWANGI^AMINA", "Okafor, Grace", "JANE DOE", "Priya Sharma", "DOB 12.03.1991", "ID 84417302",
    "Fatou Diallo", "K. NDIAYE", "N. Li", "2026-11-29 14:22", "Maria Fernandes 31y", "ST MARY HOSPITAL",
    "Ximena Quispe", "P/N 7731-04", "Dr. A. Keller", "30/06/1988",
)  # fmt: skip
_COLOURS = ((255, 255, 255), (255, 220, 0), (0, 255, 120), (200, 200, 200), (120, 200, 255))
_SIZES = (0.014, 0.05)  # of the picture's long side
_SMALLEST = 9  # pixels
_BOXED, _COMPRESSED = 0.2, 0.5  # of the strings on black, of the pictures by JPEG


@dataclass(frozen=True, slots=True)
class Planted:
    """A string, and the pixels (H, W) of its strokes."""

    words: str
    pixels: NDArray[np.bool_]


def plant(
    picture: NDArray[np.uint8], rnd: random.Random, strings: int
) -> tuple[NDArray[np.uint8], list[Planted]]:
    """The picture, (H, W) or (H, W, 3), with at most so many strings that do not overlap."""
    drawn, planted = picture.copy(), []
    taken = np.zeros(picture.shape[:2], np.bool_)
    for _ in range(strings):
        words, font = rnd.choice(WORDS), _font(rnd, max(picture.shape[:2]))
        place = _place(words, font, taken, rnd)
        if place is not None:
            planted.append(_write(drawn, words, font, place, rnd))
    if rnd.random() < _COMPRESSED:
        packed = io.BytesIO()
        Image.fromarray(drawn).save(packed, "JPEG", quality=92)
        drawn = np.asarray(Image.open(packed))
    return drawn, planted


def _font(rnd: random.Random, longest: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    size = max(_SMALLEST, round(rnd.uniform(*_SIZES) * longest))
    name = rnd.choice(("", "NotoSans-Regular.ttf", "NotoSans-Bold.ttf"))
    return ImageFont.truetype(str(FONTS / name), size) if name else ImageFont.load_default(size)


def _place(
    words: str,
    font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    taken: NDArray[np.bool_],
    rnd: random.Random,
) -> tuple[int, int, int, int] | None:
    """x, y, width and height of where it goes; None: nowhere."""
    x0, y0, x1, y1 = (round(edge) for edge in font.getbbox(words))
    width, height = x1 - x0, y1 - y0
    if width > taken.shape[1] - 4 or height > taken.shape[0] - 4:
        return None
    for _ in range(20):
        x = rnd.randrange(2, taken.shape[1] - width - 1)
        y = rnd.randrange(2, taken.shape[0] - height - 1)
        around = np.s_[max(0, y - height) : y + 2 * height, max(0, x - 8) : x + width + 8]
        if not taken[around].any():
            taken[y : y + height, x : x + width] = True
            return x, y, width, height
    return None


def _write(
    drawn: NDArray[np.uint8], words: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont,
    place: tuple[int, int, int, int], rnd: random.Random,
) -> Planted:  # fmt: skip
    x, y, width, height = place
    if rnd.random() < _BOXED:
        drawn[max(0, y - 3) : y + height + 3, max(0, x - 3) : x + width + 3] = 0
    layer = Image.new("L", (drawn.shape[1], drawn.shape[0]))
    left, top, _, _ = font.getbbox(words)
    ImageDraw.Draw(layer).text((x - left, y - top), words, fill=255, font=font)
    cover = np.asarray(layer) / 255.0
    colour: NDArray[np.float64] = np.array(rnd.choice(_COLOURS), np.float64)
    if drawn.ndim == 2:
        drawn[:] = (drawn * (1 - cover) + colour.max() * cover).round()
    else:
        drawn[:] = (drawn * (1 - cover[..., None]) + colour * cover[..., None]).round()
    return Planted(words, cover > 0.5)
