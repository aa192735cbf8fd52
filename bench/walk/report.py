"""From the records of ``trace`` to a way: files and functions in the order of their first run."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

PHONE = "phone"
# What a process is called, by a part of its command.
_PROCESSES = {
    "serve gateway": "gateway",
    "parser.child": "parser",
    "image_child": "image child",
    "consume analyse": "worker",
    "consume publish": "publisher",
    "serve worker": "supervisor",
    "serve sweeper": "sweeper",
    "model server": "model server",
    "fada-edge": PHONE,
    "bounded_decoding_child": PHONE,
    "fada up": "fada up",
}
_INNER = ("<listcomp>", "<dictcomp>", "<setcomp>", "<genexpr>")  # parts of the function around them
_INTRODUCTION = """# A study's way, file by file

Written by `make walk`: a hub of its own takes one study by STOW-RS and one case of a phone to a
delivered webhook while every process is traced. What runs at import, at start-up or in background
ticks is left out, and so is what only fills a cache. Each row is a file of the product, at the moment
when it first runs in that process, with its functions in the order of their first run.

| | files | functions |
|---|---:|---:|
| a study by STOW-RS, in the hub | {study_files} | {study_functions} |
| a case of a phone, in the hub | {case_files} | {case_functions} |
| a case of a phone, on the phone | {phone_files} | {phone_functions} |
"""


@dataclass(frozen=True, slots=True)
class Record:
    """A function's first run beneath one root, in one process and window."""

    window: int
    at: int
    process: str
    root: str
    file: str
    function: str
    line: int


@dataclass(slots=True)
class Step:
    """One file in one process."""

    process: str
    file: str
    functions: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Way:
    """Steps in the order in which they begin."""

    steps: list[Step]

    def files(self, phone: bool = False) -> set[str]:
        """Distinct files of the hub, or those of the phone."""
        return {s.file for s in self.steps if (s.process == PHONE) == phone}

    def functions(self, phone: bool = False) -> set[tuple[str, str]]:
        """Distinct functions with their files."""
        chosen = [s for s in self.steps if (s.process == PHONE) == phone]
        return {(step.file, name) for step in chosen for name in step.functions}


def read_records(folder: Path) -> list[Record]:
    """All processes' records by time (CLOCK_MONOTONIC is one for the whole machine)."""
    written = [path.read_bytes().rstrip(b"\0") for path in folder.glob("*.jsonl")]
    lines = [line for one in written for line in one.splitlines()]
    return sorted((_record(json.loads(line)) for line in lines), key=lambda record: record.at)


def _record(line: dict[str, Any]) -> Record:
    command = line.pop("command")
    names = [name for part, name in _PROCESSES.items() if part in command]
    return Record(process=names[0] if names else command, **line)


def way_of(records: Iterable[Record], window: int, quiet: int) -> Way:
    """What ran in ``window``, less what ran beneath the same root of the same process in ``quiet``."""
    records = list(records)
    idle = {(r.process, r.root, r.file, r.function) for r in records if r.window == quiet}
    steps: dict[tuple[str, str], Step] = {}
    for r in records:
        if r.window != window or (r.process, r.root, r.file, r.function) in idle:
            continue
        step = steps.setdefault((r.process, r.file), Step(r.process, r.file))
        name = r.function.replace(".<locals>", "")
        if not name.endswith(_INNER) and name not in step.functions:
            step.functions.append(name)
    return Way(list(steps.values()))


def figures(study: Way, case: Way) -> dict[str, int]:
    """Numbers of distinct files and functions; ``case_…`` is the hub's part of a case."""
    return {
        "study_files": len(study.files()),
        "study_functions": len(study.functions()),
        "case_files": len(case.files()),
        "case_functions": len(case.functions()),
        "case_only_files": len(case.files() - study.files()),
        "phone_files": len(case.files(phone=True)),
        "phone_functions": len(case.functions(phone=True)),
    }


def show(console: Console, title: str, way: Way) -> None:
    """A table for people."""
    table = Table("step", "process", "file", "functions", title=title)
    for number, step in enumerate(way.steps, start=1):
        table.add_row(str(number), step.process, step.file, ", ".join(step.functions))
    console.print(table)


def page(study: Way, case: Way) -> str:
    """The page of the docs, in Markdown."""
    parts = [_INTRODUCTION.format(**figures(study, case))]
    for title, way in (("A study by STOW-RS", study), ("A case of a phone", case)):
        parts.append(f"\n## {title}\n\n| | process | file | functions |\n|---:|---|---|---|\n")
        for number, step in enumerate(way.steps, start=1):
            names = ", ".join(f"`{name}`" for name in step.functions)
            parts.append(f"| {number} | {step.process} | `{step.file}` | {names} |\n")
    return "".join(parts)
