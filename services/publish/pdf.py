"""The printed report of an examination: one A4 page in five languages, the label on it. Made on request.

In the order of a fetal biometry report: who, when, why; dating; the fetus; biometry; weight; growth;
anatomy; impression. Images follow on further pages where they are asked for.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from typing import Any

from services.domain.examination.examination import Examination
from services.domain.report import FrameReading, Report, percent
from services.publish import pdf_sections
from services.publish.pdf_growth import draw_growth
from services.publish.pdf_sheet import Sheet
from services.publish.pdf_strings import Words

MEDIA_TYPE = "application/pdf"
Overlays = Mapping[tuple[str, int], bytes]
_NAMES = ("00100010", "00080090", "00081070", "00081030", "00080070", "00081090", "00100020")
_PER_ROW = 2


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
    names = [said.source.name for said in examination.said]
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
        height = min(height, 110.0)
        if sheet.will_page_break(height + 28):
            sheet.add_page()
        top, below = sheet.get_y() + 1, sheet.get_y()
        for column, one in enumerate(row):
            left = sheet.l_margin + column * (width + 6)
            sheet.image(
                io.BytesIO(overlays[one.sop_uid, one.frame]), x=left, y=top, w=width, h=height,
                keep_aspect_ratio=True,
            )  # fmt: skip
            below = max(below, _caption(sheet, one, left, top + height + 1, width))
        sheet.set_xy(sheet.l_margin, below + 2)


def _caption(sheet: Sheet, frame: FrameReading, left: float, top: float, width: float) -> float:
    """The plane, what was measured and what was not; where it ends."""
    words = sheet.words
    plane = words("no_plane")
    if frame.plane is not None:
        sure = f"{percent(frame.plane.confidence)} {words('confidence')}"
        plane = f"{words.label(frame.plane.label)} ({sure})"
        if frame.subplane is not None:
            plane += f" · {words.label(frame.subplane.label)}"
    sheet.set_xy(left, top)
    lines = [plane, ", ".join(words.label(one.label) for one in frame.structures)]
    lines.append(" · ".join(pdf_sections.figure(words, one) for one in frame.measurements))
    lines += [f"{words.label(one.name)} {one.degrees:.0f}°" for one in frame.angles]
    lines += [pdf_sections.abstention(words, *one) for one in frame.abstentions]
    lines += [f"{words('looked_at')}. {words('text')}: {text}" for text in _said(frame)]
    for number, line in enumerate(line for line in lines if line):
        sheet.use(8 if number == 0 else 7, bold=number == 0)
        sheet.set_x(left)
        sheet.multi_cell(width, 3.6, line, align="L", new_x="LEFT", new_y="NEXT")
    return sheet.get_y()


def _said(frame: FrameReading) -> list[str]:
    """The model's sentences as one text; none where it has said nothing."""
    said = "; ".join(
        f"{key.replace('_', ' ')}: {value}" for key, value in frame.interpretation.items() if value
    )
    return [said] if said else []
