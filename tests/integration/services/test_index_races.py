"""Many at once, processes that die, and a worklist of ten thousand, on both databases."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from index_cases import ANNA, BEN, START, Clock, instance, migrated, patient, report, send
from servers_postgres import fresh_database
from sqlalchemy import Connection, event

from bench.index.__main__ import own_engine
from bench.turns.lease_cost import fill
from bench.turns.lease_cost import queue as queue_jobs
from services.domain.errors import IndexUnavailable, LeaseLost
from services.domain.report import Origin
from services.index import open_index
from services.index.clinical.study_columns import priority_key, searched_columns
from services.index.database import tables
from services.index.database.connection import Session, connect, new_id, open_engine, utc_now
from services.index.messaging.site_queues import SiteQueues
from services.index.port import Artefact, Index, JobState, StudyQuery

SPAWN = multiprocessing.get_context("spawn")


@contextmanager
def empty_database(kind: str, folder: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The address of a database with all tables; SQLite's lies in ``folder``."""
    with ExitStack() as stack:
        made = f"sqlite:///{folder}/index.db"
        if kind == "postgres":
            made = stack.enter_context(fresh_database(request.getfixturevalue("postgres_url")))
        migrated(made).close()
        yield made


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with empty_database(request.param, tmp_path_factory.mktemp("races"), request) as database_url:
        yield database_url


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    with closing(open_index(url)) as opened:
        yield opened


@pytest.fixture
def fresh_url(request: pytest.FixtureRequest, url: str, tmp_path: Path) -> Iterator[str]:
    """An empty database of the same kind."""
    kind = "sqlite" if url.startswith("sqlite") else "postgres"
    with empty_database(kind, tmp_path, request) as database_url:
        yield database_url


@pytest.fixture
def fresh(fresh_url: str) -> Iterator[Index]:
    """The index of it."""
    with closing(open_index(fresh_url)) as opened:
        yield opened


@contextmanager
def connected(url: str) -> Iterator[Connection]:
    """One transaction past the index, on an engine of its own."""
    engine = open_engine(url)
    try:
        with connect(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def together(count: int, act: Callable[[int], Any]) -> list[Any]:
    """Run ``act(0…)`` at the same moment in threads; an error is returned like an answer."""
    gate = threading.Barrier(count)
    answers: list[Any] = [None] * count

    def run(number: int) -> None:
        gate.wait()
        try:
            answers[number] = act(number)
        except Exception as error:
            answers[number] = error

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def test_twenty_identical_receives_are_one(index: Index) -> None:
    def act(_: int) -> Any:
        with index.begin() as tx:
            return send(tx, "1.20", [instance("1.20.1"), instance("1.20.2")])

    answers = together(20, act)
    assert {one.study_id for answer in answers for one in answer} == {answers[0][0].study_id}
    assert {one.job_id for answer in answers for one in answer} == {answers[0][0].job_id}
    assert sum(one.new for answer in answers for one in answer) == 2
    with index.read() as tx:
        study = tx.studies.by_uid("north", "1.20")
        assert study.instances == 2
        assert len(tx.jobs.find("north", study_id=study.id)) == 1
        assert len(tx.events.since("north", 0, study_id=study.id)) == 1


def test_twenty_parts_of_one_study_are_one_study_and_one_job(index: Index) -> None:
    def act(number: int) -> Any:
        with index.begin() as tx:
            return send(tx, "1.21", [instance(f"1.21.{number + 1}")])[0]

    answers = together(20, act)
    assert all(answer.new for answer in answers)
    with index.read() as tx:
        study = tx.studies.by_uid("north", "1.21")
        assert study.instances == 20
        assert len(tx.jobs.find("north", study_id=study.id)) == 1


def test_twenty_studies_of_one_woman_are_one_patient_and_one_pregnancy(index: Index) -> None:
    def receive(number: int) -> Any:
        with index.begin() as tx:
            attributes = patient("Race^Ann", "RACE-1", **{"00080020": "20260301"})
            return send(tx, f"1.8.{number}", [instance(f"1.8.{number}.1")], attributes=attributes)

    answers = [one[0] for one in together(20, receive)]
    with index.read() as tx:
        woman = tx.patients.by_number("north", "RACE-1")
        assert woman is not None
        groups = tx.patients.pregnancies("north", woman.id)
        assert len(tx.patients.find("north", "race", limit=10)) == 1
    assert len(groups) == 1
    assert {one.study.id for one in groups[0][1]} == {one.study_id for one in answers}


def test_one_uid_for_two_studies_goes_to_one(index: Index) -> None:
    def act(number: int) -> Any:
        with index.begin() as tx:
            return send(tx, f"1.22.{number % 2 + 1}", [instance("1.22.9")])[0]

    answers = together(8, act)
    kept = [answer for answer in answers if not isinstance(answer, Exception)]
    assert len({answer.study_id for answer in kept}) == 1
    assert [type(answer).__name__ for answer in answers].count("InstancesDiffer") == 4


def test_one_of_many_workers_gets_the_lease(index: Index) -> None:
    with index.begin() as tx:
        job_id = str(send(tx, "1.23", [instance("1.23.1")])[0].job_id)

    def act(number: int) -> Any:
        with index.begin() as tx:
            return tx.jobs.lease(job_id, f"w{number}", 60)

    assert len([job for job in together(10, act) if job is not None]) == 1


def test_whose_turn_it_is_is_read_from_an_index(fresh_url: str) -> None:
    """However many jobs are done: no table of jobs is read through."""
    engine = own_engine(fresh_url)
    fill(engine, 3_000)
    queue_jobs(engine, 300, sites=5)
    explain = "EXPLAIN QUERY PLAN" if fresh_url.startswith("sqlite") else "EXPLAIN"
    plans: list[str] = []

    def note(connection: Any, _cursor: Any, statement: str, values: Any, *_: Any) -> None:
        cursor = connection.connection.cursor()
        cursor.execute(f"{explain} {statement}", values)
        plans.append(str(cursor.fetchall()))

    with connect(engine) as connection:
        event.listen(connection, "before_cursor_execute", note)
        queues = SiteQueues(Session(connection, utc_now))
        waiting = queues.waiting()
        assert len(waiting) == 6, "routine ones of five sites, urgent ones of one"
        assert queues.first(waiting[0], unlocked=True) is not None
    engine.dispose()
    assert len(plans) == 3
    assert all("ix_jobs_waiting" in plan for plan in plans), plans
    assert not any("SCAN jobs" in plan or "Seq Scan on jobs" in plan for plan in plans), plans


def begun(index: Index, named: str, owner: str) -> str | None:
    with index.begin() as tx:
        job = tx.jobs.lease_next(named, owner, 60, patience=600.0)
        return job.id if job is not None else None


def test_many_workers_get_a_job_each_and_none_is_left(fresh: Index) -> None:
    sent = []
    for number in range(12):
        with fresh.begin() as tx:
            who = ANNA if number % 3 else BEN
            sent.append(
                str(send(tx, f"1.31.{number}", [instance(f"1.31.{number}.1")], who=who)[0].job_id)
            )

    answers = together(12, lambda number: begun(fresh, sent[number], f"w{number}"))

    with fresh.begin() as tx:  # who found all others held has left a message
        messages = [row.subject for row in tx.outbox.claim("analyse", 100)]
    answers += [begun(fresh, named, "later") for named in messages[len(sent) :]]
    assert sorted(one for one in answers if one is not None) == sorted(sent)


@pytest.mark.parametrize("url", ["postgres"], indirect=True)
def test_a_job_whose_study_is_held_waits_for_a_later_message(fresh: Index) -> None:
    """SQLite has one writer at a time, who holds all."""
    with fresh.begin() as tx:
        held = send(tx, "1.32", [instance("1.32.1")])[0]
        other = str(send(tx, "1.33", [instance("1.33.1")])[0].job_id)
        tx.outbox.done(*(row.id for row in tx.outbox.claim("analyse", 100)))
    with fresh.begin() as receiving:
        send(receiving, "1.32", [instance("1.32.2")])
        assert begun(fresh, str(held.job_id), "w1") == other
        assert begun(fresh, other, "w1") is None
    with fresh.begin() as tx:
        (row,) = tx.outbox.claim("analyse", 100)
    assert begun(fresh, row.subject, "w1") == held.job_id


def test_versions_written_at_once_are_all_kept(index: Index) -> None:
    with index.begin() as tx:
        study_id = send(tx, "1.24", [instance("1.24.1")])[0].study_id

    def act(_: int) -> Any:
        with index.begin() as tx:
            return tx.results.add(ANNA, study_id, report(), [], origin=Origin.REVIEW, based_on=None)

    assert sorted(result.version for result in together(10, act)) == list(range(1, 11))


def test_outbox_rows_go_to_one_claimer(index: Index) -> None:
    with index.begin() as tx:
        rows = {tx.outbox.add("deliver", {"delivery_id": str(n)}, delay=-1000) for n in range(40)}

    def act(_: int) -> list[str]:
        mine: list[str] = []
        for _round in range(60):
            with index.begin() as tx:
                mine += [row.id for row in tx.outbox.claim("deliver", 3, 600)]
        return mine

    claimed = [row for answer in together(6, act) for row in answer]
    assert len(claimed) == len(set(claimed))
    assert rows <= set(claimed)


def test_a_reader_of_events_misses_none(index: Index) -> None:
    """What a page sees with ``since`` is every number, in order, while others write."""
    with index.read() as tx:
        start = tx.events.latest("busy")
    seen: list[int] = []

    def act(number: int) -> None:
        if number == 0:
            while len(seen) < 60:
                with index.read() as tx:
                    last = seen[-1] if seen else start
                    seen.extend(event.seq for event in tx.events.since("busy", last))
        else:
            for step in range(10):
                with index.begin() as tx:
                    tx.events.add("busy", "study.progress", f"s{number}", {"step": step})

    assert together(7, act) == [None] * 7
    assert seen == list(range(start + 1, start + 61))


def _child_receives(url: str, first: int, count: int) -> None:
    index = open_index(url)
    for number in range(first, first + count):
        with index.begin() as tx:
            send(tx, f"1.30.{number}", [instance(f"1.30.{number}.1")])
            send(tx, "1.31", [instance(f"1.31.{number}")])


def test_processes_share_one_index(url: str, index: Index) -> None:
    children = [SPAWN.Process(target=_child_receives, args=(url, n * 10 + 1, 10)) for n in range(2)]
    for child in children:
        child.start()
    for child in children:
        child.join(100)
        assert child.exitcode == 0
    with index.read() as tx:
        assert tx.studies.by_uid("north", "1.31").instances == 20
        assert tx.studies.count("north", StudyQuery(match={"PatientName": "doe^jane"})) >= 21


def _child_holds(url: str, ready: Any) -> None:
    with open_index(url).begin() as tx:
        send(tx, "1.40", [instance("1.40.1")])
        ready.set()
        time.sleep(600)


def test_a_killed_process_leaves_no_half_and_no_lock(url: str, index: Index) -> None:
    ready = SPAWN.Event()
    child = SPAWN.Process(target=_child_holds, args=(url, ready))
    child.start()
    assert ready.wait(60)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    child.join()
    with index.begin() as tx:
        assert tx.studies.count("north", StudyQuery(study_uid="1.40")) == 0
        assert send(tx, "1.40", [instance("1.40.1")])[0].new


def _child_migrates(url: str) -> None:
    migrated(url).close()


def test_many_migrate_at_once(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    with fresh_database(request.getfixturevalue("postgres_url")) as postgres:
        targets = (f"sqlite:///{tmp_path}/new.db", postgres)
        children = [SPAWN.Process(target=_child_migrates, args=(target,)) for target in targets * 2]
        for child in children:
            child.start()
        for child in children:
            child.join(150)
            assert child.exitcode == 0
        for target in targets:
            with closing(open_index(target)) as opened:
                opened.ping()


def test_migrations_make_the_tables_that_the_code_knows(url: str) -> None:
    with connected(url) as connection:
        context = MigrationContext.configure(connection, opts={"include_name": _is_everywhere})
        assert compare_metadata(context, tables.metadata) == []


def _is_everywhere(name: str | None, _kind: str, _parents: object) -> bool:
    """What depends on the database: trigrams, in PostgreSQL's way and in SQLite's."""
    of_one = ("ix_studies_searched", "ix_studies_without_words")
    return name not in of_one and not str(name).startswith("study_words")


@pytest.mark.parametrize("table", ["results", "artefacts", "audit", "facts"])
@pytest.mark.parametrize("change", ["DELETE FROM {}", "UPDATE {} SET site = 'x'"])
def test_the_database_refuses_to_change_the_past(
    url: str, index: Index, table: str, change: str
) -> None:
    with index.begin() as tx:  # a row that the trigger has to defend
        tx.audit.add(ANNA, "test", "x")
    with index.begin() as tx:
        send(tx, "1.50", [instance("1.50.1")])
        study = tx.studies.by_uid("north", "1.50")
        artefact = Artefact("mask", "c" * 64, "image/png", 1)
        tx.results.add(ANNA, study.id, report(), [artefact], origin=Origin.PHONE, based_on=None)
        tx.facts.state(ANNA, study.id, indication="growth")
    statement = change.format(table)
    if url.startswith("sqlite"):
        with (
            sqlite3.connect(url.removeprefix("sqlite:///")) as raw,
            pytest.raises(sqlite3.IntegrityError, match="append-only"),
        ):
            raw.execute(statement)
    else:
        with (
            psycopg.connect(url) as connection,
            pytest.raises(psycopg.errors.RaiseException, match="append-only"),
        ):
            connection.execute(statement.encode())


def test_sqlite_is_set_to_lose_nothing(tmp_path: Path) -> None:
    with connected(f"sqlite:///{tmp_path}/x.db") as connection:
        settings = {
            name: connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys", "busy_timeout")
        }
    assert settings == {
        "journal_mode": "wal", "synchronous": 2, "foreign_keys": 1, "busy_timeout": 30_000,
    }  # fmt: skip


def test_an_absent_database_is_said_and_retryable(tmp_path: Path) -> None:
    for url in ("postgresql://x:y@127.0.0.1:1/none", f"sqlite:///{tmp_path}/no/such/folder/x.db"):
        with closing(open_index(url)) as absent, pytest.raises(IndexUnavailable) as refusal:
            absent.ping()
        assert refusal.value.retryable
        assert refusal.value.retry_after


def test_a_finish_after_the_lease_was_lost_changes_nothing(url: str) -> None:
    clock = Clock()
    index = open_index(url, clock=clock)
    with index.begin() as tx:
        job_id = str(send(tx, "1.60", [instance("1.60.1")])[0].job_id)
        tx.jobs.lease(job_id, "w1", 60)
    clock.pass_(61)
    with index.begin() as tx:
        assert tx.jobs.lease(job_id, "w2", 60) is not None

    def act(number: int) -> Any:
        with index.begin() as tx:
            return tx.jobs.finish(job_id, f"w{number + 1}", report(), [], score=1.0, reasons=())

    lost, won = together(2, act)
    # The loser is refused, or, when it comes second, is shown the winner's result.
    assert isinstance(lost, LeaseLost) or lost.id == won.id
    with index.read() as tx:
        assert len(tx.results.versions("north", won.study_id)) == 1
        assert tx.jobs.get("north", job_id).state is JobState.DONE
    index.close()


def test_patient_data_stays_in_its_tables(url: str, index: Index) -> None:
    """Nothing that is sent, shown to an operator or kept as history knows the patient."""
    canary = "CANARYPATIENT"
    tags = patient(canary, canary, **{"00080050": canary, "00081030": canary})
    with index.begin() as tx:
        tx.webhooks.create("north", "https://example.org/hook", ())
        got = send(tx, "1.70", [instance("1.70.1", attributes=tags)], attributes=tags)[0]
        tx.jobs.lease(str(got.job_id), "w1", 60)
    with index.begin() as tx:
        tx.jobs.finish(str(got.job_id), "w1", report(), [], score=1.0, reasons=())
    with connected(url) as connection:
        for table in tables.metadata.sorted_tables:
            text = str(connection.execute(table.select()).all()).upper()
            assert (canary in text) == (table.name in ("studies", "instances", "patients")), (
                table.name
            )


def test_ten_thousand_cases_are_found_through_indexes(url: str, index: Index) -> None:
    """Every list of the page is answered from an index; the search looks at one site's rows only."""
    with index.begin() as tx:
        send(tx, "1.80", [], who=replace(ANNA, site="big"))
    with connected(url) as connection:
        pattern = connection.execute(
            tables.studies.select().where(tables.studies.c.site == "big")
        ).mappings().one()  # fmt: skip
        rows = [_copy(dict(pattern), place) for place in range(10_000)]
        connection.execute(tables.studies.insert(), rows)
    queries = [
        StudyQuery(by_need=True),
        StudyQuery(by_need=True, urgent=True, limit=50, offset=50),
        StudyQuery(),
        StudyQuery(text="name99"),
        StudyQuery(match={"PatientID": "P123*"}, by_need=True),
        StudyQuery(received_from=START + timedelta(hours=50), offset=4000),
    ]
    with index.read() as tx:
        took = []
        for query in queries:
            started = time.perf_counter()
            studies = tx.studies.find("big", query)
            count = tx.studies.count("big", query)
            took.append(round((time.perf_counter() - started) * 1000))
            assert studies
            assert count >= len(studies)
        keys = [
            study.score for study in tx.studies.find("big", StudyQuery(by_need=True, limit=200))
        ]
    print(f"\n10,000 cases, {url.split(':', 1)[0]}: ms for each list and its count: {took}")
    assert keys[0] == 1000.0
    assert _plan(url, "priority_key").count("ix_studies_listed")
    assert _plan(url, "received_at").count("ix_studies_site_received_at")


def _copy(pattern: Mapping[str, Any], place: int) -> dict[str, Any]:
    attributes = patient(f"Name{place}^A", f"P{place}")
    received, urgent = START + timedelta(seconds=37 * place), place % 97 == 0
    score = 1000.0 if urgent else 0.0
    return {
        **pattern,
        **searched_columns(attributes),
        "id": new_id(),
        "study_uid": f"1.80.{place + 1}",
        "attributes": attributes,
        "received_at": received,
        "urgent": urgent,
        "score": score,
        "priority_key": priority_key(score, received),
    }


def _plan(url: str, column: str) -> str:
    """How the database would answer one page of the list."""
    explain = "EXPLAIN QUERY PLAN" if url.startswith("sqlite") else "EXPLAIN"
    with connected(url) as connection:
        if not url.startswith("sqlite"):
            connection.exec_driver_sql("ANALYZE studies")
        rows = connection.exec_driver_sql(
            f"{explain} SELECT * FROM studies WHERE site = 'big' AND withdrawn_at IS NULL "
            f"ORDER BY {column} DESC, id DESC LIMIT 100"
        )
        return str(rows.all())


def test_the_sweeper_waits_for_nobody(url: str) -> None:
    """While a transaction holds one study, the expired leases of the others are taken back."""
    clock = Clock()
    index = open_index(url, clock=clock)
    with index.begin() as tx:
        jobs = [str(send(tx, f"1.9{n}", [instance(f"1.9{n}.1")])[0].job_id) for n in (1, 2)]
        for job in jobs:
            tx.jobs.lease(job, "gone", 60)
    clock.pass_(61)
    held, swept = threading.Event(), threading.Event()

    def hold() -> None:
        with index.begin() as tx:
            send(tx, "1.91", [instance("1.91.2")])
            held.set()
            if not url.startswith("sqlite"):  # SQLite has one writer at a time anyway
                swept.wait(60)

    holder = threading.Thread(target=hold)
    holder.start()
    held.wait(60)
    with index.begin() as tx:
        tx.jobs.requeue_expired()
    swept.set()
    holder.join()
    with index.read() as tx:
        assert tx.jobs.get(None, jobs[1]).state is JobState.QUEUED
    with index.begin() as tx:
        tx.jobs.requeue_expired()
        assert tx.jobs.get(None, jobs[0]).state is not JobState.LEASED
    index.close()
