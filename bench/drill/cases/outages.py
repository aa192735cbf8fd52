"""Parts that are away, full, silent or wrong for a while: no study is at fault, and none is lost."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import httpx
import redis

from bench.drill.case import Seen, case
from bench.drill.hub import DICOM, Count, DrillHub, some_studies, wait_for
from services.composition import Adapters
from services.index import open_index
from workers.orphans import OrphanSweep

WORKER = "tests/integration/workers/test_worker_faults.py"
ATTEMPTS = "tests/integration/workers/test_attempts.py"
MODEL = "tests/integration/services/test_model_server_faults.py"
ANSWER_SECONDS = 40.0  # longer than the index waits for a silent database


@case(
    4,
    "the outbox sends again; nothing lost",
    f"{WORKER}::test_broker_killed_under_load",
    "tests/integration/workers/test_outages.py::test_broker_that_is_away_for_longer_than_a_worker_may_be_silent_ends_no_worker",
    live=True,
)
def broker_killed(hub: DrillHub) -> Seen:
    """4: the broker is killed with AOF everysec, under load"""
    studies = some_studies(10)
    first, rest = dict(list(studies.items())[:6]), dict(list(studies.items())[6:])
    hub.send(first.values())
    wait_for(lambda: any(job.state.value == "leased" for job in hub.jobs(first)), 60, 0.05)
    with hub.untended():
        hub.machine.processes["valkey"].kill()
        hub.send(rest.values())
    counted = hub.settled(studies)
    return Seen(counted.whole, f"{len(rest)} sent while it was away; {counted}")


@case(
    5,
    "workers consume again, or liveness restarts them",
    f"{WORKER}::test_broker_restarted_five_times_in_a_row",
)
def broker_restarted(hub: DrillHub) -> None:
    """5: the broker is restarted five times in 3 s"""


@case(
    6,
    "the queue is rebuilt from the index",
    f"{WORKER}::test_broker_emptied_is_filled_from_the_index",
    live=True,
)
def broker_emptied(hub: DrillHub) -> Seen:
    """6: FLUSHALL at the broker while studies wait"""
    studies = some_studies(6)
    hub.send(studies.values())
    with _broker(hub) as broker:
        broker.flushall()
    counted = hub.settled(studies)
    return Seen(counted.whole, str(counted))


@case(
    7,
    "noeviction; the answer is 503 with Retry-After, or the outbox keeps it",
    "tests/integration/services/test_broker_faults.py::test_a_full_broker_refuses_and_forgets_nothing",
    "tests/integration/dicom/test_bad_input.py::test_a_broker_that_is_gone_fails_no_answer",
    live=True,
)
def broker_full(hub: DrillHub) -> Seen:
    """7: the broker is at maxmemory"""
    studies = some_studies(3)
    with _broker(hub) as broker, hub.client() as client:
        memory = str(broker.config_get("maxmemory")["maxmemory"])
        broker.set("drill-ballast", b"x" * 2_000_000)
        broker.config_set("maxmemory", "1mb")
        try:
            codes = [_post(client, data).status_code for data in studies.values()]
            kept = len(hub.jobs(studies))
        finally:
            broker.config_set("maxmemory", memory)
            broker.delete("drill-ballast")
    hub.send(data for data, code in zip(studies.values(), codes, strict=True) if code != 200)
    counted = hub.settled(studies)
    held = counted.whole and set(codes) <= {200, 503}
    return Seen(held, f"answers {sorted(set(codes))}, {kept} kept in the outbox; {counted}")


@case(
    21,
    'retried; never "done" without the object there and its hash right',
    f"{ATTEMPTS}::test_store_down_gives_the_job_back_and_never_says_done",
    f"{ATTEMPTS}::test_store_that_fails_while_writing_leaves_no_result",
    f"{ATTEMPTS}::test_report_has_all_its_objects_and_they_are_what_their_hashes_say",
    "tests/integration/services/test_store_faults.py::test_killed_and_started_again_it_has_what_it_answered_for",
    "tests/unit/services/storage/test_local.py::test_a_full_disk_is_an_outage",
)
def store_down(hub: DrillHub) -> None:
    """21: the object store is down or full"""


@case(
    23,
    "back-off with jitter; not counted as poison",
    f"{MODEL}::test_a_full_queue_is_busy_not_broken",
    f"{MODEL}::test_with_patience_all_are_answered",
    "tests/unit/workers/analysis/test_leased_job.py::test_it_is_spread",
    "tests/unit/workers/analysis/test_leased_job.py::test_it_grows_with_outages_in_a_row_up_to_a_bound",
)
def model_busy(hub: DrillHub) -> None:
    """23: Triton answers 503 (its queue is full)"""


@case(
    24,
    "deadline, breaker opens, job kept, healed",
    f"{MODEL}::test_a_server_that_hangs_meets_a_deadline_then_the_breaker_and_comes_back",
    f"{MODEL}::test_a_server_that_is_gone_comes_back_to_the_same_client",
    f"{ATTEMPTS}::test_outage_of_a_part_is_not_counted",
)
def model_hangs(hub: DrillHub) -> None:
    """24: Triton hangs or dies"""


@case(
    "F1",
    "0 dead; each given back as busy, with back-off; read when it is there again",
    "tests/integration/workers/test_outages.py::"
    "test_model_server_whose_port_is_closed_for_a_while_kills_no_study",
    live=True,
)
def ports_closed(hub: DrillHub) -> Seen:
    """F1: Triton's port is closed under a queue of studies, then the object store's"""
    seen, held = [], True
    for part in ("triton", "object store"):
        if part not in hub.machine.processes:
            return Seen(False, "there is no Triton here: the worker reads by itself")
        counted, given_back = _closed_under_a_queue(hub, part)
        held = held and counted.whole and counted.attempts == 0 and given_back > 0
        seen.append(f"{part}: {given_back} times given back, {counted}")
    return Seen(held, "; ".join(seen))


def _closed_under_a_queue(hub: DrillHub, part: str) -> tuple[Count, int]:
    """The count after ``part`` was away for a while, and how often a job was given back meanwhile."""
    studies = some_studies(6)
    before = hub.log("worker").count("job given back")
    with hub.untended():
        hub.machine.processes[part].kill()
        hub.send(studies.values())
        wait_for(
            lambda: hub.log("worker").count("job given back") - before >= 2 * len(studies), 120
        )
    given_back = hub.log("worker").count("job given back") - before
    return hub.settled(studies), given_back


@case(
    "F2",
    "503 within the deadline, readiness says not ready; it recovers",
    "tests/integration/test_silent_database.py::test_readiness_says_so_within_seconds_and_recovers",
    "tests/integration/test_silent_database.py::test_a_statement_under_way_ends",
    "tests/integration/test_silent_database.py::test_writes_that_wait_for_a_silent_commit_end_too",
    live=True,
    index="postgres",
)
def database_silent(hub: DrillHub) -> Seen:
    """F2: the line to PostgreSQL falls silent: connections stay open, and nothing comes"""
    if hub.line is None:
        return Seen(False, "there is no line to a database")
    studies = some_studies(4)
    with hub.client(timeout=120) as client, ThreadPoolExecutor(8) as pool:
        hub.line.silent = True
        try:
            asked = [pool.submit(_timed_post, client, data) for data in studies.values()]
            ready = pool.submit(_until_not_ready, client)
            live = _timed_get(client, "/health/live")
            codes, seconds = zip(*(one.result() for one in asked), strict=True)
            readiness = ready.result()
        finally:
            hub.line.silent = False
        began = time.monotonic()
        back = hub.ready(120)
        recovered = time.monotonic() - began
    hub.send(studies.values())
    counted = hub.settled(studies)
    held = set(codes) == {503} and max(seconds) < ANSWER_SECONDS and readiness[0] == 503
    seen = f"answers {sorted(set(codes))} after at most {max(seconds):.0f} s, "
    seen += f"readiness {readiness[0]} after {readiness[1]:.0f} s, liveness {live[0]}; "
    seen += f"ready again after {recovered:.0f} s; {counted}"
    return Seen(held and back and live[0] == 200 and counted.whole, seen)


@case(
    "F3",
    "0 objects removed",
    "tests/unit/workers/test_orphans.py::test_an_empty_index_deletes_nothing",
    "tests/unit/workers/test_orphans.py::test_another_index_that_references_the_same_objects_may_not_sweep_either",
    "tests/unit/workers/test_orphans.py::test_its_own_index_with_many_rows_lost_deletes_nothing",
    live=True,
)
def sweeper_with_a_wrong_index(hub: DrillHub) -> Seen:
    """F3: a sweeper with an empty index, or another hub's, at this hub's object store"""
    store = Adapters(hub.machine.settings).store
    studies = some_studies(1)
    hub.send(studies.values())
    hub.settled(studies)
    before = len(list(store.list()))
    removed = 0
    with tempfile.TemporaryDirectory() as folder:
        for name in ("empty", "other"):
            index = open_index(f"sqlite:///{folder}/{name}.db", clock=_weeks_ahead)
            index.migrate()
            for _ in range(3):
                removed += OrphanSweep(index, store, 1.0).run()
            index.close()
    after = len(list(store.list()))
    store.close()
    return Seen(removed == 0 and after >= before > 0, f"{removed} of {before} objects removed")


def _weeks_ahead() -> datetime:
    return datetime.now(UTC) + timedelta(days=30)


@case(
    "F16",
    "nothing is stuck: no job, lease or delivery stays in the future",
    "tests/contract/test_clock.py::test_outbox_rows_of_a_clock_ahead_are_sent",
    "tests/contract/test_clock.py::test_lease_of_a_dead_worker_ends_and_a_living_one_keeps_it",
    "tests/contract/test_clock.py::test_what_is_due_soon_stays",
    "tests/contract/test_clock.py::test_time_is_the_servers_where_there_is_one",
)
def clock_ahead(hub: DrillHub) -> None:
    """F16: the clock is two days ahead, and goes back"""


def _post(client: httpx.Client, data: bytes) -> httpx.Response:
    return client.post("/dicomweb/studies", content=data, headers=DICOM)


def _timed_post(client: httpx.Client, data: bytes) -> tuple[int, float]:
    began = time.monotonic()
    return _post(client, data).status_code, time.monotonic() - began


def _timed_get(client: httpx.Client, path: str) -> tuple[int, float]:
    began = time.monotonic()
    return client.get(path).status_code, time.monotonic() - began


def _until_not_ready(client: httpx.Client) -> tuple[int, float]:
    """The first answer that is not 200, and after how long; readiness is remembered for seconds."""
    began = time.monotonic()
    while True:
        code = client.get("/health/ready").status_code
        seconds = time.monotonic() - began
        if code != 200 or seconds > ANSWER_SECONDS:
            return code, seconds
        time.sleep(0.5)


@contextmanager
def _broker(hub: DrillHub) -> Iterator[redis.Redis]:
    """A client of the hub's own broker."""
    url = hub.machine.settings.broker_url.get_secret_value()
    client = redis.Redis.from_url(url)
    try:
        yield client
    finally:
        client.close()
