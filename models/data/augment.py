"""Photometric augmentation: what scanners, gain, compression and overlays do to an image.

It also destroys what tells the data sets apart (histogram, borders, text, compression), so that a
plane cannot be learnt from its source.
"""

import io

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from models.data.samples import Gray

_GLYPHS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghij0123456789.:/-%cmMHzdBGAFR "
Pixels = npt.NDArray[np.float32]


def random_text(rng: np.random.Generator, length: int) -> str:
    """A scanner-like scrap of text."""
    return "".join(_GLYPHS[i] for i in rng.integers(0, len(_GLYPHS), length))


def overlay(image: Gray, rng: np.random.Generator) -> Gray:
    """Draws text, calipers and dotted lines, or blanks the places where scanners write."""
    canvas = Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    size = image.shape[0]
    for _ in range(rng.integers(0, 4)):
        x, y = rng.uniform(0, 0.9 * size), rng.uniform(0, 0.97 * size)
        if rng.random() < 0.6:
            y = rng.choice([rng.uniform(0, 0.12), rng.uniform(0.85, 0.97)]) * size
        font = ImageFont.load_default(float(rng.uniform(0.02, 0.05) * size))
        draw.text(
            (x, y), random_text(rng, int(rng.integers(2, 14))), int(rng.integers(90, 256)), font
        )
    for _ in range(rng.integers(0, 3)):
        x, y, arm = rng.uniform(0.1, 0.9) * size, rng.uniform(0.1, 0.9) * size, 0.012 * size
        tone = int(rng.integers(150, 256))
        draw.line((x - arm, y, x + arm, y), tone)
        draw.line((x, y - arm, x, y + arm), tone)
    for _ in range(rng.integers(0, 3)):
        w, h = rng.uniform(0.05, 0.35) * size, rng.uniform(0.03, 0.1) * size
        x = rng.choice([0.0, size - w, rng.uniform(0, size - w)])
        y = rng.choice([0.0, size - h])
        draw.rectangle((x, y, x + w, y + h), int(rng.integers(0, 20)))
    return np.asarray(canvas)


def frame(image: Gray, rng: np.random.Generator) -> Gray:
    """Blackens a random border, straight or as a sector, like another scanner's field of view."""
    size = image.shape[0]
    out = image.copy()
    tone = int(rng.integers(0, 12))
    if rng.random() < 0.6:
        left, top, right, bottom = (rng.beta(1, 4, 4) * 0.22 * size).astype(int)
        out[:top], out[size - bottom :] = tone, tone
        out[:, :left], out[:, size - right :] = tone, tone
        return out
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size - 0.5
    apex = rng.uniform(-1.6, -0.7)
    angle = np.abs(np.arctan2(x - rng.normal(0, 0.03), y - apex))
    radius = np.hypot(x, y - apex)
    reach = np.arctan2(0.5, 0.1 - apex) * rng.uniform(0.85, 1.15)
    outside = (angle > reach) | (radius > (0.5 - apex) * rng.uniform(0.95, 1.1))
    out[outside] = tone
    return out


def tone(image: Pixels, rng: np.random.Generator) -> Pixels:
    """Gamma, gain, offset and a smooth depth-gain curve; image in 0..1."""
    out = np.power(image, np.float32(np.exp(rng.normal(0, 0.25))))
    if rng.random() < 0.4:
        line = np.linspace(-1, 1, image.shape[0], dtype=np.float32)[:, None]
        out = out * (1 + np.float32(rng.normal(0, 0.18)) * line)
    out = out * np.float32(np.exp(rng.normal(0, 0.18))) + np.float32(rng.normal(0, 0.025))
    return np.asarray(np.clip(out, 0, 1), np.float32)


def match_histogram(image: Gray, other: Gray, amount: float) -> Gray:
    """Moves the image's grey levels towards another image's by their cumulative histograms."""
    source = np.cumsum(np.bincount(image.ravel(), minlength=256)) / image.size
    target = np.cumsum(np.bincount(other.ravel(), minlength=256)) / other.size
    table = np.interp(source, target, np.arange(256))
    mixed = (1 - amount) * np.arange(256) + amount * table
    return np.clip(mixed, 0, 255).astype(np.uint8)[image]


def speckle(image: Pixels, rng: np.random.Generator, strength: float) -> Pixels:
    """Multiplicative noise with a grain of one to three pixels, and a little additive noise."""
    size = image.shape[0]
    grain = int(rng.integers(1, 4))
    side = -(-size // grain)
    noise = rng.standard_normal((side, side), dtype=np.float32)
    if grain > 1:
        noise = np.asarray(Image.fromarray(noise).resize((size, size), Image.Resampling.BILINEAR))
    out = image * (1 + strength * noise) + 0.15 * strength * noise
    return np.asarray(np.clip(out, 0, 1), np.float32)


def soften(image: Gray, rng: np.random.Generator, strength: float) -> Gray:
    """Blurs by a Gaussian (sigma in pixels) or through a smaller size."""
    picture = Image.fromarray(image)
    if rng.random() < 0.5:
        return np.asarray(picture.filter(ImageFilter.GaussianBlur(strength)))
    size = image.shape[0]
    small = max(24, int(size / (1 + 0.8 * strength)))
    reduced = picture.resize((small, small), Image.Resampling.BILINEAR)
    return np.asarray(reduced.resize((size, size), Image.Resampling.BICUBIC))


def compress(image: Gray, quality: int) -> Gray:
    """Through JPEG and back."""
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer))


def cutout(image: Gray, rng: np.random.Generator, most: float) -> Gray:
    """Hides a rectangle (acoustic shadow, glare): side at most `most` of the image's."""
    size = image.shape[0]
    out = image.copy()
    w, h = (rng.uniform(0.05, most, 2) * size).astype(int)
    x, y = int(rng.uniform(0, size - w)), int(rng.uniform(0, size - h))
    if rng.random() < 0.5:
        out[y : y + h, x : x + w] = int(rng.integers(0, 60))
    else:
        faded = out[y:, x : x + w].astype(np.float32) * rng.uniform(0.1, 0.6)
        out[y:, x : x + w] = faded.astype(np.uint8)
    return out


def photometric(image: Gray, other: Gray, rng: np.random.Generator) -> Gray:
    """The usual augmentation: readable still. `other` lends its histogram."""
    if rng.random() < 0.3:
        image = match_histogram(image, other, float(rng.uniform(0.2, 0.9)))
    if rng.random() < 0.35:
        image = frame(image, rng)
    if rng.random() < 0.25:
        image = soften(image, rng, float(rng.uniform(0.3, 1.4)))
    pixels = tone(image.astype(np.float32) / 255.0, rng)
    if rng.random() < 0.4:
        pixels = speckle(pixels, rng, float(rng.uniform(0.03, 0.22)))
    image = (pixels * 255).astype(np.uint8)
    if rng.random() < 0.35:
        image = overlay(image, rng)
    if rng.random() < 0.2:
        image = cutout(image, rng, 0.22)
    if rng.random() < 0.3:
        image = compress(image, int(rng.integers(25, 90)))
    return image


def degrade(image: Gray, rng: np.random.Generator) -> tuple[Gray, float]:
    """Makes an image worse by a known level in 0..1, the target of the quality head."""
    level = float(rng.uniform(0.15, 1.0))
    kind = int(rng.integers(0, 5))
    scale = image.shape[0] / 256.0
    pixels = image.astype(np.float32) / 255.0
    if kind == 0:
        return soften(image, rng, 7.0 * level * scale), level
    if kind == 1:
        pixels = speckle(pixels, rng, 1.1 * level)
    elif kind == 2:
        pixels = pixels * (1 - 0.96 * level)
    elif kind == 3:
        pixels = 0.5 * level + pixels * (1 - 0.92 * level)
    else:
        out = image
        for _ in range(1 + int(5 * level)):
            out = cutout(out, rng, 0.15 + 0.4 * level)
        return out, level
    return (np.clip(pixels, 0, 1) * 255).astype(np.uint8), level
