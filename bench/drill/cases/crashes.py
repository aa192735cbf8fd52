"""Processes that are killed, or stand still, in the middle of work."""

from __future__ import annotations

import os
import signal
import threading
import time
from pathlib import Path

from bench.drill.case import Seen, case
from bench.drill.hub import DrillHub, some_studies, wait_for
from bench.drill.memory import descendants

WORKER = "tests/integration/workers/test_worker_faults.py"
ATTEMPTS = "tests/integration/workers/test_attempts.py"
STILL_SECONDS = 240  # a hung part is noticed in one minute; a machine under load is slow


@case(1, "requeued, one result", f"{WORKER}::test_child_killed_in_the_middle_of_a_job")
def child_killed(hub: DrillHub) -> None:
    """1: a worker's child process is killed (SIGKILL) in the middle of a job"""


@case(
    2,
    "redelivered within the sweep, one result",
    f"{WORKER}::test_whole_worker_killed_in_the_middle_of_a_job",
    live=True,
)
def worker_killed(hub: DrillHub) -> Seen:
    """2: the whole worker is killed"""
    return _under_load(hub, 12, "worker")


@case(
    3,
    "the second start sees the lease; one result",
    f"{WORKER}::test_job_longer_than_the_visibility_timeout",
    f"{WORKER}::test_process_that_stood_still_does_not_overwrite_who_took_over",
)
def longer_than_visible(hub: DrillHub) -> None:
    """3: a job longer than the visibility timeout"""


@case(
    8,
    "the outbox sends",
    f"{WORKER}::test_study_committed_but_never_sent_is_sent_by_the_sweeper",
    "tests/integration/gateway/ingest/test_ingest_faults.py::"
    "test_killed_between_object_and_commit_it_was_not_received_and_can_come_again",
    "tests/unit/services/test_outbox.py::test_a_dispatcher_that_died_leaves_its_rows_to_the_next",
)
def killed_before_enqueue(hub: DrillHub) -> None:
    """8: the gateway is killed between commit and enqueue, and before the commit"""


@case(
    9,
    "HEAD shows the durable offset; the resumed file's hash is equal",
    "tests/integration/gateway/ingest/test_tus.py::test_a_killed_gateway_loses_no_counted_byte",
)
def killed_in_upload(hub: DrillHub) -> None:
    """9: the gateway is killed in the middle of a resumable upload"""


@case(
    22,
    "the run again writes the same key; orphans are swept",
    f"{ATTEMPTS}::test_index_that_fails_at_the_end_gets_the_same_keys_at_the_next_run",
    "tests/unit/workers/test_orphans.py::"
    "test_an_orphan_is_quarantined_after_a_day_and_deleted_a_week_later",
)
def mask_without_row(hub: DrillHub) -> None:
    """22: the mask is stored, then the index write fails"""


@case(
    26,
    "dead letter, visible, can be run again",
    f"{ATTEMPTS}::test_study_that_fails_three_times_is_dead_and_can_be_run_again",
    "tests/integration/gateway/test_operations.py::test_dead_letters_are_seen_and_run_again",
)
def poison(hub: DrillHub) -> None:
    """26: a study that fails three times"""


@case("F8", "it comes back by itself; whoever sends again loses nothing", live=True)
def gateway_killed(hub: DrillHub) -> Seen:
    """F8: both processes of the gateway are killed under load"""
    return _under_load(hub, 16, "gateway", while_sending=True)


def _under_load(hub: DrillHub, count: int, part: str, *, while_sending: bool = False) -> Seen:
    """Kill ``part`` while ``count`` studies are sent, or read."""
    studies, tries = some_studies(count), [0]

    def send() -> None:
        tries[0] = sum(hub.send(studies.values()))

    sender = threading.Thread(target=send)
    sender.start()
    if while_sending:
        time.sleep(0.4)
    else:
        wait_for(lambda: any(j.state.value == "leased" for j in hub.jobs(studies)), 60, 0.05)
    with hub.untended():
        hub.machine.processes[part].kill()
    sender.join(timeout=300)
    counted = hub.settled(studies)
    again = f"; {tries[0] - count} requests sent again" if while_sending else ""
    return Seen(counted.whole and tries[0] >= count, f"{counted}{again}")


@case(
    "F12",
    "noticed and replaced; work goes on",
    f"{WORKER}::test_worker_that_is_connected_but_takes_nothing_is_started_again",
    "tests/unit/workers/test_watchdog.py::test_process_that_hangs_is_ended",
    "tests/unit/workers/test_supervisor.py::test_one_whose_heartbeat_stops_is_killed",
    live=True,
)
def stands_still(hub: DrillHub) -> Seen:
    """F12: a consuming worker process, the worker's keeper and the sweeper stand still (SIGSTOP)"""
    young = 45.0 - hub.machine.processes["sweeper"].running_seconds  # until it was looked at once
    time.sleep(max(young, 0.0))
    consumer = _consumer(hub)
    still = {"consumer": consumer, "sweeper": _pid(hub, "sweeper")}
    began = time.monotonic()
    gone: dict[str, float] = {}
    _stop(list(still.values()))
    try:
        wait_for(lambda: _note_gone(still, gone, began), STILL_SECONDS)
        keeper = {"keeper": _pid(hub, "worker")}
        began = time.monotonic()
        _stop(list(keeper.values()))
        still |= keeper
        wait_for(lambda: _note_gone(still, gone, began), STILL_SECONDS)
    finally:
        _release([pid for name, pid in still.items() if name not in gone])
    studies = some_studies(2)
    hub.send(studies.values())
    counted = hub.settled(studies)
    times = ", ".join(f"{name} after {seconds:.0f} s" for name, seconds in gone.items())
    return Seen(len(gone) == 3 and counted.whole, f"replaced: {times}; then {counted}")


def _pid(hub: DrillHub, part: str) -> int:
    pid = hub.machine.processes[part].pid
    if pid is None:
        raise RuntimeError(f"{part} does not run")
    return pid


def _consumer(hub: DrillHub) -> int:
    """The process that reads studies: Celery's main one, not its children."""
    for pid in descendants(_pid(hub, "worker")):
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
        if b"workers.consume\0analyse" in command:
            return pid
    raise RuntimeError("no consuming process was found")


def _stop(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)


def _release(pids: list[int]) -> None:
    for pid in pids:
        os.kill(pid, signal.SIGCONT)


def _note_gone(still: dict[str, int], gone: dict[str, float], began: float) -> bool:
    """Note who has ended since; true when all have."""
    for name, pid in still.items():
        if name not in gone and _ended(pid):
            gone[name] = time.monotonic() - began
    return len(gone) == len(still)


def _ended(pid: int) -> bool:
    """Gone, or a zombie that nobody has waited for yet."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True
