"""The drill's outcome: rows of one combination, a table for the terminal, and a page for the documents."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from datetime import date
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench.drill.case import Case, Seen, order
from bench.drill.pytest_run import Outcome

HEADING = "## Runs"
COLUMNS = ("case", "what was done", "expected", "seen")


@dataclass(slots=True)
class Row:
    """``reason``: why it was not run; empty when it was."""

    number: str
    what: str
    done: str
    expected: str
    seen: str
    held: bool
    reason: str = ""

    @classmethod
    def of(cls, one: Case, tests: dict[str, Outcome], live: Seen | str | None) -> Row:
        """Held when all its tests passed and the running hub did what was expected."""
        words, done, reasons = [], [], []
        held = True
        if tests:
            passed = sum(t.passed for t in tests.values())
            words.append(f"{passed} {'test' if passed == 1 else 'tests'} passed")
            done.append(", ".join(node.rpartition("::")[2] for node in tests))
            for node, result in tests.items():
                held = held and result.held
                words += [f"FAILED {w}" for w in result.failed]
                if not result.held and not result.failed:
                    reasons.append(result.skipped[0] if result.skipped else f"{node} did not run")
        if isinstance(live, Seen):
            held = held and live.held
            words.append(("" if live.held else "NOT HELD: ") + live.seen)
            done.append("on the running hub")
        elif live is not None:
            held = False
            reasons.append(live)
        return cls(
            one.number, one.what, "; ".join(done), one.expected, "; ".join(words),
            held and not reasons, "; ".join(reasons),
        )  # fmt: skip


@dataclass(slots=True)
class Run:
    """One combination. ``missing``: why it cannot be had here."""

    index: str
    broker: str
    versions: str = ""
    missing: str = ""
    seconds: float = 0.0
    day: str = field(default_factory=lambda: date.today().isoformat())
    rows: list[Row] = field(default_factory=list)

    @property
    def name(self) -> str:
        """Short, for the JSON line."""
        return f"{self.index}+{self.broker}"

    def not_run(self) -> dict[str, str]:
        """Case → why; the empty name is the whole combination."""
        reasons = {row.number: row.reason for row in self.rows if row.reason}
        return {"": self.missing} if self.missing else reasons

    def keep(self, folder: Path) -> None:
        """Write it to a folder; ``kept`` reads all of them. Rows of an earlier run stay beside these."""
        folder.mkdir(parents=True, exist_ok=True)
        file, fields = folder / f"{self.name}.json", asdict(self)
        if file.is_file():
            before = json.loads(file.read_text())
            rows = {row["number"]: row for row in [*before["rows"], *fields["rows"]]}
            fields["rows"] = [rows[number] for number in sorted(rows, key=order)]
            fields["seconds"] += before["seconds"]
        file.write_text(json.dumps(fields, indent=1))

    @classmethod
    def kept(cls, folder: Path) -> list[Run]:
        """All runs of a folder."""
        loaded = [json.loads(file.read_text()) for file in sorted(folder.glob("*+*.json"))]
        runs = [cls(**{**one, "rows": [Row(**row) for row in one["rows"]]}) for one in loaded]
        return sorted(runs, key=lambda run: (run.index != "sqlite", run.broker != "redis"))


def show(console: Console, run: Run) -> None:
    """Print the table of one combination."""
    if run.missing:
        console.print(f"{run.name}: not run, {run.missing}", markup=False)
        return
    table = Table(*COLUMNS, title=f"{run.versions}: {run.seconds / 60:.0f} min", show_lines=True)
    for row in run.rows:
        seen = f"not run: {row.reason}" if row.reason else row.seen
        done = f"{row.what} ({row.done})"
        mark = "" if row.held else "! "
        table.add_row(*(_plain(x) for x in (mark + row.number, done, row.expected, seen)))
    console.print(table)


def _plain(text: str) -> str:
    return text.replace("[", r"\[")


def page(before: str, runs: list[Run]) -> str:
    """The page of the documents with these runs: one row a case, what was seen in each combination.

    What people wrote above the heading of the runs stays.
    """
    filled = [run for run in runs if run.rows]
    lines = [before.partition(HEADING)[0] + HEADING, "", *_combinations(runs), ""]
    lines += [
        "| Case | What was done | Expected | "
        + " | ".join(f"Seen: {_title(r)}" for r in filled)
        + " |",
        "|---" * (3 + len(filled)) + "|",
    ]
    by_number = [{row.number: row for row in run.rows} for run in filled]
    numbers = sorted({n for rows in by_number for n in rows}, key=order)
    for number in numbers:
        of_runs = [rows.get(number) for rows in by_number]
        first = next(row for row in of_runs if row is not None)
        cells = [number, _done(first), first.expected, *(_seen(row) for row in of_runs)]
        lines.append("| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def _title(run: Run) -> str:
    return (
        f"{ {'sqlite': 'SQLite', 'postgres': 'PostgreSQL'}[run.index] }, {run.broker.capitalize()}"
    )


def _done(row: Row) -> str:
    return row.what[:1].upper() + row.what[1:]


def _seen(row: Row | None) -> str:
    if row is None:
        return "not asked for"
    if row.reason:
        return f"**not run**: {row.reason}"
    return row.seen if row.held else f"**not held**: {row.seen}"


def _combinations(runs: list[Run]) -> list[str]:
    lines = ["| Combination | Programs | Held | Minutes | Day |", "|---|---|---|---|---|"]
    for run in runs:
        held = f"{sum(row.held for row in run.rows)} of {len(run.rows)}"
        if run.missing:
            held = f"not run: {run.missing}"
        minutes = f"{run.seconds / 60:.0f}"
        lines.append(f"| {_title(run)} | {run.versions} | {held} | {minutes} | {run.day} |")
    return lines
