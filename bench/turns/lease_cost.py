"""What a lease costs in an archive of jobs that are done, beside the jobs of many sites that wait."""

from __future__ import annotations

import statistics
import time

from sqlalchemy import Engine, text

from bench.index import archive
from bench.turns.waits import LEASES
from services.index import open_index
from services.index.port import JobState

_TIMES = 100
_JOBS = (
    "INSERT INTO jobs (id, study_id, site, state, urgent, attempts, turns, score, created_at, sent_at,"
    " due_at, available_at, request_id, error_code, error_detail)"
    " SELECT {id}, id, {site}, '{state}', urgent, 0, 0, score, received_at, received_at,"
    " received_at, received_at, 'bench', '', '' FROM studies WHERE {where}"
)
_NUMBER = "CAST(substr(id, 25) AS INTEGER)"  # of a study of the archive
_SITE = {
    "sqlite": "printf('site-%05d', {number} % {sites})",
    "postgresql": "'site-' || lpad(({number} % {sites})::text, 5, '0')",
}


def fill(engine: Engine, done: int) -> None:
    """So many studies, each with a job that is done."""
    archive.grow(engine, 0, done)
    statement = _JOBS.format(id="'d' || substr(id, 2)", site="site", state="done", where="true")
    with engine.begin() as connection:
        connection.execute(text(statement))
    analyse(engine)


def queue(engine: Engine, waiting: int, sites: int) -> None:
    """The first ``waiting`` studies wait once more, of so many sites; those before wait no more."""
    site = _SITE[engine.dialect.name].format(number=_NUMBER, sites=sites).replace("::", r"\:\:")
    statement = _JOBS.format(
        id=f"'{sites:05d}' || substr(id, 6)",
        site=site,
        state="queued",
        where=f"{_NUMBER} < {waiting}",
    )
    with engine.begin() as connection:
        connection.execute(text("DELETE FROM events"))
        connection.execute(text("DELETE FROM jobs WHERE state <> 'done'"))
        connection.execute(text(statement))
    analyse(engine)


def analyse(engine: Engine) -> None:
    """As autovacuum does; nobody does it for SQLite."""
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("VACUUM ANALYZE jobs"))


def milliseconds(url: str) -> dict[str, tuple[float, float]]:
    """Median and least of a transaction that leases one of the jobs that wait, by the way of choosing it."""
    index, taken = open_index(url), dict[str, list[float]]()
    with index.read() as tx:
        named = [job.id for job in tx.jobs.find(None, states=(JobState.QUEUED,), limit=100_000)]
    for _ in range(_TIMES):  # in turn: what else the machine does disturbs both
        for name, lease in LEASES.items():
            job_id = named.pop(0)  # the newest: whose turn it is is the oldest
            began = time.perf_counter()
            with index.begin() as tx:
                lease(tx, job_id)
            taken.setdefault(name, []).append(1000 * (time.perf_counter() - began))
    index.close()
    return {
        name: (round(statistics.median(those), 2), round(min(those), 2))
        for name, those in taken.items()
    }
