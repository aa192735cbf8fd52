"""The part of docs/scaling.md that ``make bench-scaling`` writes, between two comments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from bench.scaling.costs import Costs, Examination
from bench.scaling.scenarios import (
    CHANGES,
    PROCESSES,
    SCENARIOS,
    SHARE,
    demand,
)

PAGE = Path(__file__).resolve().parents[2] / "docs" / "scaling.md"
BEGIN = "<!-- written by `make bench-scaling` -->"
END = "<!-- written until here -->"
_SOURCES = ("pipeline", "exam", "ingest", "object")
Figures = Mapping[str, Mapping[str, Any]]


def write(text: str, path: Path = PAGE) -> None:
    """Put ``text`` between the comments. Raises ValueError: the page has none."""
    before, _, rest = path.read_text().partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        raise ValueError(f"{path} has no place for figures")
    path.write_text(f"{before}{BEGIN}\n{text}\n{END}{after}")


def text(figures: Figures, one: Examination, costs: Costs, parts: Mapping[str, Any]) -> str:
    """Tables and sentences. ``figures``: by scenario; ``parts``: of bench/results.json."""
    seconds = demand(one, costs)
    sizes = (
        f"{one.stills} stills of {one.still_mb:g} MB and {one.clips} clips of {one.frames} frames"
    )
    lines = [
        f"An examination here is {sizes}, {one.clip_mb:g} MB each: {one.megabytes:g} MB",
        "(the sizes are assumed, of JPEG). Parts are planned in whole programs, so that none is busier",
        f"than {SHARE:.0%} in the busiest hour.",
        "",
        *_costs(seconds, costs),
        "",
        f"By these costs an examination that nothing delays is read in {_reading(seconds, parts)}.",
        _measured(costs, parts),
        "",
        *_scenarios(figures),
    ]
    return "\n".join(lines)


def _costs(seconds: Mapping[str, float], costs: Costs) -> list[str]:
    gateway = f"{1000 * costs.image:.1f} ms an object, {1000 * costs.megabyte:.1f} ms a megabyte"
    transaction = f"{1000 * costs.transaction:.1f} ms a transaction"
    glance = f"{costs.model_glance:.3f} s a frame of a clip that is glanced at"
    words = {
        "gateway": gateway,
        "store": f"2.5 times its megabytes at {costs.store_mb_per_second:.0f} MB/s",
        "database": f"{transaction}: for each image, each frame read, and four of the job",
        "worker": f"{costs.frame:.3f} s a frame read (load to objects), {costs.finish:.3f} s a job",
        "model": f"{costs.model_frame:.3f} s a frame read, {glance}",
    }
    return [
        "| Part | One of its servers is busy for | Which is |",
        "|---|---:|---|",
        *(f"| {name} | {each:.2f} s | {words[name]} |" for name, each in seconds.items()),
    ]


def _reading(seconds: Mapping[str, float], parts: Mapping[str, Any]) -> str:
    reckoned = f"{seconds['worker'] + seconds['model']:.0f} s"
    if "exam" not in parts:
        return reckoned
    took = parts["exam"]["figures"]["reading_s"]
    return f"{reckoned}; measured were {took:.0f} s (a worker writes while the model reads)"


def _measured(costs: Costs, parts: Mapping[str, Any]) -> str:
    said = [
        f"{name} {parts[name]['machine']['at'][:10]} (commit {parts[name]['machine']['commit']}"
        f"{'' if parts[name]['quiet'] else ', not quiet'})"
        for name in _SOURCES
        if name in parts
    ]
    words = f"Measured by `make bench`: {', '.join(said) or 'nothing yet'}."
    if costs.assumed:
        words += f" Assumed, not measured: {', '.join(costs.assumed)}."
    return words


def _scenarios(figures: Figures) -> list[str]:
    names = [one.name for one in SCENARIOS]
    rows: list[tuple[str, Callable[[Mapping[str, Any]], str]]] = [
        ("Gateways, of two processes", lambda f: _programs(f, "gateway")),
        ("Workers, of two processes", lambda f: _programs(f, "worker")),
        ("Model servers, of one core", lambda f: str(f["plan"]["model"])),
        ("Nodes of the store", lambda f: str(f["plan"]["store"])),
        ("Nodes of the database", lambda f: str(f["plan"]["database"])),
        ("Busy", lambda f: _each(f["busy"], "{:.0%}")),
        ("Mean wait in the queue", lambda f: _each(f["mean_wait_s"], "{:.2f} s")),
        ("From the last byte to the report", lambda f: _each(f["report_s"], "{} s")),
        ("Bandwidth into the hub", _bandwidth),
        ("An examination on a sender's line", lambda f: f"{f['line']['seconds']:.0f} s"),
        ("That line in the busiest hour", lambda f: f"{f['line']['busy']:.0%} busy"),
        ("A day's images on it", lambda f: f"{f['line']['daily_hours']:.1f} h"),
        ("What each part can take in an hour", lambda f: _each(f["limits_per_hour"], "{}")),
        ("Breaks first", lambda f: _first(f["limits_per_hour"], 0)),
        ("Next", lambda f: _first(f["limits_per_hour"], 1)),
    ]  # fmt: skip
    return [
        f"| | {' | '.join(f'A {name}' for name in names)} |",
        "|---" * (len(names) + 1) + "|",
        f"| What comes | {' | '.join(f'{s.words}; {s.hourly:g} in the busiest hour' for s in SCENARIOS)} |",
        *(f"| {word} | {' | '.join(cell(figures[n]) for n in names)} |" for word, cell in rows),
    ]


def _programs(figures: Mapping[str, Any], name: str) -> str:
    return str(figures["plan"][name] // PROCESSES[name])


def _bandwidth(figures: Mapping[str, Any]) -> str:
    return f"{figures['mbit_per_second']:g} Mbit/s, {figures['gb_per_day']:g} GB a day"


def _each(values: Mapping[str, Any], form: str) -> str:
    return "<br>".join(f"{name} {form.format(value)}" for name, value in values.items())


def _first(limits: Mapping[str, int], number: int) -> str:
    name, at = list(limits.items())[number]
    return f"the {name}, above {at} an hour; then: {CHANGES[name]}"
