"""The rendered overlay: outlines, boxes, the head's axes and the label that stays."""

from __future__ import annotations

import io

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from services.domain.report import FrameReading, Report, named

# Colours that people with colour blindness tell apart (Okabe and Ito), by order of appearance.
COLOURS = ("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#0072B2", "#FFFFFF")


def colour(index: int) -> str:
    """The colour of the structure at ``index`` (0, 1, …), as #RRGGBB."""
    return COLOURS[index % len(COLOURS)]


def render(frame: NDArray[np.uint8], reading: FrameReading, label: str) -> Image.Image:
    """Draw ``reading`` on a decoded frame, (H, W) or (H, W, 3) uint8; ``label`` is burned in."""
    image = Image.fromarray(frame).convert("RGB")
    draw = ImageDraw.Draw(image)
    size = max(11, image.width // 46)
    font = ImageFont.load_default(size)
    for index, structure in enumerate(reading.structures):
        tint = colour(index)
        if structure.polygon:
            draw.line([*structure.polygon, structure.polygon[0]], fill=tint, width=2)
        else:
            draw.rectangle(structure.box, outline=tint, width=1)
        _text(
            draw,
            structure.box[0] + 2,
            structure.box[1] - size - 3,
            named(structure.label.replace("_", " "), structure.confidence),
            tint,
            font,
        )
    for measurement in reading.measurements:
        if measurement.name != "HC" and len(measurement.points) == 2:
            draw.line(measurement.points, fill="#FFFFFF", width=1)
    _caption(draw, image, _lines(reading), label, font, size)
    return image


def _lines(reading: FrameReading) -> list[str]:
    if reading.plane is None:
        reasons = ", ".join(
            f"{reason.value.replace('_', ' ')}" for reason, _ in reading.abstentions
        )
        return [f"not assessed: {reasons}"]
    lines = [named(reading.plane.label.replace("_", " "), reading.plane.confidence)]
    for m in reading.measurements:
        lines.append(
            f"{m.name} {m.mm:.1f} mm"
            if m.mm is not None
            else f"{m.name} {m.px:.0f} px only: not calibrated"
        )
    lines += [f"GA {d.text} {d.equation}" for d in reading.datings]
    return lines


def _caption(
    draw: ImageDraw.ImageDraw,
    image: Image.Image,
    lines: list[str],
    label: str,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
    size: int,
) -> None:
    for row, line in enumerate(lines):
        _text(draw, 4, 4 + row * (size + 4), line, "#FFFFFF", font)
    _text(draw, 4, image.height - size - 6, label, "#FFD24A", font)


def _text(
    draw: ImageDraw.ImageDraw,
    x: float,
    y: float,
    text: str,
    tint: str,
    font: ImageFont.ImageFont | ImageFont.FreeTypeFont,
) -> None:
    draw.text((x, max(y, 1.0)), text, fill=tint, font=font, stroke_width=1, stroke_fill="#000000")


def png(image: Image.Image) -> bytes:
    """PNG bytes, quick rather than small."""
    out = io.BytesIO()
    image.save(out, "PNG", compress_level=1)
    return out.getvalue()


def mask_png(mask: NDArray[np.bool_]) -> bytes:
    """One-channel PNG, 0 and 255, of a (H, W) mask."""
    return png(Image.fromarray(mask.astype(np.uint8) * 255))


def caption(report: Report) -> str:
    """The label that stays in the image, with the release that read it."""
    return f"{report.label} · {report.release.name} {report.release.version}"
