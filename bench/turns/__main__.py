"""Sites that share the workers: ``python -m bench.turns [--done 1000000] [--kinds sqlite postgresql]``.

How long the jobs of a site that sends few studies wait beside the backlog of another (simulated time, a
second a job), when a worker reads the job that its message names, and when it reads the one whose turn it
is; and what the lease costs beside so many jobs that are done. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.index.__main__ import database, own_engine
from bench.turns.lease_cost import fill, milliseconds, queue
from bench.turns.waits import LEASES, waits
from services.index import open_index

WAITING, SITES = 2_000, (1, 100, 1_000)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--done", type=int, default=1_000_000)
    parser.add_argument("--kinds", nargs="*", default=["sqlite", "postgresql"])
    given = parser.parse_args()
    figures = {
        "waits": wait_figures(),
        "lease_milliseconds": lease_figures(given.kinds, given.done),
    }
    show(figures)
    print(json.dumps(figures))


def wait_figures() -> dict[str, dict[str, dict[str, float]]]:
    """Median, 95th centile and longest wait in seconds, by the way of choosing and by site."""
    figures: dict[str, dict[str, dict[str, float]]] = {}
    for name, lease in LEASES.items():
        with tempfile.TemporaryDirectory(prefix="fada-bench-") as folder:
            seconds = waits(Path(folder), lease)
        figures[name] = {
            site: {
                "studies": len(those),
                "median": statistics.median(those),
                "p95": statistics.quantiles(those, n=20, method="inclusive")[-1],
                "longest": max(those),
            }
            for site, those in sorted(seconds.items())
        }
    return figures


def lease_figures(kinds: list[str], done: int) -> dict[str, dict[str, dict[str, Any]]]:
    """Milliseconds, median and least, by database, sites that wait, and way of choosing."""
    figures: dict[str, dict[str, dict[str, Any]]] = {}
    for kind in kinds:
        figures[kind] = {}
        with database(kind) as url:
            engine = own_engine(url)
            _migrate(url)
            fill(engine, done)
            for sites in SITES:
                queue(engine, WAITING, sites)
                figures[kind][str(sites)] = milliseconds(url)
            engine.dispose()
    return figures


def _migrate(url: str) -> None:
    index = open_index(url)
    index.migrate()
    index.close()


def show(figures: dict[str, Any]) -> None:
    """Two tables for people."""
    table = Table(
        "a worker reads", "site", "studies", "median", "p95", "longest", title="Wait, seconds"
    )
    for name, by_site in figures["waits"].items():
        for site, those in by_site.items():
            table.add_row(name, site, *(f"{value:g}" for value in those.values()))
    Console().print(table)
    table = Table(
        "index", "sites that wait", *LEASES, title="A lease, milliseconds: median (least)"
    )
    for kind, by_sites in figures["lease_milliseconds"].items():
        for sites, medians in by_sites.items():
            table.add_row(kind, sites, *("{} ({})".format(*medians[name]) for name in LEASES))
    Console().print(table)


if __name__ == "__main__":
    main()
