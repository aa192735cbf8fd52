"""One running hub for the cases of a combination: a local stack that is tended, struck and asked."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
from sqlalchemy.engine import make_url

from bench.drill.combination import Combination
from bench.drill.silent_line import Line
from bench.studies import studies
from services.domain.report import Origin
from services.index import open_index
from services.index.port import Job, StudyQuery
from services.standalone import ports, seaweed, triton
from services.standalone.local_stack import DEFAULT_SITE, NAMES, LocalStack, StackOptions

DICOM = {"Content-Type": "application/dicom"}
LEASE_SECONDS = 10
PEER = "SCANNER"


@dataclass(frozen=True, slots=True)
class Count:
    """Of some studies: results of the hub, lost ones, doubled ones, dead jobs; ``seconds`` it took."""

    sent: int
    results: int
    lost: int
    doubled: int
    dead: int
    attempts: int
    seconds: float

    @property
    def whole(self) -> bool:
        """Each study has exactly one result, and no job is dead."""
        return self.results == self.sent and not (self.lost or self.doubled or self.dead)

    def __str__(self) -> str:
        """For the table."""
        text = (
            f"{self.sent} studies, {self.results} results, {self.lost} lost, {self.doubled} doubled"
        )
        return f"{text}, {self.dead} dead, {self.seconds:.0f} s"


class DrillHub:
    """``machine`` is tended by a thread, but for the blocks of ``untended``. A context manager."""

    def __init__(self, combination: Combination, folder: Path) -> None:
        """Not started yet. With PostgreSQL all connections go through ``line``."""
        self.combination, self.line = combination, None
        index_url = ""
        if combination.server:
            index_url, self.line = _through_a_line(combination.server)
        home = folder / "home"
        names = [*NAMES, *seaweed.PORTS, *triton.PORTS]
        ports.keep(home / "ports.json", dict(zip(names, ports.free(len(names)), strict=True)))
        self.dimse_port = ports.free(1)[0]
        environment = {
            "FADA_LEASE_SECONDS": str(LEASE_SECONDS), "FADA_SWEEP_SECONDS": "1",
            "FADA_RATE_PER_SECOND": "1000", "FADA_WEBHOOK_ALLOW_PRIVATE": "true",
            "FADA_DIMSE_PEERS": PEER, "FADA_DIMSE_SITE": DEFAULT_SITE,
        }  # fmt: skip
        self.machine = LocalStack(
            StackOptions(
                home, environment=environment, quiet_seconds=0, dimse_port=self.dimse_port,
                index_url=index_url, broker=combination.program,
            )
        )  # fmt: skip
        self._ending, self._tending = threading.Event(), threading.Lock()
        self.notes: list[str] = []

    def __enter__(self) -> DrillHub:
        self.machine.start()
        self.index = open_index(self.machine.settings.index_url)
        self.key = self.machine.new_key()
        self._thread = threading.Thread(target=self._tend, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ending.set()
        self._thread.join(timeout=60)
        self.index.close()
        if self.line is not None:
            self.line.silent = False
        self.machine.stop()
        if self.line is not None:
            self.line.close()

    def _tend(self) -> None:
        while not self._ending.wait(0.3):
            with self._tending:
                self.machine.tend()

    @contextmanager
    def untended(self) -> Iterator[None]:
        """Whatever ends stays ended."""
        with self._tending:
            yield

    def client(self, **more: object) -> httpx.Client:
        """An administrator's, or with other headers."""
        given = {"headers": {"Authorization": f"Bearer {self.key}"}, "timeout": 60, **more}
        return httpx.Client(base_url=self.machine.address, trust_env=False, **given)  # type: ignore[arg-type]

    def log(self, part: str) -> str:
        """What a part has logged so far."""
        return (self.machine.home / "logs" / f"{part}.log").read_text(errors="replace")

    def ready(self, seconds: float = 180) -> bool:
        """Whether the hub answers that it is ready, within ``seconds``."""
        with self.client() as client:
            return wait_for(lambda: _status(client, "/health/ready") == 200, seconds)

    # --- studies -----------------------------------------------------------------------------

    def send(self, objects: Iterable[bytes], seconds: float = 240) -> list[int]:
        """Each until it is taken, as ``fada send`` does; how often each was tried. Two at a time."""
        until = time.monotonic() + seconds
        with self.client() as client, ThreadPoolExecutor(2) as pool:
            return list(pool.map(lambda data: _insist(client, data, until), objects))

    def settled(self, uids: Iterable[str], seconds: float = 420) -> Count:
        """The count when each study has a result or its job is dead, or after ``seconds``."""
        wanted, began = set(uids), time.monotonic()
        while True:
            count = self._count(wanted, time.monotonic() - began)
            ended = count.results - count.doubled + count.dead >= count.sent
            if ended or count.seconds > seconds:
                return count
            time.sleep(0.3)

    def jobs(self, uids: Iterable[str]) -> list[Job]:
        """The jobs of these studies."""
        wanted = set(uids)
        with self.index.read() as tx:
            return [job for job in tx.jobs.find(None, limit=10_000) if job.study_uid in wanted]

    def _count(self, wanted: set[str], seconds: float) -> Count:
        results = doubled = lost = 0
        with self.index.read() as tx:
            for uid in wanted:
                studies = tx.studies.find(DEFAULT_SITE, StudyQuery(study_uid=uid))
                versions = [v for s in studies for v in tx.results.versions(DEFAULT_SITE, s.id)]
                ours = sum(v.origin is Origin.HUB for v in versions)
                results += ours
                doubled += max(ours - 1, 0)
                lost += not studies
        jobs = self.jobs(wanted)
        dead = sum(job.state.value == "dead" for job in jobs)
        attempts = sum(job.attempts for job in jobs)
        return Count(len(wanted), results, lost, doubled, dead, attempts, seconds)


def some_studies(count: int) -> dict[str, bytes]:
    """New studies of one image: Study Instance UID → object."""
    from services.dicom.parser.parse import parse_bytes

    made = list(studies(count, uuid.uuid4().hex))
    return {parse_bytes(data).study_uid: data for data in made}


def wait_for(condition: Callable[[], bool], seconds: float, pause: float = 0.3) -> bool:
    """Whether it came true in time."""
    until = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > until:
            return False
        time.sleep(pause)
    return True


def _insist(client: httpx.Client, data: bytes, until: float) -> int:
    tries = 0
    while True:
        tries += 1
        try:
            answer = client.post("/dicomweb/studies", content=data, headers=DICOM)
            if answer.status_code in (200, 202):
                return tries
            if answer.status_code < 500 and answer.status_code != 429:
                raise RuntimeError(f"refused: {answer.status_code} {answer.text[:200]}")
        except httpx.TransportError:
            pass
        if time.monotonic() > until:
            raise TimeoutError("it was not taken in time")
        time.sleep(0.3)


def _status(client: httpx.Client, path: str) -> int:
    """Of a GET; 0 without an answer."""
    try:
        return client.get(path).status_code
    except httpx.TransportError:
        return 0


def _through_a_line(server: str) -> tuple[str, Line]:
    """A new database of the server, reached through a line that can fall silent."""
    name = f"hub{uuid.uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}"'.encode())
    target = make_url(server).set(database=name)
    line = Line(target.host or "", target.port or 0)
    return target.set(port=line.port).render_as_string(hide_password=False), line
