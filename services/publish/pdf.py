"""The printed report of an examination: one A4 page in five languages, the label on it. Made on request.

In the order of a fetal biometry report: who, when, why; dating; the fetus; biometry; weight; growth;
anatomy; impression. Images follow on further pages where they are asked for.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from fpdf.enums import MethodReturnValue

from services.domain.examination.examination import Examination
from services.domain.language.sentences import translated
from services.domain.report import (
    FEMUR_ANGLE,
    STEEP,
    Abstention,
    Angle,
    FrameReading,
    Measurement,
    Report,
    percent,
    whole_degrees,
)
from services.publish import pdf_sections
from services.publish.pdf_growth import draw_growth
from services.publish.pdf_sheet import Sheet, printable
from services.publish.pdf_strings import Words

MEDIA_TYPE = "application/pdf"
Overlays = Mapping[tuple[str, int], bytes]
_NAMES = ("00100010", "00080090", "00081030", "00100020")
_PER_ROW = 2
_TALLEST = 76.0  # mm of a picture: two rows fit on a page, their captions below them


def render(
    report: Report,
    attributes: dict[str, Any],
    examination: Examination,
    overlays: Overlays | None = None,
    language: str = "en",
) -> bytes:
    """A PDF of one version of a report.

    Args:
        attributes: the study's DICOM JSON: name, number, dates.
        examination: its images read as one, and what people entered.
        overlays: (SOP Instance UID, frame) → PNG or JPEG with the label burned in; they make further pages.

    Raises:
        ValueError: not one of the five languages.
    """
    words = Words(language)
    acquired = examination.acquired
    names = [said.source.name for said in examination.said] + [acquired.machine, acquired.operator]
    sheet = Sheet(report, words, [*_texts(attributes), *_strings(examination.facts), *names])
    sheet.add_page()
    pdf_sections.who(sheet, attributes, examination)
    pdf_sections.dating(sheet, attributes, examination)
    pdf_sections.fetus(sheet, examination)
    for letter, part in examination.parts:
        pdf_sections.biometry(sheet, part, letter)
        pdf_sections.weight(sheet, part)
        draw_growth(sheet, part)
    pdf_sections.anatomy(sheet, examination)
    pdf_sections.impression(sheet, examination)
    _images(sheet, report.frames, overlays or {})
    return bytes(sheet.output())


def _texts(attributes: dict[str, Any]) -> list[str]:
    """Every text of the study's header that is printed, a name in all the scripts that it is written in."""
    values = [value for tag in _NAMES for value in attributes.get(tag, {}).get("Value") or []]
    return [text for value in values for text in _strings(value)]


def _strings(value: Any) -> list[str]:
    """All texts within what people entered."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, Mapping):
        return [text for one in value.values() for text in _strings(one)]
    return []


def _images(sheet: Sheet, frames: Sequence[FrameReading], overlays: Overlays) -> None:
    """A grid of pictures, each under the name of its plane; what was found stands below it."""
    shown = [one for one in frames if (one.sop_uid, one.frame) in overlays]
    if not shown:
        return
    sheet.add_page()
    sheet.heading(sheet.words("key_images"))
    if len(shown) < len(frames):
        sheet.text_line(sheet.words("some_images").format(n=len(shown), all=len(frames)), 7.5)
    width = sheet.epw / _PER_ROW - 3
    for start in range(0, len(shown), _PER_ROW):
        row = shown[start : start + _PER_ROW]
        height = max(width * one.height / max(one.width, 1) for one in row)
        height = min(height, _TALLEST)
        captions = [_caption(sheet, one) for one in row]
        below = max(_set_caption(sheet, one, width, dry=True) for one in captions)
        if sheet.will_page_break(
            height + below + 2
        ):  # a picture and what is said of it stay together
            sheet.add_page()
        top = sheet.get_y() + 1
        for column, (one, caption) in enumerate(zip(row, captions, strict=True)):
            left = sheet.l_margin + column * (width + 6)
            sheet.image(
                io.BytesIO(overlays[one.sop_uid, one.frame]), x=left, y=top, w=width, h=height,
                keep_aspect_ratio=True,
            )  # fmt: skip
            sheet.set_xy(left, top + height + 1)
            _set_caption(sheet, caption, width)
        sheet.set_xy(sheet.l_margin, top + height + below + 2)


def _set_caption(sheet: Sheet, lines: Sequence[str], width: float, *, dry: bool = False) -> float:
    """Set it from here on, the first line large; its height in mm. ``dry``: reckon the height alone."""
    left, height = sheet.get_x(), 0.0
    for number, line in enumerate(lines):
        sheet.use(8 if number == 0 else 7, bold=number == 0)
        sheet.set_x(left)
        set_ = sheet.multi_cell(
            width, 3.6, line, align="L", new_x="LEFT", new_y="NEXT", dry_run=dry,
            output=MethodReturnValue.HEIGHT,
        )  # fmt: skip
        assert isinstance(set_, float | int)
        height += set_
    return height


def _caption(sheet: Sheet, frame: FrameReading) -> list[str]:
    """The plane, what was measured and what was not, and the model's text."""
    words = sheet.words
    plane = words("no_plane")
    if frame.plane is not None:
        plane = words.label(frame.plane.label)
        if frame.plane.confidence < 1:  # 1: a person named it
            plane += f" ({percent(frame.plane.confidence)} {words('confidence')})"
        if frame.subplane is not None:
            plane += f" · {words.label(frame.subplane.label)}"
    lines = [plane, ", ".join(words.label(one.label) for one in frame.structures)]
    lines.append(" · ".join(_figure(words, one) for one in frame.measurements))
    lines += [_inclined(words, one) for one in frame.angles]
    lines += [_abstention(words, *one) for one in frame.abstentions]
    lines += _said(words, frame)
    return [printable(line) for line in lines if line]


def _inclined(words: Words, angle: Angle) -> str:
    said = f"{words.label(angle.name)} {whole_degrees(angle.degrees)}°"
    if angle.low is not None and angle.high is not None:
        said += f" ({whole_degrees(angle.low)} – {whole_degrees(angle.high)}°)"
    steep = angle.name == FEMUR_ANGLE and angle.degrees > STEEP
    return f"{said} · {words('steep')}" if steep else said


def _said(words: Words, frame: FrameReading) -> list[str]:
    """The model's sentences, and that nothing else was looked at; nothing where it has said nothing."""
    said = [
        f"{words.field(name)}: {translated(text, words.language)}"
        for name, text in frame.interpretation.items()
        if text
    ]
    return [f"{words('looked_at')}. {words('text')}:", *said] if said else []


def _figure(words: Words, one: Measurement) -> str:
    """One image's value."""
    if one.mm is None:
        return f"{one.name} {one.px:.0f} px, {words('px_only')}"
    text = f"{one.name} {one.mm:.1f} mm"
    if one.mm_low is not None and one.mm_high is not None:
        text += f" ({one.mm_low:.1f}–{one.mm_high:.1f})"
    return text


def _abstention(words: Words, reason: Abstention, about: str) -> str:
    """What was not assessed, and why."""
    subject = "" if about == "image" else f"{words.label(about)}: "
    return f"{words('not_assessed')}: {subject}{words(reason.value)}"
