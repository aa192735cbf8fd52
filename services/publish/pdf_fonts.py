"""The fonts of the printed report, by script: each is loaded only where a text needs it.

Noto Sans (SIL Open Font License 1.1); for Chinese, Japanese and Korean names Droid Sans Fallback (Apache
License 2.0), which has all three in 4 MB. Letters are shaped and ordered by HarfBuzz and the bidirectional
algorithm of fpdf2.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).with_name("fonts")


@dataclass(frozen=True, slots=True)
class Font:
    """A family; ``ranges`` are the code points that ask for it, ``bold`` may be the regular one."""

    family: str
    regular: str
    bold: str
    ranges: tuple[tuple[int, int], ...] = ()

    def is_needed(self, text: str) -> bool:
        """Whether ``text`` has a letter of this font's script."""
        return any(low <= ord(letter) <= high for letter in text for low, high in self.ranges)


LATIN: Final = Font("sans", "NotoSans-Regular.ttf", "NotoSans-Bold.ttf")
OTHERS: Final = (
    Font(
        "deva", "NotoSansDevanagari-Regular.ttf", "NotoSansDevanagari-Bold.ttf",
        ((0x0900, 0x097F), (0xA8E0, 0xA8FF)),
    ),
    Font(
        "arab", "NotoSansArabic-Regular.ttf", "",
        ((0x0600, 0x06FF), (0x0750, 0x077F), (0x08A0, 0x08FF), (0xFB50, 0xFDFF), (0xFE70, 0xFEFF)),
    ),
    Font("hebr", "NotoSansHebrew-Regular.ttf", "", ((0x0590, 0x05FF), (0xFB1D, 0xFB4F))),
    Font("thai", "NotoSansThai-Regular.ttf", "", ((0x0E00, 0x0E7F),)),
    Font(
        "cjk", "DroidSansFallback-Regular.ttf", "",
        ((0x3000, 0x4DBF), (0x4E00, 0x9FFF), (0xAC00, 0xD7AF), (0xF900, 0xFAFF), (0xFF00, 0xFFEF)),
    ),
)  # fmt: skip


def needed(texts: Iterable[str]) -> list[Font]:
    """The fonts that ``texts`` need beside Latin."""
    whole = "".join(texts)
    return [font for font in OTHERS if font.is_needed(whole)]
