"""What ``bench.ingest`` prints: tables for people, and one line of JSON."""

from __future__ import annotations

import json
import statistics

from rich.console import Console
from rich.table import Table

Figures = dict[tuple[str, int, str], list[float]]  # by size, clients and server's name
_console = Console()


def report(
    figures: Figures,
    used: Figures,
    steps: dict[str, dict[str, float]],
    rounds: int,
) -> None:
    """Print medians and ratios, processor time, the time of each step, and one line of JSON."""
    table = Table(title=f"STOW-RS, median of {rounds} rounds, objects a second")
    for column in (
        "object",
        "clients",
        "FADA",
        "Orthanc",
        "ratio",
        "CPU ms",
        "ratio in each round",
    ):
        table.add_column(column, justify="left" if column == "object" else "right")
    answer: dict[str, float] = {}
    for size in ("large", "small"):
        for clients in (1, 4):
            mine, other = (figures[size, clients, name] for name in ("FADA", "Orthanc"))
            ratio = statistics.median(mine) / statistics.median(other)
            answer[f"{size}_ratio_{clients}"] = round(ratio, 3)
            answer[f"{size}_per_second_{clients}"] = round(statistics.median(mine), 2)
            each = " ".join(f"{m / o:.2f}" for m, o in zip(mine, other, strict=True))
            ms, theirs = (
                statistics.median(used[size, clients, name]) for name in ("FADA", "Orthanc")
            )
            answer[f"{size}_processor_ms_{clients}"] = round(ms, 2)
            answer[f"{size}_orthanc_processor_ms_{clients}"] = round(theirs, 2)
            table.add_row(size, str(clients), f"{statistics.median(mine):.1f}",
                          f"{statistics.median(other):.1f}", f"{ratio:.2f}",
                          f"{ms:.1f}, {theirs:.1f}", each)  # fmt: skip
    _console.print(table)
    where = Table(title="Where the time goes: milliseconds for one object, step by step")
    where.add_column("step")
    for size in steps:
        where.add_column(size, justify="right")
    for name in next(iter(steps.values())):
        where.add_row(name, *(f"{steps[size][name]:.1f}" for size in steps))
    _console.print(where)
    answer["index_ms"] = round(steps["small"]["index"], 3)
    print(json.dumps(answer))
