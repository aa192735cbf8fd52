"""A steady load for some minutes while every part is killed and stopped: ``make soak MINUTES=20``.

STOW-RS, the web form, tus, C-STORE and a phone send, readers list, open and accept. In the end each study
that was acknowledged has one result, nothing is stuck, and no part has grown. The last line is one JSON
object. With ``--postgres`` the index is Debian's PostgreSQL, which is killed and stopped like the others.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
import time
import uuid
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import httpx

from bench.postgres import Postgres
from bench.soak import measure, report
from bench.soak.faults import Fault, Faults, every_part_in_turn
from bench.soak.ledger import Ledger
from bench.soak.load import Load, Reader
from bench.soak.memory import Memory
from bench.soak.senders import Dimse, Form, Phone, Sender, Stow, Tus
from services.index import open_index
from services.processes.process import Process
from services.processes.process_reaper import ProcessReaper
from services.standalone import ports
from services.standalone.local_stack import LocalStack, StackOptions

SOURCES = 5
ENVIRONMENT = {
    "FADA_LEASE_SECONDS": "15",
    "FADA_UPLOAD_DAYS": "0.002",  # not quite three minutes: what is left over must go in the run
    "FADA_RATE_PER_SECOND": "1000",
}


def main() -> int:
    """Run it on a hub of its own; 0 when nothing was lost, doubled, refused or stuck, every part came
    back, and none has grown beyond its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=20.0)
    parser.add_argument("--per-minute", type=float, default=15.0, help="studies, of all sources")
    parser.add_argument("--postgres", action="store_true", help="PostgreSQL instead of SQLite")
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="fada-soak-"))
    try:
        with ExitStack() as stack:
            machine = hub(home, given.postgres, stack)
            figures = soak(machine, home, 60 * given.minutes, 60 * SOURCES / given.per_minute)
    finally:
        shutil.rmtree(home, ignore_errors=True)
    print(json.dumps(figures))
    return 0 if report.passed(figures) else 1


def hub(home: Path, postgres: bool, stack: ExitStack) -> LocalStack:
    """A whole hub, started; its database among its parts when it is PostgreSQL."""
    options = StackOptions(
        home / "hub", dimse_port=ports.free(1)[0], quiet_seconds=0, environment=dict(ENVIRONMENT)
    )
    database = None
    if postgres:
        server = Postgres()
        stack.callback(server.remove)
        server.create()
        reaper = ProcessReaper()
        stack.callback(reaper.close)
        database = Process(server.spec(home / "database.log"), reaper)
        stack.callback(database.stop)
        database.start()
        database.wait_ready()
        options.index_url = server.url()
    machine = LocalStack(
        options, lambda part, words: print(f"           {part}: {words}", flush=True)
    )
    stack.callback(machine.stop)
    if database is not None:
        machine.processes["database"] = database
    machine.start()
    return machine


def soak(machine: LocalStack, home: Path, seconds: float, every: float) -> dict[str, object]:
    """Load and faults for ``seconds``, or until every fault is over; then judge."""
    began, ledger = time.monotonic(), Ledger()
    # Faults fill two thirds; the last third shows how memory stands without them.
    count = 2 * len(machine.processes)
    apart = max(seconds * 0.66 / count, 8.0)
    plan = every_part_in_turn(machine.processes, min(20.0, max(apart / 2, 6.0)))
    faults, memory = Faults(machine.processes, apart, plan), Memory(machine.processes)
    load = Load(ledger, senders(machine, home), readers(machine, ledger), every)

    def tend() -> None:
        machine.tend()
        faults.tend()
        memory.tend()

    load.start()
    _while(tend, lambda: time.monotonic() < began + seconds or not faults.over, seconds + 600)
    faults.close()
    index = open_index(machine.settings.index_url)
    load.stop(300.0, tend)
    measure.drain(index, 900.0, tend)
    verdict = measure.judge(index, ledger)
    index.close()
    return _told(verdict, ledger, plan, memory, time.monotonic() - began)


def _told(
    verdict: measure.Verdict, ledger: Ledger, plan: list[Fault], memory: Memory, seconds: float
) -> dict[str, object]:
    growth = memory.growth()
    figures = report.figures(verdict, ledger, plan, growth, seconds)
    report.show(figures, verdict, ledger, plan, growth)
    return figures


def _while(tend: Callable[[], None], condition: Callable[[], bool], most: float) -> None:
    until = time.monotonic() + most
    while condition() and time.monotonic() < until:
        tend()
        time.sleep(0.1)


def senders(machine: LocalStack, home: Path) -> list[Sender]:
    """One of each way in."""
    run, key = uuid.uuid4().hex, machine.new_key()
    seed = int(run[:4], 16)
    return [
        Stow(client(machine, key), run),
        Form(client(machine, key), seed),
        Tus(client(machine, key), machine.address, key, run),
        Dimse(machine.options.dimse_port, run),
        Phone(client(machine, key), machine.address, home / "phone", seed),
    ]


def readers(machine: LocalStack, ledger: Ledger) -> list[Reader]:
    """Two people at the worklist."""
    return [Reader(client(machine, machine.new_key()), ledger, seed) for seed in (1, 2)]


def client(machine: LocalStack, key: str) -> httpx.Client:
    """Of the hub's own, with a time limit as viewers have."""
    headers = {"Authorization": f"Bearer {key}"}
    return httpx.Client(base_url=machine.address, headers=headers, timeout=45, trust_env=False)


if __name__ == "__main__":
    raise SystemExit(main())
