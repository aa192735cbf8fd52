"""A sheet for whoever checks a language: each screen of the phone, and every text beside the English one.

Run: make languages [LANGUAGES="sw hi"]. Starts a hub of its own and writes build/languages/<language>.html.
"""

from __future__ import annotations

import argparse
import base64
import html
import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import whole_hub
from e2e.pages import CHROMIUM, PATIENCE, Site
from e2e.phone.phone_screens import Walk
from playwright.sync_api import Browser, Page, expect, sync_playwright

from services.domain.language.languages import LANGUAGES, catalogue

OUT = Path(__file__).parents[2] / "build" / "languages"
ASKED = Path(__file__).parents[2] / "services" / "domain" / "questions" / "words.json"
STYLE = """
body { font: 15px/1.5 system-ui, "Noto Sans", "Noto Sans Devanagari", sans-serif; margin: 24px; }
figure { display: inline-block; vertical-align: top; margin: 0 16px 24px 0; }
img { border: 1px solid #888; width: 270px; } table { border-collapse: collapse; width: 100%; }
td { border: 1px solid #ccc; padding: 4px 8px; vertical-align: top; width: 40%; }
td:first-child { width: 20%; font-family: monospace; overflow-wrap: anywhere; }
"""


def shots(browser: Browser, site: Site, language: str) -> Iterator[tuple[str, bytes, bytes]]:
    """Name of each screen, the screen, and the screen with text of twice the size."""
    context = browser.new_context(viewport={"width": 360, "height": 780}, device_scale_factor=1.5)
    page = context.new_page()
    page.goto(f"{site.address}/field/")
    for screen in Walk(page, site, f"Sheet {language}", language).screens():
        yield screen, _picture(page, ""), _picture(page, "32px")
    context.close()


def _picture(page: Page, size: str) -> bytes:
    page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
    taken = page.screenshot(full_page=True, type="jpeg", quality=70)
    page.evaluate("document.documentElement.style.fontSize = ''")
    return taken


def sheet(language: str, screens: Iterable[tuple[str, bytes, bytes]]) -> str:
    """The page as HTML, with its pictures inside."""
    english, own = catalogue("en"), catalogue(language)
    notes = [text for key, text in own.items() if key.startswith("notes.")]
    parts = [
        f"<!doctype html><html lang={language}><meta charset=utf-8><title>FADA: {language}</title><style>{STYLE}</style>",
        f"<h1>FADA: {language}</h1>",
        *(f"<p lang=en>{html.escape(note)}</p>" for note in notes),
        "<h2>Screens of the phone</h2>",
    ]
    for name, plain, large in screens:
        pictures = "".join(
            f'<img alt="{name}" src="data:image/jpeg;base64,{base64.b64encode(one).decode()}">'
            for one in (plain, large)
        )
        parts.append(f"<figure><figcaption>{name}</figcaption>{pictures}</figure>")
    parts += ["<h2>Texts</h2>", "<table>", *_rows(english, own), "</table>"]
    parts += ["<h2>Words to ask with</h2>", "<table>", *_asked(language), "</table>"]
    return "\n".join(parts)


def _rows(english: Mapping[str, str], own: Mapping[str, str]) -> Iterator[str]:
    for key, text in english.items():
        if not key.startswith("notes."):
            yield f"<tr><td>{key}<td lang=en>{html.escape(text)}<td>{html.escape(own[key])}"


def _asked(language: str) -> Iterator[str]:
    table = json.loads(ASKED.read_text(encoding="utf-8"))
    named = {key: entry["words"] for key, entry in table["structures"].items()} | table["tasks"]
    for key, words in (named | {"normal?": table["unassessed"], "sex": table["sex"]}).items():
        yield f"<tr><td>{key}<td lang=en>{', '.join(words['en'])}<td>{', '.join(words[language])}"


def main() -> None:
    """Write the sheets and say where they lie."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--languages", nargs="+", default=LANGUAGES, choices=LANGUAGES)
    chosen = parser.parse_args().languages
    OUT.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=PATIENCE)
    with (
        tempfile.TemporaryDirectory(prefix="fada-languages-") as home,
        whole_hub.running(Path(home)) as hub,
        sync_playwright() as playwright,
    ):
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for language in chosen:
            text = sheet(language, shots(browser, Site(hub.address, hub.key), language))
            (OUT / f"{language}.html").write_text(text, encoding="utf-8")
            print(OUT / f"{language}.html", flush=True)


if __name__ == "__main__":
    main()
