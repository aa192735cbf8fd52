"""Text that tells the fetal sex is withheld (PCPNDT Act, India): words in the five languages.

Rather one harmless sentence too many than one that tells. The pages hold the same list as a last wall.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import replace

from services.domain.report import FrameReading, Report

WITHHELD = "withheld"
FLAG = "text_withheld"

# fmt: off
_LATIN = (
    "sex", "sexes", "gender", "male", "males", "female", "females", "boy", "boys", "girl",
    "girls", "is a son", "baby son", "daughter", "penis", "penile", "phallus", "phallic",
    "scrotum", "scrotal", "testis", "testes", "testicle", "testicles", "testicular", "vulva",
    "vulval", "labia", "labial", "clitoris", "vagina", "vaginal", "uterine horn", "genital",
    "genitals", "genitalia", "hamburger sign", "turtle sign", "xx", "xy", "46xx", "46xy",
    "sexe", "garçon", "garçons", "fille", "filles", "fils", "masculin", "masculine", "féminin",
    "féminine", "mâle", "femelle", "pénis", "testicule", "testicules", "organes génitaux",
    "génital", "génitaux", "sexo", "menino", "menina", "masculino", "feminino", "feminina",
    "macho", "fêmea", "filho", "filha", "pênis", "testículo", "testículos", "genitália",
    "genitais", "jinsia", "mvulana", "msichana", "wa kiume", "wa kike", "kiume", "kike", "uume",
    "uke", "korodani",
)
_DEVANAGARI = (
    "लिंग", "लड़का", "लड़की", "लड़के", "बेटा", "बेटी", "पुत्र", "पुत्री", "नर", "मादा",
    "पुरुष", "स्त्री", "महिला शिशु", "शिश्न", "अंडकोष", "जननांग", "योनि", "बालक", "बालिका",
)
# In a text about the fetus alone; in a person's note they speak of the mother.
_PRONOUNS = (
    "he", "she", "him", "his", "her", "hers", "himself", "herself",
)
# fmt: on
SYMBOLS = "♀♂⚥🚹🚺👦👧"
FETAL_WORDS = (*_LATIN, *_DEVANAGARI, *_PRONOUNS)  # for runtimes in other languages
_SYMBOLS = re.compile(f"[{SYMBOLS}]")
_INVISIBLE = re.compile("[\u00ad\u200b-\u200d\u2060\ufeff]")
# "m a l e", "f-e-m-a-l-e": single letters kept apart
_APART = re.compile(r"(?<![^\W\d_])[^\W\d_](?:[\s.\-_*][^\W\d_])+(?![^\W\d_])")
_LETTER = r"[\w\u0900-\u0963\u0300-\u036f]"  # vowel signs of Devanagari are not \w


def _pattern(words: tuple[str, ...]) -> re.Pattern[str]:
    joined = "|".join(re.escape(w).replace(r"\ ", r"\s+") for w in words)
    return re.compile(f"(?<!{_LETTER})(?:{joined})(?!{_LETTER})", re.IGNORECASE)


_WORDS = _pattern(_LATIN + _DEVANAGARI)
_WITH_PRONOUNS = _pattern(_LATIN + _DEVANAGARI + _PRONOUNS)


def tells_sex(text: str, *, fetus_only: bool = False) -> bool:
    """Whether a text tells the fetal sex, or may. ``fetus_only``: it speaks of nobody else."""
    plain = _INVISIBLE.sub("", unicodedata.normalize("NFKC", text))
    joined = _APART.sub(lambda run: re.sub(r"[\s.\-_*]", "", run[0]), plain)
    words = _WITH_PRONOUNS if fetus_only else _WORDS
    return any(p.search(t) for p in (_SYMBOLS, words) for t in (plain, joined))


def withhold(interpretation: dict[str, str]) -> dict[str, str]:
    """The same fields; a value that tells is replaced by ``WITHHELD``."""
    return {
        key: WITHHELD if tells_sex(value, fetus_only=True) else value
        for key, value in interpretation.items()
    }


def cleaned(report: Report) -> Report:
    """A report from elsewhere: nothing in its words tells."""
    return replace(
        report,
        frames=tuple(_frame(f) for f in report.frames),
        comment=WITHHELD if tells_sex(report.comment) else report.comment,
    )


def _frame(frame: FrameReading) -> FrameReading:
    kept = withhold(frame.interpretation)
    if kept == frame.interpretation:
        return frame
    flags = tuple(dict.fromkeys((*frame.flags, FLAG)))
    return replace(frame, interpretation=kept, flags=flags)
