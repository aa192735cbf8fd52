"""What the soak would notice: a study without a result, one with two, rows that are stuck, growth."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from index_cases import instance, migrated, patient

from bench.soak import measure, report
from bench.soak.faults import Fault, Faults, every_part_in_turn, tree
from bench.soak.ledger import Ledger
from bench.soak.memory import Growth, Memory
from services.domain.study import IngestSource, Principal, Role
from services.index.port import Index
from services.processes.process import Process, ProcessSpec

WHO = Principal("key:soak", measure.SITE, Role.ADMIN)
# Its own child waits for a word that never comes, and ends with it: the pipe is its stdin.
CHILD = "import subprocess,sys;subprocess.Popen([sys.executable,'-c','input()'],stdin=-1).wait()"


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    opened = migrated(f"sqlite:///{tmp_path}/index.db")
    yield opened
    opened.close()


def receive(index: Index, uid: str) -> None:
    with index.begin() as tx:
        tx.studies.receive(
            WHO, uid, patient(), [instance(f"{uid}.1")], source=IngestSource.STOW, urgent=False,
            request_id="",
        )  # fmt: skip


def test_acknowledged_studies_without_a_result_are_lost_and_their_jobs_stuck(index: Index) -> None:
    receive(index, "1.2.1")
    ledger = Ledger()
    ledger.acknowledge("1.2.1", "STOW-RS", 1)
    ledger.acknowledge("1.2.2", "phone", 1)
    ledger.reviewed("no such study", 2)

    verdict = measure.judge(index, ledger)

    assert verdict.lost == ["STOW-RS: received ", "phone: no study", "a review"]
    assert verdict.stuck["jobs queued"] == 1
    assert verdict.stuck["outbox"] == 1
    assert verdict.percentile(0.5) is None


def test_a_study_nobody_was_told_of_counts_as_doubled_unless_its_sender_gave_up(
    index: Index,
) -> None:
    receive(index, "1.2.1")

    assert measure.judge(index, Ledger()).doubled
    unanswered = Ledger()
    unanswered.give_up("tus")
    assert not measure.judge(index, unanswered).doubled


def test_strikes_a_part_with_its_children_and_sees_it_come_back() -> None:
    process = Process(ProcessSpec("part", (sys.executable, "-c", CHILD)))
    process.start()
    until = time.monotonic() + 120  # both loops end at once where the machine is not stalled
    while len(pids := tree(process.pid or 0)) < 2 and time.monotonic() < until:
        time.sleep(0.02)
    faults = Faults({"part": process}, 0.0, [Fault("part")])
    try:
        while not faults.over and time.monotonic() < until:
            faults.tend()
            process.tend()
            time.sleep(0.02)
    finally:
        process.stop()

    assert faults.over
    assert not any(Path(f"/proc/{pid}/cwd").exists() for pid in pids)


def test_what_is_stopped_goes_on_when_the_time_is_over() -> None:
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    process = Process(ProcessSpec("part", ("true",)))
    process._child = child
    faults = Faults({"part": process}, 0.0, [Fault("part", 0.05)])
    try:
        faults.tend()
        _await(child.pid, stopped=True)
        faults.close()
        _await(child.pid, stopped=False)
    finally:
        child.send_signal(signal.SIGKILL)
        child.communicate()


def _await(pid: int, *, stopped: bool) -> None:
    """Signals take a moment. The test's own time limit ends it where it never comes."""
    while (Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "T") != stopped:
        time.sleep(0.01)


def test_every_part_is_killed_and_stopped_once() -> None:
    plan = every_part_in_turn(["gateway", "worker"], 9.0)

    assert [fault.name for fault in plan] == [
        "gateway killed",
        "worker killed",
        "gateway stopped for 9 s",
        "worker stopped for 9 s",
    ]


@pytest.mark.parametrize(
    ("back", "end", "passes"), [(3.0, 110, True), (None, 110, False), (3.0, 190, False)]
)
def test_a_part_that_stays_away_or_grows_fails_the_soak(
    back: float | None, end: int, passes: bool
) -> None:
    mb = 2**20
    growth = [Growth("gateway", 100 * mb, end * mb, 600.0)]
    fault = Fault("worker", at=1.0, back=back)
    figures = report.figures(measure.Verdict(), Ledger(), [fault], growth, 600.0)
    assert report.passed(figures) is passes
    assert figures["memory_mb"] == {"gateway": [100, end]}


def test_growth_is_of_the_longest_life_after_its_first_minute() -> None:
    memory = Memory({})
    mb = 2**20
    memory.samples["gateway", 1] = [(5.0 * n, 900 * mb) for n in range(15)]
    memory.samples["gateway", 2] = [(5.0 * n, (100 + n) * mb) for n in range(112)]

    (growth,) = memory.growth()

    assert growth.start == 121.5 * mb
    assert growth.end == 201.5 * mb
    assert growth.share == pytest.approx(80 / 121.5)
