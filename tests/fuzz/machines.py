"""``python -m fuzz.machines NAME SECONDS FOLDER``: Hypothesis on a state machine, round after round.

A find is shrunk and shown as the steps that lead to it; Hypothesis keeps it in FOLDER for the next time.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from hypothesis import HealthCheck, seed, settings
from hypothesis.database import DirectoryBasedExampleDatabase
from hypothesis.stateful import RuleBasedStateMachine, get_state_machine_test
from index_cases import migrated
from machines.databases import on_sqlite


def index(folder: Path) -> type[RuleBasedStateMachine]:
    """Studies, jobs, outbox, versions and deliveries, on SQLite."""
    empty = folder / "empty.db"
    migrated(f"sqlite:///{empty}").close()
    return on_sqlite(empty, folder)


MACHINES: dict[str, Callable[[Path], type[RuleBasedStateMachine]]] = {"index": index}


def run(name: str, seconds: float, failures_folder: Path) -> None:
    """Raises what the machine finds."""
    until = time.monotonic() + seconds
    given = settings(
        max_examples=50,
        stateful_step_count=60,
        database=DirectoryBasedExampleDatabase(failures_folder / "examples"),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    memory = Path("/dev/shm")
    with tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None) as folder:
        machine = MACHINES[name](Path(folder))
        rounds = 0
        while rounds == 0 or time.monotonic() < until:
            seed(time.time_ns())(get_state_machine_test(machine, settings=given))()
            rounds += 1
    print(f"{name}: {rounds} rounds of {given.max_examples} runs", flush=True)


if __name__ == "__main__":
    run(sys.argv[1], float(sys.argv[2]), Path(sys.argv[3]))
