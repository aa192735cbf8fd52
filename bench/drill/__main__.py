"""``make drill [CASES=3,17,F2] [INDEX=sqlite|postgres] [BROKER=redis|valkey] [PAGE=docs/drill.md]``.

For each combination that can be had: the tests of the cases run on it, then the cases that need a running
hub strike one. Prints a table for each; the last line is one JSON object with ``cases``, ``held`` and
``not_run``. It takes some twenty minutes a combination on a quiet machine.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path

from rich.console import Console

from bench.drill.case import CASES, Case, Seen, order
from bench.drill.combination import BROKERS, INDEXES, Combination, opened
from bench.drill.hub import DrillHub
from bench.drill.pytest_run import Outcome, is_alone, run_tests
from bench.drill.table import Row, Run, page, show

GROUPS = ("attacks", "crashes", "delivery", "findings", "limits", "outages", "phone", "refusals")
TEST_SECONDS = 3600.0
console = Console(width=None if sys.stdout.isatty() else 200)


def main() -> int:
    """Run what was asked for; 0 when all of it ran and held."""
    parser = argparse.ArgumentParser(prog="make drill", description=__doc__)
    parser.add_argument("--cases", default="", help="numbers, with commas between; empty: all")
    parser.add_argument("--index", choices=INDEXES)
    parser.add_argument("--broker", choices=BROKERS)
    parser.add_argument("--page", type=Path, help="where the table is written as a page")
    parser.add_argument("--kept", type=Path, help="folder for rows as JSON, to make one page of")
    given = parser.parse_args()
    cases = chosen(given.cases)
    runs: list[Run] = []
    once = Once(given.kept)
    for index in [given.index] if given.index else INDEXES:
        for broker in [given.broker] if given.broker else BROKERS:
            runs.append(combined(index, broker, cases, once))
            show(console, runs[-1])
            if given.kept:
                runs[-1].keep(given.kept)
    if given.page:
        kept = Run.kept(given.kept) if given.kept else runs
        given.page.write_text(page(given.page.read_text(), kept))
    figures = {
        "cases": sum(len(run.rows) for run in runs),
        "held": sum(row.held for run in runs for row in run.rows),
        "not_run": {f"{run.name} {k}".strip(): v for run in runs for k, v in run.not_run().items()},
    }
    print(json.dumps(figures))
    return 0 if figures["held"] == figures["cases"] and not figures["not_run"] else 1


def chosen(numbers: str) -> list[Case]:
    """The cases of these numbers, in order. SystemExit names one that is not there."""
    for group in GROUPS:
        importlib.import_module(f"bench.drill.cases.{group}")
    known = {one.number: one for one in CASES}
    wanted = [n.strip().upper() for n in numbers.split(",") if n.strip()] or list(known)
    if unknown := [n for n in wanted if n not in known]:
        raise SystemExit(f"There is no case {', '.join(unknown)}.")
    return [known[n] for n in sorted(set(wanted), key=order)]


class Once:
    """Results of the tests that depend on no combination: run for the first one, kept for the others."""

    def __init__(self, folder: Path | None) -> None:
        """``folder``: also for other runs of the drill."""
        self._file = folder / "once.json" if folder else None
        self._known: dict[str, Outcome] = {}
        if self._file is not None and self._file.is_file():
            kept = json.loads(self._file.read_text())
            known = {node: Outcome(**one) for node, one in kept.items()}
            self._known = {node: one for node, one in known.items() if one.held}

    def results(self, nodes: list[str], combination: Combination, log: Path) -> dict[str, Outcome]:
        """Of these tests; those that are not known yet run now. What failed is run again."""
        new = [node for node in nodes if node not in self._known]
        outcomes = run_tests(new, combination.environment(), log, TEST_SECONDS)
        self._known |= {node: one for node, one in outcomes.items() if one.held}
        if self._file is not None and outcomes:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            kept = {node: asdict(one) for node, one in self._known.items()}
            self._file.write_text(json.dumps(kept, indent=1))
        return {node: outcomes.get(node) or self._known[node] for node in nodes}


def combined(index: str, broker: str, cases: list[Case], once: Once) -> Run:
    """One combination; with no rows, and the reason, when it cannot be had."""
    run = Run(index, broker)
    began = time.monotonic()
    try:
        with ExitStack() as stack:
            combination = stack.enter_context(opened(index, broker))
            folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="fada-drill-")))
            run.versions = combination.versions()
            console.print(f"\n[bold]{combination.name}[/bold] ({run.versions})")
            run.rows = rows(combination, folder, cases, once)
    except LookupError as reason:
        run.missing = str(reason)
    run.seconds = time.monotonic() - began
    return run


def rows(combination: Combination, folder: Path, cases: list[Case], once: Once) -> list[Row]:
    """The tests of all cases first, then the strikes on one running hub."""
    nodes = [node for one in cases for node in one.tests]
    console.print(f"{len(set(nodes))} tests; pytest prints into {folder}/tests.log")
    log = folder / "tests.log"
    alone = [node for node in nodes if is_alone(node)]
    tests = once.results(alone, combination, folder / "once.log")
    rest = [node for node in nodes if not is_alone(node)]
    tests |= run_tests(rest, combination.environment(), log, TEST_SECONDS)
    for node, result in tests.items():
        if not result.held:
            console.print(f"not held: {node} {result.failed or result.skipped}", markup=False)
    if not all(result.held for result in tests.values()) and log.is_file():
        console.print(log.read_text(errors="replace")[-6000:], markup=False)
    seen = struck(combination, folder, cases)
    return [Row.of(one, {n: tests[n] for n in one.tests}, seen.get(one.number)) for one in cases]


def struck(combination: Combination, folder: Path, cases: list[Case]) -> dict[str, Seen | str]:
    """What each live case saw, or why it was not run."""
    live = [one for one in cases if one.live and one.index in ("", combination.index)]
    if not live:
        return {}
    seen: dict[str, Seen | str] = {}
    try:
        with DrillHub(combination, folder) as hub:
            for one in live:
                seen[one.number] = strike(hub, one)
    except Exception as error:  # a hub that does not start, or not end: every case says so
        reason = f"the hub failed: {type(error).__name__}: {error}"[:300]
        console.print(reason, markup=False)
        return {one.number: seen.get(one.number, reason) for one in live}
    return seen


def strike(hub: DrillHub, one: Case) -> Seen:
    """Run one live case on a hub that is well before it."""
    began = time.monotonic()
    console.print(f"{one.number}: {one.what}", markup=False)
    try:
        if not hub.ready():
            return Seen(False, "the hub was not ready before it")
        seen = one.act(hub) or Seen(False, "it said nothing")
    except Exception as error:  # a case that breaks has not held, and the others go on
        seen = Seen(False, f"{type(error).__name__}: {error}"[:300])
    words = "held" if seen.held else "NOT HELD"
    console.print(f"   {words}: {seen.seen} ({time.monotonic() - began:.0f} s)", markup=False)
    return seen


if __name__ == "__main__":
    raise SystemExit(main())
