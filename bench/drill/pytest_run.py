"""Runs tests by their node ids in one pytest, on the index and broker of a combination."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.drill.reporter import FILE

# They use no hub of a combination: what they see is the same in each. Contract tests and those of the
# index run on both indexes by themselves.
_ALONE = (
    "tests/unit/",
    "tests/contract/",
    "tests/integration/edge/",
    "tests/integration/test_silent_database.py",
    "tests/integration/gateway/ingest/test_ingest_faults.py",
    "tests/integration/services/test_index_races.py",
    "tests/integration/services/test_model_server_faults.py",
    "tests/integration/services/test_store_faults.py",
)
_NOT_ALONE = ("tests/unit/workers/test_orphans.py", "tests/contract/test_queue.py")
ROOT = Path(__file__).resolve().parents[2]


def is_alone(node: str) -> bool:
    """Whether a test depends on neither index nor broker of a combination."""
    return node.startswith(_ALONE) and not node.startswith(_NOT_ALONE)


@dataclass(slots=True)
class Outcome:
    """Of one node id, over all its parameters."""

    passed: int = 0
    seconds: float = 0.0
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)

    @property
    def held(self) -> bool:
        """Something ran, all of it passed, and nothing was skipped."""
        return self.passed > 0 and not self.failed and not self.skipped


def run_tests(
    nodes: Iterable[str], environment: Mapping[str, str], log: Path, seconds: float
) -> dict[str, Outcome]:
    """The results by node id; a node that pytest did not come to has none passed.

    Args:
        nodes: ``tests/file.py::test`` with or without parameters.
        environment: beside our own; what a combination sets.
        log: takes what pytest prints.
        seconds: at most, for all.
    """
    wanted = sorted(set(nodes))  # the order of ``make test``: some tests share one hub
    if not wanted:
        return {}
    with tempfile.TemporaryDirectory(prefix="fada-drill-") as folder:
        outcomes = Path(folder) / "outcomes"
        outcomes.touch()
        given = {k: v for k, v in os.environ.items() if not k.startswith("FADA_") and k != "CI"}
        command = [sys.executable, "-m", "pytest", *wanted, "-p", "bench.drill.reporter"]
        command += ["-p", "no:cacheprovider", "--tb=short", f"--basetemp={folder}/t"]
        with log.open("wb") as out:
            try:
                subprocess.run(
                    command, cwd=ROOT, env={**given, **environment, FILE: str(outcomes)},
                    stdout=out, stderr=out, timeout=seconds, check=False,
                )  # fmt: skip
            except subprocess.TimeoutExpired:
                out.write(b"\nthe drill ended pytest: it took too long\n")
        lines = [json.loads(line) for line in outcomes.read_text().splitlines()]
    return {node: _result(node, lines) for node in wanted}


def _result(node: str, lines: list[dict[str, str]]) -> Outcome:
    result = Outcome()
    for line in lines:
        if line["node"] != node and not line["node"].startswith(f"{node}["):
            continue
        result.seconds += float(line["seconds"])
        if line["outcome"] == "passed":
            result.passed += 1
        else:
            words = f"{line['node'].rpartition('::')[2]}: {line['words']}"
            (result.failed if line["outcome"] == "failed" else result.skipped).append(words)
    return result
