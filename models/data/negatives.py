"""Pictures that are no fetal ultrasound of a known plane, made by rules.

Each family is a function of a generator, so that training and evaluation can use different ones:
`TRAIN_FAMILIES` are seen in training, `HELD_OUT_FAMILIES` never.
"""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from models.data.augment import random_text
from models.data.samples import Gray

Family = Callable[[np.random.Generator, int, Gray], Gray]
Pixels = npt.NDArray[np.float32]


def _scaled(pixels: npt.NDArray[np.floating], low: float = 0.0, high: float = 255.0) -> Gray:
    span = float(pixels.max() - pixels.min()) or 1.0
    out = low + (pixels - pixels.min()) / span * (high - low)
    return np.asarray(np.clip(out, 0, 255), np.uint8)


def noise(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """White or blurred noise of any mean."""
    pixels = rng.normal(rng.uniform(20, 230), rng.uniform(2, 90), (size, size))
    image = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(float(rng.choice([0, 0, 1, 3])))))


def blank(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """One tone, a gradient, or a blank frame with a border."""
    tone = float(rng.integers(0, 256))
    pixels = np.full((size, size), tone)
    kind = rng.integers(0, 3)
    if kind == 1:
        y, x = np.mgrid[0:size, 0:size] / size
        pixels = pixels + rng.normal(0, 120) * x + rng.normal(0, 120) * y
    elif kind == 2:
        edge = int(rng.uniform(0.02, 0.3) * size)
        pixels[edge:-edge, edge:-edge] = rng.integers(0, 256)
    return np.clip(pixels + rng.normal(0, rng.uniform(0, 3), pixels.shape), 0, 255).astype(np.uint8)


def fractal(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """Noise with a natural spectrum: cloud, stone, foliage."""
    fy, fx = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    radius = np.hypot(fy * rng.uniform(0.4, 2.5), fx)
    radius[0, 0] = 1.0
    spectrum = rng.standard_normal(radius.shape) + 1j * rng.standard_normal(radius.shape)
    pixels = np.fft.irfft2(spectrum / radius ** rng.uniform(0.7, 1.9), s=(size, size))
    out = _scaled(pixels)
    if rng.random() < 0.4:
        out = np.where(out > np.quantile(out, rng.uniform(0.2, 0.8)), out, out // 3)
    return out.astype(np.uint8)


def shapes(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """Flat polygons and ellipses: drawings, logos, screens."""
    canvas = Image.new("L", (size, size), int(rng.integers(0, 256)))
    draw = ImageDraw.Draw(canvas)
    for _i in range(int(rng.integers(1, 25))):
        x, y = rng.uniform(-0.1, 1.0, 2) * size
        w, h = rng.uniform(0.02, 0.6, 2) * size
        tone = int(rng.integers(0, 256))
        kind = rng.integers(0, 4)
        if kind == 0:
            draw.ellipse((x, y, x + w, y + h), tone)
        elif kind == 1:
            draw.rectangle((x, y, x + w, y + h), tone)
        elif kind == 2:
            draw.polygon([tuple(p) for p in rng.uniform(0, 1, (3, 2)) * size], tone)
        else:
            draw.line((x, y, x + w, y + h), tone, int(rng.integers(1, 9)))
    out = np.asarray(canvas)
    if rng.random() < 0.5:
        grain = rng.normal(0, rng.uniform(2, 25), out.shape)
        out = np.clip(out + grain, 0, 255).astype(np.uint8)
    return out


def page(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """Lines of text, dark on light or light on dark."""
    dark = rng.random() < 0.4
    canvas = Image.new("L", (size, size), 20 if dark else int(rng.integers(200, 256)))
    draw = ImageDraw.Draw(canvas)
    height = rng.uniform(0.025, 0.08) * size
    font = ImageFont.load_default(float(height))
    y = rng.uniform(0, 0.2) * size
    while y < size * rng.uniform(0.6, 1.0):
        draw.text(
            (rng.uniform(0, 0.2) * size, y),
            random_text(rng, int(rng.integers(3, 60))),
            220 if dark else 20,
            font,
        )
        y += height * rng.uniform(1.1, 2.0)
    return np.asarray(canvas)


def shuffled(rng: np.random.Generator, size: int, real: Gray) -> Gray:
    """A real scan cut into tiles and laid at random: right texture, no anatomy."""
    cells = int(rng.choice([3, 4, 6, 8]))
    side = size // cells
    source = np.asarray(Image.fromarray(real).resize((cells * side, cells * side)))
    tiles = source.reshape(cells, side, cells, side).swapaxes(1, 2).reshape(-1, side, side)
    tiles = tiles[rng.permutation(len(tiles))]
    if rng.random() < 0.5:
        tiles = np.stack([np.rot90(t, int(rng.integers(0, 4))) for t in tiles])
    out = tiles.reshape(cells, cells, side, side).swapaxes(1, 2).reshape(cells * side, -1)
    blurred = Image.fromarray(np.ascontiguousarray(out)).resize((size, size))
    return np.asarray(blurred.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.5)))))


def detail(rng: np.random.Generator, size: int, real: Gray) -> Gray:
    """A small piece of a scan enlarged: ultrasound, but no plane can be seen."""
    part = int(real.shape[0] * rng.uniform(0.06, 0.16))
    x, y = rng.integers(0, real.shape[0] - part, 2)
    piece = Image.fromarray(real[y : y + part, x : x + part]).resize((size, size))
    return np.asarray(piece)


def inverted(rng: np.random.Generator, size: int, real: Gray) -> Gray:
    """A scan upside down and in negative."""
    out = 255 - np.asarray(Image.fromarray(real).resize((size, size)))
    return np.ascontiguousarray(out[::-1] if rng.random() < 0.7 else out)


def _speckled(tissue: Pixels, rng: np.random.Generator) -> Pixels:
    size = tissue.shape[0]
    wide = Image.fromarray(rng.standard_normal((size, size // 2)).astype(np.float32))
    grain = np.asarray(wide.resize((size, size), Image.Resampling.BILINEAR))
    rayleigh = np.abs(grain + 1j * np.roll(grain, 7, 0).T[:size, :size])
    return np.asarray(np.log1p(12 * tissue * rayleigh), np.float32)


def _sector(pixels: Pixels, rng: np.random.Generator) -> Pixels:
    size = pixels.shape[0]
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    apex = rng.uniform(-0.5, 0.05)
    angle, radius = np.abs(np.arctan2(x - 0.5, y - apex)), np.hypot(x - 0.5, y - apex)
    inside = (angle < rng.uniform(0.4, 0.9)) & (radius > rng.uniform(0.02, 0.3))
    return np.where(inside & (radius < rng.uniform(0.85, 1.1) - min(apex, 0)), pixels, 0)


def layered(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """Speckled layers, as in muscle, skin or breast scans, with a linear or a sector field."""
    depth = np.cumsum(rng.uniform(0.02, 0.25, 14))
    tones = rng.uniform(0.02, 1.0, 15)
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    wave = y + rng.uniform(0, 0.06) * np.sin(x * rng.uniform(2, 14) + rng.uniform(0, 6))
    tissue = tones[np.searchsorted(depth, wave.ravel())].reshape(size, size).astype(np.float32)
    if rng.random() < 0.6:
        a, b = rng.uniform(0.2, 0.8, 2)
        radius = np.hypot((x - a) / rng.uniform(0.05, 0.2), (y - b) / rng.uniform(0.03, 0.15))
        tissue = np.where(radius < 1, rng.uniform(0.01, 0.3), tissue).astype(np.float32)
    pixels = _speckled(tissue, rng)
    if rng.random() < 0.4:
        pixels = _sector(pixels, rng)
    return _scaled(pixels, 0, float(rng.uniform(140, 255)))


def chambers(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """A sector of speckle with dark cavities: heart, vessel, bladder, gallbladder."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32) / size
    tissue = np.full((size, size), rng.uniform(0.2, 0.7), np.float32)
    for _i in range(int(rng.integers(0, 6))):
        a, b = rng.uniform(0.2, 0.8, 2)
        turn = rng.uniform(0, np.pi)
        u = (x - a) * np.cos(turn) + (y - b) * np.sin(turn)
        v = -(x - a) * np.sin(turn) + (y - b) * np.cos(turn)
        radius = np.hypot(u / rng.uniform(0.04, 0.3), v / rng.uniform(0.03, 0.15))
        tissue[radius < 1] = rng.uniform(0.0, 0.1)
        tissue[(radius >= 1) & (radius < 1.15)] = rng.uniform(0.4, 1.0)
    pixels = _speckled(tissue * np.float32(1.1 - rng.uniform(0, 0.9)) * (1.2 - y), rng)
    return _scaled(_sector(pixels, rng), 0, float(rng.uniform(120, 255)))


def leaves(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """Overlapping textured discs of all sizes: the statistics of a photograph."""
    canvas = Image.new("L", (size, size), int(rng.integers(0, 256)))
    draw = ImageDraw.Draw(canvas)
    for _i in range(int(rng.integers(60, 350))):
        radius = size * min(0.45, 0.02 / rng.uniform(0.03, 1.0) ** 0.9)
        x, y = rng.uniform(-0.1, 1.1, 2) * size
        wide, tone = radius * rng.uniform(0.3, 1.0), int(np.clip(rng.normal(120, 70), 0, 255))
        if rng.random() < 0.5:
            draw.ellipse((x - radius, y - wide, x + radius, y + wide), tone)
        else:
            draw.rectangle((x - radius, y - wide, x + radius, y + wide), tone)
    texture = fractal(rng, size, np.empty(0, np.uint8)).astype(np.float32) - 127
    pixels = np.asarray(canvas, np.float32) + texture * rng.uniform(0, 0.6)
    softened = Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8))
    return np.asarray(softened.filter(ImageFilter.GaussianBlur(float(rng.uniform(0, 1.5)))))


def scrambled(rng: np.random.Generator, size: int, real: Gray) -> Gray:
    """A scan's own spectrum with random phases, in the scan's field of view."""
    pixels = np.asarray(Image.fromarray(real).resize((size, size)), np.float32)
    spectrum = np.fft.rfft2(pixels)
    phase = np.exp(2j * np.pi * rng.random(spectrum.shape))
    out = np.fft.irfft2(np.abs(spectrum) * phase, s=(size, size))
    field = Image.fromarray((pixels > 12).astype(np.uint8) * 255)
    inside = np.asarray(field.filter(ImageFilter.MedianFilter(9))) > 127
    return _scaled(np.where(inside, np.abs(out - out.mean()) ** rng.uniform(0.6, 1.4), 0))


def molten(rng: np.random.Generator, size: int, real: Gray) -> Gray:
    """A scan bent until no anatomy is left: tissue of another organ, the same machine."""
    picture = Image.fromarray(real).resize((size, size))
    cells = int(rng.integers(3, 6))
    nodes = np.linspace(0, size, cells + 1)
    at = np.stack(np.meshgrid(nodes, nodes, indexing="ij"), 2)
    at = at + rng.uniform(-0.9, 0.9, at.shape) * size / cells
    mesh = []
    for i in range(cells):
        for j in range(cells):
            box = (int(nodes[j]), int(nodes[i]), int(nodes[j + 1]), int(nodes[i + 1]))
            corners = (at[i, j], at[i + 1, j], at[i + 1, j + 1], at[i, j + 1])
            mesh.append((box, tuple(float(v) for y, x in corners for v in (x, y))))
    return np.asarray(
        picture.transform((size, size), Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
    )


def _smooth(rng: np.random.Generator, size: int, cells: int) -> Pixels:
    """Soft hills and valleys, mean 0."""
    coarse = rng.standard_normal((cells, cells)).astype(np.float32)
    hills = Image.fromarray(coarse).resize((size, size), Image.Resampling.BICUBIC)
    return np.asarray(hills, np.float32)


def _piece(rng: np.random.Generator, size: int, real: Gray) -> Pixels:
    """A turned, enlarged part of a scan."""
    part = int(real.shape[0] * rng.uniform(0.25, 0.6))
    x, y = rng.integers(0, real.shape[0] - part, 2)
    cut = Image.fromarray(np.ascontiguousarray(real[y : y + part, x : x + part]))
    turned = cut.rotate(float(rng.uniform(0, 360)), Image.Resampling.BILINEAR)
    inner = int(part * 0.15)
    whole = turned.crop((inner, inner, part - inner, part - inner)).resize((size, size))
    return np.asarray(whole, np.float32)


def collage(rng: np.random.Generator, size: int, real: Gray) -> Gray:
    """Tissue of a scan in organic patches, with cavities and walls, in a sector: another organ."""
    count = int(rng.integers(2, 6))
    pieces = np.stack([_piece(rng, size, real) for _ in range(count)])
    gains = np.exp(rng.normal(0, 0.5, count)).astype(np.float32)
    hills = np.stack([_smooth(rng, size, int(rng.integers(3, 8))) for _ in range(count)])
    share = np.exp(rng.uniform(2, 12) * hills)
    pixels = (pieces * gains[:, None, None] * share).sum(0) / share.sum(0)
    for _ in range(int(rng.integers(0, 4))):
        hill = _smooth(rng, size, int(rng.integers(3, 6)))
        level = float(np.quantile(hill, rng.uniform(0.6, 0.92)))
        pixels = np.where(hill > level, pixels * np.float32(rng.uniform(0, 0.4)), pixels)
        rim = np.abs(hill - level) < rng.uniform(0.02, 0.12)
        pixels = np.where(rim, pixels * np.float32(rng.uniform(1, 2.5)) + 20, pixels)
    if rng.random() < 0.7:
        pixels = _sector(pixels.astype(np.float32), rng)
    return np.asarray(np.clip(pixels * rng.uniform(0.7, 1.6), 0, 255), np.uint8)


def stripes(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """Waves and checks: tests patterns, fabric, interference."""
    y, x = np.mgrid[0:size, 0:size] / size
    pixels = np.sin(2 * np.pi * (x * rng.uniform(0, 30) + y * rng.uniform(0, 30)))
    if rng.random() < 0.5:
        pixels = pixels * np.sin(2 * np.pi * (x * rng.uniform(0, 30) - y * rng.uniform(0, 30)))
    if rng.random() < 0.5:
        pixels = np.sign(pixels)
    return _scaled(pixels, float(rng.uniform(0, 90)), float(rng.uniform(140, 255)))


def trace(rng: np.random.Generator, size: int, _: Gray) -> Gray:
    """A spectral Doppler or ECG strip: bright curve and baseline on black."""
    x = np.arange(size)
    beat = np.abs(np.sin(np.pi * x / size * rng.uniform(2, 9))) ** rng.uniform(0.5, 4)
    height = beat * rng.uniform(0.2, 0.7) * size
    base = rng.uniform(0.5, 0.95) * size
    y = np.arange(size)[:, None]
    filled = (y < base) & (y > base - height)
    pixels: npt.NDArray[np.float64] = filled * rng.gamma(1.5, 60, (size, size))
    pixels = pixels + (np.abs(y - base) < 1) * 200.0
    return np.asarray(np.clip(pixels + rng.normal(8, 4, (size, size)), 0, 255), np.uint8)


def checkerboard_scan(rng: np.random.Generator, size: int, real: Gray) -> Gray:
    """Columns of a real scan in random order: right histogram, no anatomy."""
    source = np.asarray(Image.fromarray(real).resize((size, size)))
    width = int(rng.integers(2, 12))
    groups = np.array_split(np.arange(size), size // width)
    order = np.concatenate([groups[i] for i in rng.permutation(len(groups))])
    return np.ascontiguousarray(source[:, order])


TRAIN_FAMILIES: dict[str, Family] = {
    "noise": noise,
    "blank": blank,
    "fractal": fractal,
    "shapes": shapes,
    "page": page,
    "shuffled": shuffled,
    "detail": detail,
    "inverted": inverted,
    "layered": layered,
    "chambers": chambers,
    "leaves": leaves,
    "scrambled": scrambled,
    "molten": molten,
    "collage": collage,
}
# How often each is drawn in training: what looks most like a scan is the hardest to tell.
SHARES = {"collage": 4.0, "molten": 2.5, "leaves": 2.0, "scrambled": 1.5, "chambers": 1.5}
HELD_OUT_FAMILIES: dict[str, Family] = {
    "stripes": stripes,
    "trace": trace,
    "column_shuffle": checkerboard_scan,
}
