"""The pages on this machine: the first view of a case, and a worklist of ten thousand.

Run: python -m bench.pages [--cases 10000]. A whole hub is started in a folder of its own, one real
study is analysed, and the other cases are rows of the same index. The last line is one JSON object:
`first_view_kb` (bytes over the wire for a case with a cold cache), `interactive_s` (from the request
until picture and buttons are there, median), `query_p95_ms` (worklist queries over HTTP, the time of
the whole answer), `scroll_long_ms` (the longest frame while ten thousand rows are scrolled).
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import shutil
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser, Page, sync_playwright
from rich.console import Console

from services.domain.study import IngestSource, Principal, Role
from services.index import open_index
from services.standalone import local_stack as machines
from services.standalone import ports, seaweed, triton
from services.standalone.local_stack import DEFAULT_SITE, LocalStack, StackOptions

SAMPLE = Path(__file__).resolve().parents[1] / "samples" / "head-27w.dcm"
CHROMIUM = "/usr/bin/chromium"
NAMES = ("ADEYEMI", "BANERJEE", "COSTA", "DIALLO", "EWING", "FERREIRA", "GUPTA", "HASSAN", "ITO")
VISITS = 5
console = Console(stderr=True)

SCROLL = """async () => {
  const list = document.querySelector(".list");
  let last = performance.now(), longest = 0;
  for (let i = 0; i < 240; i++) {
    list.scrollTop += i % 60 === 59 ? 40000 : 700;
    await new Promise(requestAnimationFrame);
    const now = performance.now();
    if (i > 2) longest = Math.max(longest, now - last);
    last = now;
  }
  return longest;
}"""


def fill(machine: LocalStack, count: int) -> None:
    """``count`` studies in the index, as if phones had announced them."""
    index, draw = open_index(machine.settings.index_url), random.Random(7)
    who = Principal("bench", DEFAULT_SITE, Role.MANAGER)
    numbers = iter(range(count))
    while block := list(itertools.islice(numbers, 500)):
        with index.begin() as tx:
            for n in block:
                attributes = {
                    "00100010": {
                        "vr": "PN",
                        "Value": [{"Alphabetic": f"{draw.choice(NAMES)}^{n}"}],
                    },
                    "00100020": {"vr": "LO", "Value": [f"P{n:06d}"]},
                    "00080050": {"vr": "SH", "Value": [f"A{n:06d}"]},
                    "00080020": {"vr": "DA", "Value": [f"2026{n % 12 + 1:02d}{n % 28 + 1:02d}"]},
                    "00081030": {"vr": "LO", "Value": ["Obstetric ultrasound"]},
                }
                tx.studies.receive(
                    who, f"1.2.826.0.1.{n}", attributes, [], source=IngestSource.PHONE,
                    urgent=n % 50 == 0, request_id="bench",
                )  # fmt: skip
    index.close()


def analysed(client: httpx.Client) -> str:
    """The id of one real study with its result."""
    with SAMPLE.open("rb") as file:
        answer = client.post("/api/uploads", files={"file": (SAMPLE.name, file)}).raise_for_status()
    study = str(answer.json()["items"][0]["study_id"])
    for _ in range(300):
        if client.get(f"/api/studies/{study}/status").json()["state"] == "ready":
            return study
        time.sleep(0.2)
    raise SystemExit("The study was not analysed.")


def queries(client: httpx.Client) -> list[float]:
    """Milliseconds of what people ask of the worklist."""
    asked: list[dict[str, Any]] = [
        {"offset": offset} for offset in (0, 100, 2500, 5000, 9900)
    ] + [
        {"text": "GUPTA"}, {"text": "P00412"}, {"text": "A009999"}, {"text": "nobody"},
        {"state": "received"}, {"state": "ready,failed"}, {"urgent": True}, {"plane": "head"},
        {"order": "newest"}, {"order": "newest", "offset": 9000}, {"reason": "low_confidence"},
        {"text": "COSTA", "urgent": True},
    ]  # fmt: skip
    spent = []
    for _ in range(8):
        for params in asked:
            began = time.perf_counter()
            client.get(
                "/api/studies", params={"limit": 100, "order": "need", **params}
            ).raise_for_status()
            spent.append((time.perf_counter() - began) * 1000)
    return spent


def sign_in(browser: Browser, address: str, key: str) -> Page:
    """A page in a fresh browser context that shows the worklist."""
    page = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    page.goto(address)
    page.click("details.with-key summary")
    page.fill("input[name=key]", key)
    page.click("details.with-key button[type=submit]")
    page.wait_for_selector(".list .line")
    return page


def first_view(browser: Browser, address: str, key: str, study: str) -> tuple[float, float]:
    """Kilobytes and seconds of a case that is opened with an empty cache."""
    page = sign_in(browser, address, key)
    network = page.context.new_cdp_session(page)
    network.send("Network.enable")
    network.send("Network.clearBrowserCache")
    sizes: list[int] = []
    network.on("Network.loadingFinished", lambda e: sizes.append(int(e["encodedDataLength"])))
    page.goto("about:blank")
    sizes.clear()
    page.goto(f"{address}/study/{study}", wait_until="commit")
    page.wait_for_selector(".actions button.main")
    page.wait_for_selector(".viewer .shape")
    seconds = page.evaluate(
        """async () => {
            const href = document.querySelector(".viewer image").getAttribute("href");
            const picture = new Image();
            picture.src = href;
            await picture.decode();
            return performance.now() / 1000;
        }"""
    )
    page.wait_for_timeout(600)
    page.context.close()
    return sum(sizes) / 1000, float(seconds)


def measure(machine: LocalStack, cases: int) -> dict[str, float]:
    """Kilobytes, seconds and queries of the pages with ``cases`` cases in the index."""
    key = machine.new_key()
    with httpx.Client(
        base_url=machine.address, headers={"Authorization": f"Bearer {key}"}, timeout=60
    ) as client:
        study = analysed(client)
        console.print(f"filling the index with {cases} cases")
        fill(machine, cases)
        spent = queries(client)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        views = [first_view(browser, machine.address, key, study) for _ in range(VISITS)]
        page = sign_in(browser, machine.address, key)
        longest = page.evaluate(SCROLL)
        browser.close()
    return {
        "first_view_kb": round(max(kb for kb, _ in views), 1),
        "interactive_s": round(statistics.median(s for _, s in views), 3),
        "query_p95_ms": round(statistics.quantiles(spent, n=20)[-1], 1),
        "query_median_ms": round(statistics.median(spent), 1),
        "scroll_long_ms": round(float(longest), 1),
        "cases": cases,
    }


def main() -> None:
    """Start a hub, measure its pages and print a table and one line of JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=10_000)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="fada-bench-pages-"))
    names = [*machines.NAMES, *seaweed.PORTS, *triton.PORTS]
    ports.keep(home / "ports.json", dict(zip(names, ports.free(len(names)), strict=True)))
    machine = LocalStack(StackOptions(home=home, runner="inprocess", quiet_seconds=0))
    try:
        machine.start()
        figures = measure(machine, given.cases)
    finally:
        machine.stop()
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
