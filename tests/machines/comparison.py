"""What always holds between the index and the model of it."""

from __future__ import annotations

from datetime import datetime

from machines.model import Model, ModelStudy
from services.domain.report import Origin
from services.index.port import DeliveryState, JobState, StudyState, Transaction

ALL = 10_000


def compare(tx: Transaction, model: Model, now: datetime) -> None:
    """Jobs, studies, versions and deliveries are those of the model; events have no gap."""
    jobs = {
        one.id: (one.state, one.attempts, one.lease_until) for one in tx.jobs.find(None, limit=ALL)
    }
    assert jobs == {one.id: (one.state, one.attempts, one.until) for one in model.jobs.values()}
    for study in model.studies.values():
        _compare_study(tx, model, study)
        _compare_jobs(tx, model, study, now)
    _compare_deliveries(tx, model)
    numbers = [one.seq for one in tx.events.since("north", 0, limit=ALL)]
    assert numbers == list(range(1, len(numbers) + 1))


def _compare_study(tx: Transaction, model: Model, study: ModelStudy) -> None:
    row = tx.studies.get("north", study.id)
    stored = tx.studies.instances("north", study_uid=study.uid)
    assert {one.sop_uid: one.sha256 for one in stored} == study.held
    assert row.instances == len(stored)
    versions = tx.results.versions("north", study.id)
    assert [one.version for one in versions] == list(range(1, len(versions) + 1))
    assert [(one.origin, one.job_id) for one in versions] == [
        (one.origin, one.job) for one in study.versions
    ]
    shown = (row.latest_version, row.newest_version, row.signed_version)
    assert shown == (study.latest, len(versions), study.signed)


def _compare_jobs(tx: Transaction, model: Model, study: ModelStudy, now: datetime) -> None:
    """One at work at most; a result for each that is done; no image that nobody reads or read."""
    jobs = model.of(study.uid, *JobState)
    for job in jobs:
        assert [one.job for one in study.versions].count(job.id) == job.has_result
    assert sum(one.is_live(now) for one in jobs) <= 1
    waits = any(one.state in (JobState.QUEUED, JobState.LEASED) for one in jobs)
    unread = any(not uid.endswith(".4") for uid in study.held.keys() - study.read)
    assert waits or not unread or any(one.state is JobState.DEAD for one in jobs)
    state = tx.studies.get("north", study.id).state
    assert not (state is StudyState.FAILED and waits)
    assert not (state is StudyState.ANALYSING and not waits)


def _compare_deliveries(tx: Transaction, model: Model) -> None:
    """Made with the version that they are of, once, and never gone."""
    deliveries = {one.id: one for one in tx.deliveries.find("north", limit=ALL)}
    for one in deliveries.values():
        model.deliveries.setdefault(one.id, DeliveryState.WAITING)
    assert {one.id: one.state for one in deliveries.values()} == model.deliveries
    sent = [(one.study_id, one.version) for one in deliveries.values()]
    assert len(sent) == len(set(sent))
    for study in model.studies.values():
        for number, version in enumerate(study.versions, 1):
            before = any(earlier.signed for earlier in study.versions[: number - 1])
            due = version.signed or (version.origin is Origin.HUB and not before)
            assert ((study.id, number) in sent) == due
