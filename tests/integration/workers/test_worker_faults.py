"""Kills and losses in the middle of work: every study ends with exactly one result."""

from __future__ import annotations

import os
import signal
import time
import urllib.request
from pathlib import Path

import pydicom
import pytest
import redis
from integration.workers.worker_hub import Hub, another, owner_pid

from services.domain.study import Principal, Role
from services.index.port import JobState
from services.processes.process import Process
from services.queue.transport import make_app

pytestmark = pytest.mark.slow
DONE = (JobState.DONE, JobState.DEAD)


def several(prefix: str, count: int) -> list[bytes]:
    """One study of ``count`` images, so that its job takes a while."""
    return [another("head-27w.dcm", f"{prefix}-{n}", study=prefix) for n in range(count)]


def assert_one_result(hub: Hub, job_id: str) -> None:
    assert hub.wait(job_id, *DONE).state is JobState.DONE
    assert hub.results(job_id) == 1


def log_of(process: Process) -> Path:
    """The file that the process logs to."""
    assert process.spec.log is not None
    return process.spec.log


def test_study_committed_but_never_sent_is_sent_by_the_sweeper(hub: Hub) -> None:
    job_id = hub.send(another("head-27w.dcm", "never sent"))

    assert_one_result(hub, job_id)


def test_child_killed_in_the_middle_of_a_job(hub: Hub) -> None:
    job_id = hub.send(*several("child killed", 3))
    job = hub.wait(job_id, JobState.LEASED)

    os.kill(owner_pid(job), signal.SIGKILL)

    assert_one_result(hub, job_id)
    assert hub.job(job_id).attempts <= 1  # counted since the last frames that were noted


def test_whole_worker_killed_in_the_middle_of_a_job(hub: Hub) -> None:
    job_id = hub.send(*several("worker killed", 3))
    hub.wait(job_id, JobState.LEASED)

    hub.worker.kill()
    hub.worker.start()

    assert_one_result(hub, job_id)


def test_broker_killed_under_load(hub: Hub) -> None:
    jobs = [hub.send(another("head-35w.dcm", f"broker killed {n}")) for n in range(4)]
    hub.wait(jobs[0], JobState.LEASED, *DONE)

    hub.broker.process.kill()
    jobs += [hub.send(another("head-35w.dcm", f"broker away {n}")) for n in range(2)]
    time.sleep(0.5)
    hub.broker.restart()

    for job_id in jobs:
        assert_one_result(hub, job_id)


def test_broker_restarted_five_times_in_a_row(hub: Hub) -> None:
    for _ in range(5):
        hub.broker.process.kill()
        hub.broker.restart()
        time.sleep(0.4)

    assert_one_result(hub, hub.send(another("head-27w.dcm", "after restarts")))


def test_broker_emptied_is_filled_from_the_index(hub: Hub) -> None:
    hub.worker.kill()  # so that messages lie in the broker when it is emptied
    jobs = [hub.send(another("head-35w.dcm", f"flushed {n}")) for n in range(3)]
    client = redis.Redis.from_url(hub.broker.url)
    until = time.monotonic() + 120
    while client.llen("routine") < 3 and time.monotonic() < until:
        time.sleep(0.05)
    assert client.llen("routine") >= 3

    client.flushall()
    hub.worker.start()

    for job_id in jobs:
        assert_one_result(hub, job_id)


def test_a_backlog_of_one_site_does_not_hold_up_another(hub: Hub) -> None:
    """Its study came last, and so did its message."""
    hub.worker.kill()
    backlog = [hub.send(another("head-35w.dcm", f"backlog {n}")) for n in range(12)]
    clinic = hub.send(another("head-27w.dcm", "clinic"), who=Principal("c", "clinic", Role.ADMIN))
    hub.worker.start()

    for job_id in [*backlog, clinic]:
        assert_one_result(hub, job_id)

    ended = hub.job(clinic).finished_at
    assert ended is not None
    later = [job_id for job_id in backlog if (hub.job(job_id).finished_at or ended) > ended]
    assert len(later) >= 8, "two processes begin with one of each site"


def test_job_longer_than_the_visibility_timeout(hub: Hub) -> None:
    """Its message comes again while it runs; the second start, in the other process, leaves it."""
    job_id = hub.send(*several("longer", 8))
    owner = hub.wait(job_id, JobState.LEASED).lease_owner

    assert_one_result(hub, job_id)
    job = hub.job(job_id)
    assert job.lease_owner == owner
    assert job.attempts == 0


def test_process_that_stood_still_does_not_overwrite_who_took_over(hub: Hub) -> None:
    job_id = hub.send(*several("stood still", 3))
    job = hub.wait(job_id, JobState.LEASED)

    os.kill(owner_pid(job), signal.SIGSTOP)
    try:
        assert_one_result(hub, job_id)
        assert hub.job(job_id).lease_owner != job.lease_owner
    finally:
        os.kill(owner_pid(job), signal.SIGCONT)
    time.sleep(1)
    assert hub.results(job_id) == 1


def test_nothing_of_the_patient_is_in_logs_broker_or_metrics(hub: Hub) -> None:
    canary = "ZEBRACANARY"

    def mark(dataset: pydicom.Dataset) -> None:
        for element in list(dataset):
            if element.VR in ("PN", "LO", "SH", "ST", "LT", "UT") and element.tag.group != 2:
                element.value = canary
        dataset.PatientName, dataset.PatientID = f"{canary}^NAME", canary
        dataset.PatientComments = dataset.StudyDescription = dataset.AccessionNumber = canary
        dataset.OperatorsName = dataset.InstitutionName = canary

    for number in range(2):
        assert_one_result(hub, hub.send(another("head-27w.dcm", f"canary {number}", change=mark)))

    logs = [log_of(hub.worker), log_of(hub.sweeper)]
    assert all(log.stat().st_size > 0 for log in logs[:1])
    for log in logs:
        assert canary.encode() not in log.read_bytes()
    for file in (hub.settings.home / "valkey").rglob("*"):
        if file.is_file():
            assert canary.encode() not in file.read_bytes()
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{hub.settings.metrics_port}/metrics")
    metrics_text = metrics.read()
    assert b'fada_worker_jobs_total{outcome="done"}' in metrics_text
    assert canary.encode() not in metrics_text


def test_worker_that_is_stopped_finishes_its_study_first(hub: Hub) -> None:
    job_id = hub.send(*several("stopped", 3))
    hub.wait(job_id, JobState.LEASED)

    hub.worker.stop()
    try:
        job = hub.job(job_id)
        assert (job.state, job.attempts) == (JobState.DONE, 0)
        assert hub.results(job_id) == 1
    finally:
        hub.worker.start()


def test_worker_that_is_connected_but_takes_nothing_is_started_again(hub: Hub) -> None:
    """Its consumers are cancelled behind its back: it answers pings, and messages lie there."""
    assert_one_result(hub, hub.send(another("head-27w.dcm", "before deafness")))
    app = make_app(hub.settings)
    for queue in ("urgent", "routine"):
        app.control.cancel_consumer(queue)
    assert any(app.control.ping(timeout=60, limit=1))

    assert_one_result(hub, hub.send(another("head-27w.dcm", "after deafness")))

    assert "worker stopped consuming" in log_of(hub.worker).read_text()
