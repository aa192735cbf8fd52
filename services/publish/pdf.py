"""The printed report: A4, five languages, the label on every page. Made when it is asked for.

Noto Sans (SIL Open Font License) is embedded; Devanagari is shaped by HarfBuzz, since its letters
change their order and form beside each other.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from services.domain.biometry import age_by_last_period, last_period_of, weeks_and_days
from services.domain.dicom_values import STUDY_DATE, first_text, iso_date
from services.domain.report import FrameReading, Report, percent
from services.publish.pdf_strings import Words

MEDIA_TYPE = "application/pdf"
_FONTS = Path(__file__).with_name("fonts")
_INK, _SOFT, _WARN = (20, 24, 31), (95, 103, 115), (178, 34, 34)
Overlays = Mapping[tuple[str, int], bytes]


def render(
    report: Report,
    attributes: dict[str, Any],
    overlays: Overlays,
    language: str = "en",
    *,
    last_period: date | None = None,
) -> bytes:
    """A PDF of one version of a report.

    Args:
        attributes: the study's DICOM JSON: name, number, dates.
        overlays: (SOP Instance UID, frame) → PNG with the label burned in; a missing one is left out.
        last_period: first day of the last period where it is not in ``attributes``.

    Raises:
        ValueError: not one of the five languages.
    """
    page = _Page(report, Words(language))
    page.add_page()
    page.patient(attributes, last_period)
    best = report.best
    for frame in sorted(report.frames, key=lambda f: f is not best):
        page.frame(
            frame,
            overlays.get((frame.sop_uid, frame.frame)),
            age_by_last_period(attributes, last_period),
        )
    page.ending()
    return bytes(page.output())


class _Page(FPDF):
    def __init__(self, report: Report, words: Words) -> None:
        super().__init__(format="A4")
        self._report, self._words = report, words
        for style, name in (("", "Regular"), ("B", "Bold")):
            self.add_font("sans", style, _FONTS / f"NotoSans-{name}.ttf")
            self.add_font("deva", style, _FONTS / f"NotoSansDevanagari-{name}.ttf")
        # Names may be in either script, whatever the language of the report.
        self.set_fallback_fonts(["deva"], exact_match=True)
        self.set_text_shaping(True)
        self.set_title(words("title"))
        self.set_lang(words.language)
        self.set_creator("FADA")
        self.set_creation_date(report.created_at)
        self.set_margins(16, 14, 16)
        self.set_auto_page_break(True, margin=22)

    # --- on every page -----------------------------------------------------------------------
    def header(self) -> None:
        """On every page: the title, and whether a person has reviewed it (fpdf2 calls this)."""
        self._write(self._words("title"), 15, bold=True)
        self._write(self._state(), 10, bold=True, colour=_WARN if not self._reviewed else _SOFT)
        self.set_draw_color(*_SOFT)
        self.line(self.l_margin, self.get_y() + 1, self.w - self.r_margin, self.get_y() + 1)
        self.ln(3)

    def footer(self) -> None:
        """On every page: the review state again, the release, the page number (fpdf2 calls this)."""
        self.set_y(-18)
        release = self._report.release
        self._write(self._state(), 8, bold=True, colour=_WARN if not self._reviewed else _SOFT)
        self._write(
            f"{self._words('release')}: {release.name} {release.version} · sha256 {release.sha256}",
            6.5, colour=_SOFT,
        )  # fmt: skip
        self._write(f"{self._words('page')} {self.page_no()}", 6.5, colour=_SOFT)

    @property
    def _reviewed(self) -> bool:
        return self._report.reviewed_by is not None

    def _state(self) -> str:
        if not self._reviewed:
            return self._words("unreviewed")
        text = f"{self._words('reviewed')} {self._report.reviewed_by}"
        at = self._report.reviewed_at
        return f"{text}, {self._words('on')} {_time(at)}" if at is not None else text

    # --- the parts ---------------------------------------------------------------------------
    def patient(self, attributes: dict[str, Any], last_period: date | None) -> None:
        """Who, from the study\'s DICOM JSON, and the last menstrual period."""
        period = last_period_of(attributes, last_period)
        rows = (
            ("patient", first_text(attributes, "00100010").replace("^", " ").strip()),
            ("number", first_text(attributes, "00100020")),
            ("born", iso_date(attributes, "00100030")),
            ("day", iso_date(attributes, STUDY_DATE)),
            ("accession", first_text(attributes, "00080050")),
            ("period", period.isoformat() if period else ""),
            ("made", _time(self._report.created_at)),
        )
        for key, value in rows:
            if value:
                self._row(self._words(key), value)
        self.ln(2)

    def frame(self, frame: FrameReading, overlay: bytes | None, lmp_days: float | None) -> None:
        """One image: what was found, with its picture."""
        if self.get_y() > self.h - 110:
            self.add_page()
        words = self._words
        self._heading(f"{words('image')} {frame.sop_uid[-12:]} / {frame.frame}")
        if overlay is not None:
            width = 86.0
            height = width * frame.height / max(frame.width, 1)
            if self.get_y() + height > self.h - 24:
                self.add_page()
            self.image(io.BytesIO(overlay), w=width, h=height)
            self.ln(2)
        if frame.plane is not None:
            sure = f"{percent(frame.plane.confidence)} {words('confidence')}"
            self._row(words("plane"), f"{words.label(frame.plane.label)} ({sure})")
        self._row(words("quality"), percent(frame.quality))
        for n, one in enumerate(frame.structures):
            text = f"{words.label(one.label)} ({percent(one.confidence)} {words('confidence')})"
            self._row(words("structures") if n == 0 else "", text)
        self._figures(frame, lmp_days)
        for n, (reason, about) in enumerate(frame.abstentions):
            subject = "" if about == "image" else f"{words.label(about)}: "
            self._row(words("not_assessed") if n == 0 else "", subject + words(reason.value))
        self._said(frame)
        self.ln(2)

    def _figures(self, frame: FrameReading, lmp_days: float | None) -> None:
        words = self._words
        for n, m in enumerate(frame.measurements):
            if m.mm is None:
                text = f"{m.name} {m.px:.0f} px · {words('px_only')}"
            else:
                text = f"{m.name} {m.mm:.1f} mm"
                if m.mm_low is not None and m.mm_high is not None:
                    text += f" ({words('interval')} {m.mm_low:.1f}–{m.mm_high:.1f} mm)"
            self._row(words("measurements") if n == 0 else "", text)
        for n, d in enumerate(frame.datings):
            text = d.text
            if d.low_days is not None and d.high_days is not None:
                low, high = weeks_and_days(d.low_days), weeks_and_days(d.high_days)
                text += f" ({words('two_sd')}: {low} – {high})"
            self._row(words("age") if n == 0 else "", f"{text} {words('by')} {d.equation}")
        if lmp_days is not None and frame.datings:
            self._row(words("age_period"), weeks_and_days(lmp_days))
            difference = frame.datings[0].days - lmp_days
            self._row(words("discordance"), f"{difference:+.0f} {words('days')}")
        for c in frame.centiles:
            self._row(
                words("centile"),
                f"{c.measurement} {c.centile:.0f} · {c.chart} · {weeks_and_days(c.at_days)}",
            )

    def _said(self, frame: FrameReading) -> None:
        """The model's sentences, never without what was looked at: "normal" alone says too much."""
        if not frame.interpretation:
            return
        words = self._words
        seen = ", ".join(words.label(s.label) for s in frame.structures) or words("not_assessed")
        self._row(words("looked_at"), seen)
        text = "; ".join(
            f"{key.replace('_', ' ')}: {value}"
            for key, value in frame.interpretation.items()
            if value
        )
        self._row(words("text"), text)

    def ending(self) -> None:
        """What was not analysed and why, and the reviewer's comment."""
        if self._report.skipped:
            self._heading(self._words("skipped"))
            for sop_uid, code in self._report.skipped:
                self._row(sop_uid[-12:], code.replace("_", " "))
        if self._report.comment:
            self._heading(self._words("comment"))
            self._write(self._report.comment, 9)

    # --- letters -----------------------------------------------------------------------------
    def _heading(self, text: str) -> None:
        self._write(text, 11, bold=True)

    def _row(self, name: str, value: str) -> None:
        self._font("", 9)
        self.set_text_color(*_SOFT)
        top = self.get_y()
        self.multi_cell(46, 5, _printable(name), new_x=XPos.RIGHT, new_y=YPos.TOP)
        self._font("", 9)
        self.set_text_color(*_INK)
        below = max(self.get_y(), top)
        self.set_xy(self.l_margin + 48, below)
        self.multi_cell(0, 5, _printable(value), new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def _font(self, style: str, size: float) -> None:
        """fpdf takes an unchanged font for one that is set, though a line may have ended in the other."""
        self.font_family = ""
        self.set_font("sans", style, size)

    def _write(
        self, text: str, size: float, *, bold: bool = False, colour: tuple[int, int, int] = _INK
    ) -> None:
        self._font("B" if bold else "", size)
        self.set_text_color(*colour)
        self.multi_cell(0, size * 0.48, _printable(text), new_x=XPos.LMARGIN, new_y=YPos.NEXT)


def _printable(text: str) -> str:
    """Control characters have no place on paper."""
    return "".join(c if c.isprintable() or c == "\n" or c == "\u200d" else " " for c in text)


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
