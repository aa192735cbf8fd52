"""What searches cost as an archive grows: ``python -m bench.index [--most 1000000] [--kinds sqlite]``.

The gateway's own queries (QIDO-RS and the worklist, with its total) on archives of 10^3 to 10^6 studies, on
SQLite and on PostgreSQL: milliseconds (median), and how much dearer each is at the largest than at 10^4, by
the least of each, which others on the machine disturb least. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from rich.console import Console
from rich.table import Table
from sqlalchemy import Engine, create_engine

from bench.index import archive
from bench.index.archive import A_DAY, OF_A_PATIENT, SITE
from bench.postgres import Postgres
from services.index import open_index
from services.index.database.connection import open_engine
from services.index.port import Index, StudyQuery, Transaction
from services.processes.process import Process

SIZES = (1_000, 10_000, 100_000, 1_000_000)
AGAINST, BAR = 10_000, 2.0
_WARM, _TIMES = 5, 40
_SECONDS = 8.0  # of one figure at most

Search = Callable[[Transaction, random.Random, int], object]


def _match(**match: str) -> StudyQuery:
    return StudyQuery(match=match)


def _page(tx: Transaction, query: StudyQuery) -> object:
    """As the worklist asks: the site's last event, a page, and how many there are."""
    tx.events.latest(SITE)
    return tx.studies.find(SITE, query), tx.studies.count(SITE, query)


def _woman(draw: random.Random, size: int) -> int:
    return draw.randrange(size // OF_A_PATIENT)


def _day(draw: random.Random, size: int) -> str:
    day = draw.randrange(size // A_DAY)
    return time.strftime("%Y%m%d", time.gmtime(631_152_000 + day * 86_400))


def _deep(tx: Transaction, draw: random.Random, size: int) -> object:
    """The page behind a study somewhere in the older half, as one gets there page by page."""
    study = f"00000000-0000-7000-8000-{draw.randrange(200, size // 2):012d}"
    return _page(tx, StudyQuery(after=study))


def _free_text(tx: Transaction, draw: random.Random, size: int) -> object:
    return _page(tx, StudyQuery(text=f"oe{_woman(draw, size)} jane", by_need=True))


SEARCHES: dict[str, Search] = {
    "patient number": lambda tx, draw, size: tx.studies.find(
        SITE, _match(PatientID=f"p-{_woman(draw, size)}")
    ),
    "accession": lambda tx, draw, size: tx.studies.find(
        SITE, _match(AccessionNumber=f"a-{draw.randrange(size)}")
    ),
    "date": lambda tx, draw, size: tx.studies.find(SITE, _match(StudyDate=_day(draw, size))),
    "name": lambda tx, draw, size: tx.studies.find(
        SITE, _match(PatientName=f"doe{_woman(draw, size)}^*")
    ),
    "free text": _free_text,
    "first page": lambda tx, draw, size: _page(tx, StudyQuery(by_need=True)),
    "deep page": _deep,
}


def milliseconds(index: Index, search: Search, size: int) -> tuple[float, float]:
    """Median and least of one search, drawn anew each time."""
    draw, taken = random.Random(size), []
    until = time.monotonic() + _SECONDS
    for number in range(_WARM + _TIMES):
        began = time.perf_counter()
        with index.read() as tx:
            search(tx, draw, size)
        if number >= _WARM or time.monotonic() > until:
            taken.append(1000 * (time.perf_counter() - began))
        if time.monotonic() > until:
            break
    return round(statistics.median(taken), 3), round(min(taken), 3)


def measure(url: str, sizes: tuple[int, ...]) -> dict[str, dict[str, tuple[float, float]]]:
    """Milliseconds, median and least, by search and size (as text), on one database that grows."""
    index, engine = open_index(url), own_engine(url)
    index.migrate()
    times: dict[str, dict[str, tuple[float, float]]] = {name: {} for name in SEARCHES}
    have = 0
    for size in sizes:
        began = time.monotonic()
        archive.grow(engine, have, size)
        have = size
        print(f"  {size} studies, made in {time.monotonic() - began:.0f} s", flush=True)
        for name, search in SEARCHES.items():
            times[name][str(size)] = milliseconds(index, search, size)
    index.close()
    engine.dispose()
    return times


def own_engine(url: str) -> Engine:
    """The hub's has time limits that are too short for a million rows at once."""
    if url.startswith("sqlite"):
        return open_engine(url)
    return create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))


@contextmanager
def database(kind: str) -> Iterator[str]:
    """The URL of an empty one, gone afterwards."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory(prefix="fada-bench-") as folder:
            yield f"sqlite:///{folder}/index.db"
        return
    server = Postgres()
    server.create()
    process = Process(server.spec(server.folder / "log"))
    try:
        process.start()
        process.wait_ready()
        yield server.url()
    finally:
        process.stop()
        server.remove()


def run(kinds: list[str], most: int) -> dict[str, Any]:
    """Figures of all kinds: milliseconds, ratios of the largest to 10^4, and the largest of those."""
    sizes = tuple(size for size in SIZES if size <= most)
    figures: dict[str, Any] = {"milliseconds": {}, "ratios": {}}
    for kind in kinds:
        print(kind, flush=True)
        with database(kind) as url:
            milliseconds = measure(url, sizes)
        figures["milliseconds"][kind] = {
            name: {size: median for size, (median, _) in by_size.items()}
            for name, by_size in milliseconds.items()
        }
        largest = str(sizes[-1])
        figures["ratios"][kind] = {
            name: round(by_size[largest][1] / by_size[str(AGAINST)][1], 2)
            for name, by_size in milliseconds.items()
        }
    figures["largest_ratio"] = max(
        (ratio for by_name in figures["ratios"].values() for ratio in by_name.values()),
        default=None,
    )
    return figures


def show(figures: dict[str, Any]) -> None:
    """A table for people."""
    for kind, milliseconds in figures["milliseconds"].items():
        sizes = list(next(iter(milliseconds.values())))
        table = Table("search", *sizes, "ratio to 10^4", title=f"Milliseconds on {kind}")
        for name, by_size in milliseconds.items():
            ratio = figures["ratios"][kind][name]
            verdict = "" if ratio <= BAR else "  MISSED"
            table.add_row(name, *(str(by_size[size]) for size in sizes), f"{ratio}{verdict}")
        Console().print(table)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], choices=SIZES[1:])
    parser.add_argument("--kinds", nargs="+", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    figures = run(given.kinds, given.most)
    show(figures)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
