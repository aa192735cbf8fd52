"""The way in when something goes wrong between its steps: killed before the commit, neighbours that
fail, two gateways on one index.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from index_cases import ANNA, instance, migrated, send
from servers_postgres import fresh_database

from gateway.ingest.service import IngestOutcome, IngestService
from gateway.ingest.spool import Spool
from gateway.ingest.tuning import GroupCommit
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.dicom.parser.pool import Parser
from services.domain.errors import Conflict, IndexDeadlock, IndexUnavailable
from services.domain.study import IngestSource
from services.index import open_index
from services.index.port import Index, StudyQuery, Transaction
from services.queue.memory import MemoryQueue
from services.settings import Settings
from services.storage.local import LocalStore

SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(params=["sqlite", "postgres"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        migrated(f"sqlite:///{tmp_path}/index.db").close()
        yield f"sqlite:///{tmp_path}/index.db"
        return
    with fresh_database(request.getfixturevalue("postgres_url")) as database_url:
        migrated(database_url).close()
        yield database_url


@pytest.fixture
def index(url: str) -> Iterator[Index]:
    opened = open_index(url)
    yield opened
    opened.close()


class Watched:
    """An index that counts its transactions and can hold the first one at its beginning."""

    def __init__(self, index: Index) -> None:
        self._index, self.begun = index, 0
        self.inside, self.go_on = threading.Event(), threading.Event()

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        self.begun += 1
        with self._index.begin() as tx:
            if self.begun == 1:
                self.inside.set()
                assert self.go_on.wait(60)
            yield tx


def gathered(index: Index, works: list[Callable[[Transaction], Any]]) -> tuple[list[Any], int]:
    """Run all while a first commit holds them up: (answers or errors, transactions)."""
    watched = Watched(index)
    group = GroupCommit(watched)  # type: ignore[arg-type]

    def run(work: Callable[[Transaction], Any]) -> Any:
        try:
            return group.run(work)
        except Exception as error:
            return error

    with ThreadPoolExecutor(len(works) + 1) as pool:
        first = pool.submit(run, lambda tx: send(tx, "1.50", [instance("1.50.1")]))
        assert watched.inside.wait(60)
        rest = [pool.submit(run, work) for work in works]
        end = time.monotonic() + 60
        while len(group._queue) < len(works) and time.monotonic() < end:
            time.sleep(0.01)
        watched.go_on.set()
        return [future.result(120) for future in [first, *rest]], watched.begun


def receive(number: int) -> Callable[[Transaction], Any]:
    return lambda tx: send(tx, f"1.51.{number}", [instance(f"1.51.{number}.1")])


def test_requests_that_wait_share_one_commit(index: Index) -> None:
    answers, begun = gathered(index, [receive(n) for n in range(6)])
    assert begun == 2
    assert all(answer[0].new for answer in answers)
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == 7


def test_one_that_fails_does_not_fail_its_neighbours(index: Index) -> None:
    def fails(tx: Transaction) -> None:
        send(tx, "1.52", [instance("1.52.1")])
        raise Conflict("this one alone")

    answers, _ = gathered(index, [receive(0), receive(1), fails, receive(2)])
    assert [type(answer) for answer in answers] == [list, list, list, Conflict, list]
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == 4
        assert tx.studies.count("north", StudyQuery(study_uid="1.52")) == 0
        events = tx.events.since("north", 0)
    assert [event.seq for event in events] == [1, 2, 3, 4]


@pytest.mark.parametrize("comes", [True, False])
def test_a_commit_waits_for_who_is_on_the_way(index: Index, comes: bool) -> None:
    watched = Watched(index)
    watched.go_on.set()
    group = GroupCommit(watched, delay=60)  # type: ignore[arg-type]
    with ThreadPoolExecutor(1) as pool:
        with group.announce() as coming:
            other = pool.submit(group.run, receive(0))
            assert not watched.inside.wait(0.3)
            if comes:
                assert coming.run(receive(1))[0].new
        assert other.result(120)[0].new
    assert watched.begun == 1
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == (2 if comes else 1)


class Failing:
    """An index whose first transactions end with an error at their commit."""

    def __init__(self, index: Index, error: type[IndexUnavailable], times: int) -> None:
        self._index, self._error, self.left = index, error, times

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        with self._index.begin() as tx:
            yield tx
            if self.left > 0:
                self.left -= 1
                raise self._error("as the database says it")


def test_a_deadlock_is_tried_again_and_an_outage_is_not(index: Index) -> None:
    group = GroupCommit(Failing(index, IndexDeadlock, 3))  # type: ignore[arg-type]
    assert group.run(receive(0))[0].new
    failing = Failing(index, IndexUnavailable, 1)
    with pytest.raises(IndexUnavailable):
        GroupCommit(failing).run(receive(1))  # type: ignore[arg-type]
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == 1


def _gateway(url: str, backwards: bool, ready: Any, results: Any) -> None:
    """As a gateway does: several requests at once, of studies that the other one receives too."""
    index = open_index(url)
    group = GroupCommit(index)
    numbers = list(range(8))[:: -1 if backwards else 1]
    ready.wait(120)

    def work(number: int) -> bool:
        part = f"1.60.{number}.{os.getpid()}"

        def both(tx: Transaction) -> bool:
            shared = send(tx, f"1.60.{number}", [instance(f"1.60.{number}.1")])
            own = send(tx, f"1.60.{number}", [instance(part)])
            return shared[0].study_id == own[0].study_id and own[0].new

        return group.run(both)

    with ThreadPoolExecutor(4) as pool:
        futures = [pool.submit(work, number) for number in numbers]
    results.put([str(future.exception() or future.result()) for future in futures])
    index.close()


def test_two_gateways_receive_the_same_studies(url: str, index: Index) -> None:
    ready, results = SPAWN.Barrier(2), SPAWN.Queue()
    children = [
        SPAWN.Process(target=_gateway, args=(url, backwards, ready, results))
        for backwards in (False, True)
    ]
    for child in children:
        child.start()
    answers = [results.get(timeout=180) for _ in children]
    for child in children:
        child.join(60)
    assert answers == [["True"] * 8] * 2
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == 8
        for number in range(8):
            assert tx.studies.by_uid("north", f"1.60.{number}").instances == 3
        assert tx.jobs.depth()["queued"] == 8


class Dying:
    """An index on which the process is killed when all is written and nothing is committed."""

    def __init__(self, index: Index) -> None:
        self._index = index

    def read(self) -> Any:
        return self._index.read()

    @contextmanager
    def begin(self) -> Iterator[Transaction]:
        with self._index.begin() as tx:
            yield tx
            os.kill(os.getpid(), signal.SIGKILL)


def take(home: Path, url: str, dying: bool) -> list[IngestOutcome]:
    """One object through the ingest service of a gateway in ``home``."""
    settings = Settings(home=home, index_url=url)
    index, parser = open_index(url), Parser(settings, 1)
    store, spool = LocalStore(home / "originals"), Spool(settings.spool)
    store.prepare()
    chosen: Any = Dying(index) if dying else index
    service = IngestService(store, chosen, MemoryQueue(), parser, settings)
    picture = PictureFrames(np.arange(64 * 80, dtype=np.uint8).reshape(1, 64, 80))
    try:
        with spool.request_files() as files:
            with spool.writer(1 << 20) as out:
                out.write(ultrasound_object(picture, Subject("killed", patient_id="K"), (0.2, 0.2)))
                files.append(out.finish())
            return service.ingest(ANNA, files, source=IngestSource.STOW)
    finally:
        service.close()
        parser.close()
        index.close()


def test_killed_between_object_and_commit_it_was_not_received_and_can_come_again(
    url: str, index: Index, tmp_path: Path
) -> None:
    home = tmp_path / "hub"
    child = SPAWN.Process(target=take, args=(home, url, True))
    child.start()
    child.join(180)
    assert child.exitcode == -signal.SIGKILL
    store = LocalStore(home / "originals")
    ((site, sha256, _age),) = store.list()
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == 0
        assert tx.studies.referenced([sha256]) == set()  # an orphan, until it comes again
        assert tx.outbox.pending() == 0
    (outcome,) = take(home, url, dying=False)
    assert (outcome.error, outcome.new, outcome.sha256) == (None, True, sha256)
    assert [(s, h) for s, h, _ in store.list()] == [(site, sha256)]
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == 1
        assert tx.studies.referenced([sha256]) == {sha256}
    store.get(site, sha256)
