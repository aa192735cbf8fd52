"""The soak's table for people, and its line of JSON."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.table import Table

from bench.soak.faults import Fault
from bench.soak.ledger import Ledger
from bench.soak.measure import Verdict
from bench.soak.memory import Growth

_MB = 2**20
MOST_GROWTH = 0.25  # of a part over its life: what leaks grows on and on, caches fill and end


def figures(
    verdict: Verdict, ledger: Ledger, faults: list[Fault], growth: list[Growth], seconds: float
) -> dict[str, Any]:
    """What programs read. ``growth_share``: of the part that grew most; ``memory_mb``: of each part at
    the start and at the end."""
    worst = max(growth, key=lambda one: one.share, default=None)
    reads = sorted(ledger.reads)
    return {
        "acknowledged": verdict.acknowledged,
        "results": verdict.results,
        "lost": len(verdict.lost),
        "doubled": len(verdict.doubled),
        "refused": len(ledger.refused),
        "unsent": sum(ledger.unsent.values()),
        "reviews": len(ledger.reviews),
        "stuck": sum(verdict.stuck.values()),
        "p50": verdict.percentile(0.5),
        "p95": verdict.percentile(0.95),
        "p99": verdict.percentile(0.99),
        "read_p95": round(reads[int(0.95 * len(reads))], 3) if reads else None,
        "failed_reads": ledger.failed_reads,
        "kills": sum(f.at is not None and not f.seconds for f in faults),
        "stops": sum(f.at is not None and f.seconds > 0 for f in faults),
        "not_back": sum(f.back is None for f in faults),
        "growth_share": round(worst.share, 3) if worst else None,
        "growth_part": worst.part if worst else None,
        "memory_mb": {g.part: [round(g.start / _MB), round(g.end / _MB)] for g in growth},
        "seconds": round(seconds),
    }


def passed(figures: dict[str, Any]) -> bool:
    """Nothing is lost or stuck, every part that was struck is back, and none has grown too much."""
    bad = ("lost", "doubled", "refused", "stuck", "not_back")
    return not any(figures[name] for name in bad) and (figures["growth_share"] or 0) <= MOST_GROWTH


def show(
    figures: dict[str, Any],
    verdict: Verdict,
    ledger: Ledger,
    faults: list[Fault],
    growth: list[Growth],
) -> None:
    """Tables: figures, faults, memory; and what was lost, in words."""
    console = Console()
    table = Table("what", "value", title="A hub while its parts are killed and stopped in turn")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), str(value))
    for name, count in verdict.stuck.items():
        table.add_row(f"stuck: {name}", str(count))
    for source, taken in sorted(verdict.by_source.items()):
        middle = sorted(taken)[len(taken) // 2]
        table.add_row(f"{source}: studies, median s to result", f"{len(taken)}, {middle:.1f}")
    console.print(table)
    struck = Table("fault", "at s", "back after s", title="Faults")
    for fault in faults:
        struck.add_row(fault.name, _text(fault.at), _text(fault.back))
    console.print(struck)
    memory = Table("part", "start MB", "end MB", "share", "over s", title="Memory (PSS)")
    for one in growth:
        memory.add_row(one.part, f"{one.start / _MB:.0f}", f"{one.end / _MB:.0f}",
                       f"{one.share:+.2f}", f"{one.seconds:.0f}")  # fmt: skip
    console.print(memory)
    for words in [*verdict.lost, *verdict.doubled, *ledger.refused][:20]:
        console.print(f"!! {words}")


def _text(value: float | None) -> str:
    return "" if value is None else f"{value:.1f}"
