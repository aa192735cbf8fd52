"""Outages of the parts that a worker needs: no study is at fault, and none is lost."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
import releases
import servers
from integration.workers.worker_hub import another, running

from services.index.port import JobState
from services.standalone import triton

pytestmark = pytest.mark.slow
STUDIES = 8


@pytest.mark.skipif(bool(triton.missing()), reason=triton.missing())
def test_model_server_whose_port_is_closed_for_a_while_kills_no_study(
    seaweed: servers.Seaweed, tmp_path: Path
) -> None:
    releases.build(tmp_path / "releases")
    with (
        servers.triton_server(tmp_path, tmp_path / "releases") as server,
        running(
            tmp_path / "hub", seaweed, runner="triton", triton_grpc=server.grpc,
            releases=tmp_path / "releases", job_attempts=1,  # one that counts would be the end
        ) as hub,
    ):  # fmt: skip
        server.process.kill()
        jobs = [hub.send(another("head-27w.dcm", f"{tmp_path.name} {n}")) for n in range(STUDIES)]
        log = hub.worker.spec.log
        assert log is not None
        until = time.monotonic() + 120
        while log.read_text().count("job given back") < 2 * STUDIES:
            assert time.monotonic() < until, hub.worker.tail()
            time.sleep(0.2)
        assert {hub.job(job).state for job in jobs} <= {JobState.QUEUED, JobState.LEASED}

        server.process.start()
        server.process.wait_ready()

        for job in jobs:
            done = hub.wait(job, JobState.DONE, JobState.DEAD)
            assert (done.state, done.attempts) == (JobState.DONE, 0)
            assert hub.results(job) == 1


SILENT_SECONDS = 6.0


def test_broker_that_is_away_for_longer_than_a_worker_may_be_silent_ends_no_worker(
    seaweed: servers.Seaweed, tmp_path: Path
) -> None:
    with running(
        tmp_path / "hub", seaweed, worker_silent_seconds=SILENT_SECONDS, job_attempts=1
    ) as hub:
        first = hub.send(another("head-27w.dcm", f"{tmp_path.name} first"))
        assert hub.wait(first, JobState.DONE, JobState.DEAD).state is JobState.DONE
        log = hub.worker.spec.log
        assert log is not None
        hub.broker.process.kill()
        waiting = hub.send(another("head-27w.dcm", f"{tmp_path.name} second"))
        time.sleep(2 * SILENT_SECONDS)
        assert "worker ended" not in log.read_text()

        hub.broker.process.start()
        hub.broker.process.wait_ready()

        done = hub.wait(waiting, JobState.DONE, JobState.DEAD)
        assert (done.state, done.attempts) == (JobState.DONE, 0)
