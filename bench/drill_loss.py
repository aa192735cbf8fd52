"""Nothing is lost: ``python -m bench.drill_loss``.

A hub of its own gets 40 studies by ``fada send`` while its worker is killed with SIGKILL three times
and its broker once. In the end every study has exactly one result of the hub.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from bench.studies import studies
from services.domain.report import Origin
from services.index import open_index
from services.index.port import Index, JobState, StudyQuery
from services.standalone.local_stack import LocalStack, StackOptions

SITE = "default"
LEASE_SECONDS = 10


@dataclass
class Fault:
    """Strikes when ``after`` jobs have ended and one is being worked on."""

    name: str
    after: int
    struck: float | None = None


@dataclass
class Drill:
    """A hub under load: ``sent`` studies are on their way since ``began`` (monotonic seconds)."""

    machine: LocalStack
    index: Index
    sent: int
    began: float = field(default_factory=time.monotonic)

    def counts(self) -> dict[str, int]:
        """The number of jobs in each state."""
        with self.index.read() as tx:
            return tx.jobs.depth()

    def strike(self, fault: Fault) -> None:
        """SIGKILL to the whole group: no goodbye, nothing is written down."""
        part = "valkey" if fault.name.startswith("broker") else "worker"
        self.machine.processes[part].kill()
        fault.struck = time.monotonic() - self.began
        print(f"{fault.struck:7.1f} s  {fault.name}", flush=True)

    def run(self, faults: list[Fault], seconds: float) -> None:
        """Tend the machine, strike, until all jobs have ended."""
        until = time.monotonic() + seconds
        waiting = list(faults)
        while time.monotonic() < until:
            self.machine.tend()
            counts = self.counts()
            ended = counts["done"] + counts["dead"]
            if waiting and ended >= waiting[0].after and counts["leased"] > 0:
                self.strike(waiting.pop(0))
            if ended >= self.sent and not waiting:
                return
            time.sleep(0.1)


def main() -> None:
    """Run the drill; exits with 1 when a study was lost, doubled or left without a result."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=40)
    parser.add_argument("--data", type=Path, help="folder of PNG or JPEG images (HC18)")
    parser.add_argument("--seconds", type=float, default=900.0, help="wait at most so long")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fada-drill-") as folder:
        figures = drill(Path(folder), options.studies, options.data, options.seconds)
    show(figures)
    if figures["lost"] or figures["doubled"] or figures["results"] != figures["sent"]:
        raise SystemExit(1)


def drill(folder: Path, count: int, data: Path | None, seconds: float) -> dict[str, Any]:
    """Send ``count`` studies while parts are killed; the counts, waiting at most ``seconds``."""
    scans = folder / "scans"
    scans.mkdir()
    for number, study in enumerate(studies(count, uuid.uuid4().hex, data)):
        (scans / f"{number:03}.dcm").write_bytes(study)
    machine = LocalStack(
        StackOptions(
            folder / "home",
            environment={"FADA_LEASE_SECONDS": str(LEASE_SECONDS)},
            quiet_seconds=0,
        ),
        lambda part, words: print(f"           {part}: {words}", flush=True),
    )
    third = max(count // 8, 1)
    faults = [
        Fault("worker killed (1)", third),
        Fault("worker killed (2)", 3 * third),
        Fault("broker killed", 4 * third),
        Fault("worker killed (3)", 6 * third),
    ]
    try:
        machine.start()
        index = open_index(machine.settings.index_url)
        sender = send(machine, scans, folder / "remembered")
        drilled = Drill(machine, index, count)
        drilled.run(faults, seconds)
        tries = finish_sending(sender, lambda: send(machine, scans, folder / "remembered"), machine)
        drilled.run([], seconds)
        return judged(index, count, faults, time.monotonic() - drilled.began, tries)
    finally:
        machine.stop()


def send(machine: LocalStack, scans: Path, config: Path) -> subprocess.Popen[bytes]:
    """``fada send``, as a person would."""
    command = [sys.executable, "-m", "cli.main", "send", str(scans)]
    command += ["--hub", machine.address, "--key", machine.new_key()]
    return subprocess.Popen(command, env={**_environment(), "FADA_CONFIG": str(config)})


def _environment() -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith("FADA_")}


def finish_sending(
    sender: subprocess.Popen[bytes],
    again: Callable[[], subprocess.Popen[bytes]],
    machine: LocalStack,
) -> int:
    """Whoever is told that sending failed sends again: the hub keeps each file once."""
    tries = 1
    while True:
        while sender.poll() is None:
            machine.tend()
            time.sleep(0.1)
        if sender.returncode == 0 or tries == 5:
            return tries
        sender, tries = again(), tries + 1


def judged(
    index: Index, sent: int, faults: list[Fault], seconds: float, tries: int
) -> dict[str, Any]:
    """Counts over all studies: results, lost, doubled, kills, retries; ``seconds`` is passed on."""
    results = doubled = lost = dead = 0
    with index.read() as tx:
        studies = tx.studies.find(SITE, StudyQuery(limit=10 * sent))
        for study in studies:
            ours = [v for v in tx.results.versions(SITE, study.id) if v.origin is Origin.HUB]
            results += len(ours)
            doubled += len(ours) > 1
            lost += not ours
        dead = len(tx.jobs.find(None, states=(JobState.DEAD,), limit=sent))
        retried = [job for job in tx.jobs.find(None, limit=10 * sent) if job.attempts > 0]
    return {
        "sent": sent,
        "results": results,
        "doubled": doubled,
        "lost": lost + max(sent - len(studies), 0),
        "worker_kills": sum(f.struck is not None and f.name.startswith("worker") for f in faults),
        "broker_kills": sum(f.struck is not None and f.name.startswith("broker") for f in faults),
        "jobs_retried": len(retried),
        "dead": dead,
        "send_tries": tries,
        "seconds": round(seconds, 1),
    }


def show(figures: dict[str, Any]) -> None:
    """Print a table for people and one line of JSON for programs."""
    table = Table(title="Kills under load")
    table.add_column("what")
    table.add_column("count", justify="right")
    for name, value in figures.items():
        table.add_row(name.replace("_", " "), str(value))
    Console().print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
