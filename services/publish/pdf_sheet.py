"""A sheet of the printed report: A4, header and footer with the review state, text, rows and tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime

from fpdf import FPDF
from fpdf.enums import XPos, YPos

from services.domain.report import Report
from services.publish import pdf_fonts
from services.publish.pdf_strings import Words

INK, SOFT, WARN, RULE = (20, 24, 31), (95, 103, 115), (178, 34, 34), (205, 210, 216)
SIZE = 9  # of running text, in points
_LINE = 4.3  # mm
_LABEL = 37.0
_SMALLEST = 5.5


class Sheet(FPDF):
    """What every page has, and how text is set on it. Lengths in mm."""

    def __init__(self, report: Report, words: Words, texts: Iterable[str]) -> None:
        """``texts`` are all that may be written: their scripts say which fonts are loaded."""
        super().__init__(format="A4")
        self.report, self.words = report, words
        self._load_fonts([*texts, report.reviewed_by or "", report.comment])
        self.set_title(words("title"))
        self.set_lang(words.language)
        self.set_creator("FADA")
        self.set_creation_date(report.created_at)
        self.set_margins(14, 10, 14)
        self.set_auto_page_break(True, margin=17)
        self.set_line_width(0.15)

    def _load_fonts(self, texts: list[str]) -> None:
        if self.words.language == "hi":
            texts.append("\u0915")
        fonts = pdf_fonts.needed(texts)
        for font in (pdf_fonts.LATIN, *fonts):
            self.add_font(font.family, "", pdf_fonts.FOLDER / font.regular)
            if font.bold:
                self.add_font(font.family, "B", pdf_fonts.FOLDER / font.bold)
        self.set_fallback_fonts([font.family for font in fonts], exact_match=False)
        self.set_text_shaping(True)

    # --- on every page -----------------------------------------------------------------------
    def header(self) -> None:
        """The title, and whether a person has reviewed it (fpdf2 calls this)."""
        self.text_line(self.words("title"), 14, bold=True)
        self.text_line(self.state(), 9, bold=True, colour=SOFT if self.reviewed else WARN)
        self.rule()

    def footer(self) -> None:
        """The review state again, the release, the page number (fpdf2 calls this)."""
        self.set_y(-15)
        release, words = self.report.release, self.words
        self.text_line(self.state(), 7.5, bold=True, colour=SOFT if self.reviewed else WARN)
        self.text_line(
            f"{words('release')}: {release.name} {release.version} · sha256 {release.sha256} · "
            f"{words('page')} {self.page_no()}", 5.5, colour=SOFT,
        )  # fmt: skip

    @property
    def reviewed(self) -> bool:
        """Whether a person has reviewed this version."""
        return self.report.reviewed_by is not None

    def state(self) -> str:
        """Who reviewed it and when; else that nobody has."""
        if not self.reviewed:
            return self.words("unreviewed")
        text = f"{self.words('reviewed')} {self.report.reviewed_by}"
        at = self.report.reviewed_at
        return f"{text}, {self.words('on')} {self.moment(at)}" if at is not None else text

    def moment(self, at: datetime) -> str:
        """A moment in UTC, as readers of the language write a day."""
        at = at.astimezone(UTC)
        return f"{self.words.day(at.date())} {at:%H:%M} UTC"

    # --- text --------------------------------------------------------------------------------
    def heading(self, text: str) -> None:
        """A section's title; never alone at the foot of a page."""
        if self.will_page_break(12):
            self.add_page()
        self.ln(1.3)
        self.text_line(text, 9.5, bold=True)

    def rule(self) -> None:
        """A thin line across."""
        self.set_draw_color(*RULE)
        self.line(self.l_margin, self.get_y() + 0.8, self.w - self.r_margin, self.get_y() + 0.8)
        self.ln(1.6)

    def text_line(
        self,
        text: str,
        size: float = SIZE,
        *,
        bold: bool = False,
        colour: tuple[int, int, int] = INK,
    ) -> None:
        """A paragraph over the whole width."""
        self.use(size, bold=bold, colour=colour)
        height = max(size * 0.46, 2.4)
        self.multi_cell(0, height, printable(text), align="L", new_x=XPos.LMARGIN, new_y=YPos.NEXT)

    def row(self, name: str, value: str) -> None:
        """A label and what it says."""
        self.pairs([(name, value)], columns=1)

    def pairs(self, pairs: Sequence[tuple[str, str]], columns: int = 2) -> None:
        """Labels and values side by side; a value may take several lines."""
        width = self.epw / columns
        label = _LABEL
        for start in range(0, len(pairs), columns):
            if self.will_page_break(_LINE):
                self.add_page()
            top, below = self.get_y(), self.get_y()
            for column, (name, value) in enumerate(pairs[start : start + columns]):
                left = self.l_margin + column * width
                for x, w, text, colour in (
                    (left, label, name, SOFT), (left + label, width - label - 2, value, INK),
                ):  # fmt: skip
                    self.use(colour=colour)
                    self.set_xy(x, top)
                    self.multi_cell(w, _LINE, printable(text), align="L", new_y=YPos.NEXT)
                    below = max(below, self.get_y())
            self.set_xy(self.l_margin, below)

    def grid(self, widths: Sequence[float], rows: Sequence[Sequence[str]]) -> None:
        """``widths`` are shares of the page; the first row is the head."""
        whole = sum(widths)
        for number, row in enumerate(rows):
            if self.will_page_break(_LINE + 1):
                self.add_page()
            for share, text in zip(widths, row, strict=True):
                width, size = self.epw * share / whole, 8.0
                self.use(size, bold=number == 0, colour=INK if number else SOFT)
                while size > _SMALLEST and self.get_string_width(text) > width - 1.5:
                    size -= 0.5
                    self.set_font_size(size)
                self.cell(width, _LINE + 0.3, printable(text))
            self.ln()
            self.set_draw_color(*RULE)
            self.line(self.l_margin, self.get_y(), self.w - self.r_margin, self.get_y())

    def use(
        self, size: float = SIZE, *, bold: bool = False, colour: tuple[int, int, int] = INK
    ) -> None:
        """Set the font. fpdf2 takes an unchanged one for set, though a line may have ended in another."""
        self.font_family = ""
        self.set_font("sans", "B" if bold else "", size)
        self.set_text_color(*colour)


def printable(text: str) -> str:
    """Control characters have no place on paper."""
    return "".join(c if c.isprintable() or c == "\n" or c == "\u200d" else " " for c in text)
