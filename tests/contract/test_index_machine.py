"""Whatever happens to studies, jobs, messages and versions, in whatever order: nothing is lost or doubled.

A few runs, the same each time; ``make fuzz TARGET=index`` goes on with others.
"""

from __future__ import annotations

from pathlib import Path

from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from machines.databases import on_postgres, on_sqlite
from machines.index import IndexMachine


def run(machine: type[IndexMachine], examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=25,
            phases=[Phase.generate],
            derandomize=True,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )


def test_index_on_sqlite(sqlite: Path, tmp_path: Path) -> None:
    run(on_sqlite(sqlite, tmp_path), 25)


def test_index_on_postgresql(postgres: str) -> None:
    run(on_postgres(postgres), 8)
