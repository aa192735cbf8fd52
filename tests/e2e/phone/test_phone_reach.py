"""The phone's app for everybody: a screen reader's rules, and text of twice the size in five languages."""

from __future__ import annotations

import uuid
from pathlib import Path

from e2e.pages import AT_REST, AXE, Site
from e2e.phone import field
from e2e.phone.phone_screens import Walk
from playwright.sync_api import Browser, Page

from services.domain.language.languages import LANGUAGES

# What is cut by its own box, or reaches beyond the screen: a visible text that nobody can read whole.
CUT = """() => {
  const wide = document.documentElement.clientWidth, faults = [];
  if (document.documentElement.scrollWidth > wide) faults.push(`page ${document.documentElement.scrollWidth} > ${wide}`);
  for (const one of document.querySelectorAll("main *, header *")) {
    if (one.closest(".hidden, [hidden], svg, .strip, option, select") || one.checkVisibility?.({checkOpacity: true}) === false) continue;
    const style = getComputedStyle(one), box = one.getBoundingClientRect();
    if (box.width === 0 || style.display === "inline") continue;
    const own = [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== "");
    if (!own) continue;
    const name = `${one.tagName} ${one.className} "${one.textContent.trim().slice(0, 50)}"`;
    if (one.scrollWidth > one.clientWidth + 1 && one.clientWidth > 0) faults.push(`wider than its box: ${name}`);
    if (style.overflowY === "hidden" && one.scrollHeight > one.clientHeight + 1) faults.push(`higher than its box: ${name}`);
    if (box.right > wide + 1 || box.left < -1) faults.push(`beyond the screen: ${name}`);
  }
  return faults;
}"""


def axe_faults(page: Page) -> list[str]:
    page.evaluate(AT_REST)
    page.evaluate(AXE.read_text())
    results = page.evaluate("axe.run(document, {resultTypes: ['violations']})")
    return [
        f"{v['id']}: {v['nodes'][0]['html'][:200]} {v['nodes'][0]['failureSummary']}"
        for v in results["violations"] if v["impact"] in ("serious", "critical")
    ]  # fmt: skip


def cut_words(page: Page, language: str) -> list[str]:
    """At twice the size of text, on a narrow phone."""
    chosen = page.locator(".field-bar select")
    if language != chosen.input_value():
        chosen.select_option(language)
        page.wait_for_function("(l) => document.documentElement.lang === l", arg=language)
    page.evaluate("document.documentElement.style.fontSize = '32px'")
    words = list(page.evaluate(CUT))
    page.evaluate("document.documentElement.style.fontSize = ''")
    return words


def test_every_screen_can_be_heard_and_enlarged(
    browser: Browser, site: Site, tmp_path: Path
) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 780}, locale="en-GB")
    page = context.new_page()
    page.goto(f"{site.address}/field/")
    faults: list[str] = []
    for screen in Walk(page, site, f"Reach {uuid.uuid4().hex[:6]}").screens():
        faults += [f"{screen}: {fault}" for fault in axe_faults(page)]
        for language in LANGUAGES:
            faults += [f"{screen} {language}: {fault}" for fault in cut_words(page, language)]
        page.locator(".field-bar select").select_option("en")
        page.wait_for_function("document.documentElement.lang === 'en'")
        field.show(page, f"reach-{screen}")
    context.close()
    assert faults == []
