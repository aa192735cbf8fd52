"""What is committed in dist was built from the sources beside it, and speaks all languages whole."""

from __future__ import annotations

import hashlib
import json
import os
import re
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
HUB, PHONE, SHARED = (ROOT / "web" / name for name in ("hub", "phone", "shared"))
ROOTS = (
    "index.html", "package.json", "public", "src", "tsconfig.json", "vite.config.ts",
    "../package-lock.json", "../shared", "../sources.ts", "../catalogue.ts", "../tsconfig.base.json",
)  # fmt: skip
LANGUAGES = ("en", "fr", "sw", "hi", "pt")


def digest(app: Path) -> str:
    """As ``sources.ts`` computes it."""
    roots = [path for name in ROOTS if (path := app / name).exists()]
    files = [f for root in roots for f in ([root] if root.is_file() else root.rglob("*"))]
    named = sorted((os.path.relpath(f, app), f) for f in files if f.is_file())
    lines = (f"{hashlib.sha256(f.read_bytes()).hexdigest()} {name}\n" for name, f in named)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


@pytest.mark.parametrize("app", [HUB, PHONE], ids=["hub", "phone"])
def test_dist_is_built_from_these_sources(app: Path) -> None:
    built_from = (app / "dist" / "sources.sha256").read_text().strip()
    assert built_from == digest(app), "run `make pages`"


@cache
def catalogue(language: str) -> dict[str, str]:
    return json.loads((SHARED / "i18n" / f"{language}.json").read_text())


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_no_key_is_missing(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    assert list(other) == list(english)
    holes = re.compile(r"\{\w+\}")
    for key, words in english.items():
        assert other[key].strip(), key
        assert sorted(holes.findall(other[key])) == sorted(holes.findall(words)), key


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_numbers_and_units_are_the_same(language: str) -> None:
    figures = re.compile(r"\d+|\b(?:mm|px|DICOM|ZIP|PNG|JPEG)\b")
    for key, words in catalogue("en").items():
        if not key.startswith("notes."):
            there = sorted(figures.findall(catalogue(language)[key]))
            assert there == sorted(figures.findall(words)), key


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_what_checkers_are_told_is_of_this_language(language: str) -> None:
    assert catalogue(language)["notes.terms"] != catalogue("en")["notes.terms"]


def test_every_key_that_is_asked_for_is_there() -> None:
    english = catalogue("en")
    asked = set()
    for path in (p for app in (HUB / "src", PHONE / "src", SHARED) for p in app.rglob("*.ts*")):
        asked |= set(re.findall(r"\bt\(\"([a-z_.A-Z0-9]+)\"", path.read_text()))
    assert asked - set(english) == set()
    assert len(asked) > 150


def test_the_built_pages_have_every_text_that_their_code_names() -> None:
    """Which keys a build leaves out (web/catalogue.ts) is decided by their beginning."""
    english = catalogue("en")
    sources = [p for app in (HUB / "src", PHONE / "src", SHARED) for p in app.rglob("*.ts*")]
    sources.append(SHARED / "i18n" / "sentences.json")
    named = {key for p in sources for key in re.findall(r"\"([a-z_]+\.[\w.-]+)\"", p.read_text())}
    named &= set(english)
    assert len(named) > 300
    for dist in (HUB / "dist", PHONE / "dist"):
        (built,) = (dist / "assets").glob("en-*.js")
        words = built.read_text()
        assert {key for key in named if f'"{key}":' not in words} == set()


def test_every_error_of_the_hub_has_words() -> None:
    from services.domain import errors

    codes = {
        e.code
        for e in vars(errors).values()
        if isinstance(e, type) and issubclass(e, errors.FadaError)
    }
    internal = {"lease_lost", "offset_mismatch", "upload_locked"}  # never shown to people
    known = {k.removeprefix("problem.") for k in catalogue("en")}
    missing = {c for c in codes - known - internal if not c.startswith("release_")}
    assert missing == set()


def test_no_inline_script_or_style() -> None:
    page = (HUB / "dist" / "index.html").read_text()
    assert "style=" not in page
    assert "<style" not in page
    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert "http://" not in page
    assert "https://" not in page


# Beginnings of keys of the pages whose words the printed report has, too; what is said of another noun is left out.
_OF_A_REPORT = (
    "measure.", "structure.", "plane.", "anatomy.", "presentation.", "heart.", "placenta.", "fluid.", "seen.",
    "label.", "figures.", "summary.centile", "phone.exam_", "fact.", "patient.", "calibration.", "source.",
    "answer.plane.", "age.title", "fetus.several",
)  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES[1:])
def test_pages_and_printed_report_call_the_same_thing_the_same(language: str) -> None:
    english, other = catalogue("en"), catalogue(language)
    same: dict[str, list[str]] = {}
    for key, text in english.items():
        if key.startswith(("pdf.", *_OF_A_REPORT)):
            same.setdefault(_bare(text), []).append(key)
    shared = [keys for keys in same.values() if any(key.startswith("pdf.") for key in keys)]
    assert sum(len(keys) > 1 for keys in shared) > 60
    differing = [keys for keys in shared if len({_bare(other[key]) for key in keys}) > 1]
    assert differing == []


def _bare(text: str) -> str:
    return text.strip().rstrip(".:।").lower()
