"""The index as a state machine: studies come twice, workers die, clocks run on, people sign.

Each rule does one thing to the real index and to a plain model of it; after each the two are compared.
At the end everything that waits is let run: nothing may be lost, nothing doubled.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import invariant, precondition, rule
from index_cases import ANNA, instance, report, send

from machines.comparison import compare
from machines.messages import ANY, Messages
from machines.model import ATTEMPTS, ModelJob, ModelStudy, ModelVersion
from services.domain.errors import Conflict, LeaseLost
from services.domain.report import Origin
from services.domain.work import Work
from services.index.port import (
    DeliveryState,
    InstancesDiffer,
    JobState,
    Transaction,
)

STUDIES, OWNERS = ("1.1", "1.2"), ("w1", "w2")
LEASE = 60
A_STUDY, AN_OWNER = st.sampled_from(STUDIES), st.sampled_from(OWNERS)
SOME = st.sets(st.integers(1, 4), min_size=1, max_size=3)
SELDOM = st.sampled_from((False,) * 7 + (True,))


class Killed(Exception):
    """The process ends before its commit."""


class IndexMachine(Messages):
    """Studies, jobs and versions, beside the messages about them."""

    def teardown(self) -> None:
        try:
            if sys.exception() is None:
                self.everything_ends()
        finally:
            self.end()

    # --- studies come -----------------------------------------------------------------------------
    @rule(uid=A_STUDY, numbers=SOME, other=SELDOM, urgent=st.booleans())
    def receive(self, uid: str, numbers: set[int], other: bool, urgent: bool) -> None:
        """The fourth of a study holds no frames; ``other``: other bytes than it had before."""
        sent = [
            instance(f"{uid}.{n}", frames=int(n < 4), sha="f" * 64 if other else "")
            for n in sorted(numbers)
        ]
        known = self.model.studies.get(uid)
        held = known.held if known else {}
        differ = tuple(
            one.sop_uid for one in sent if held.get(one.sop_uid, one.sha256) != one.sha256
        )
        if differ:
            with self.index.begin() as tx, pytest.raises(InstancesDiffer) as refusal:
                send(tx, uid, sent, urgent=urgent)
            assert refusal.value.sop_uids == differ
            return
        with self.index.begin() as tx:
            answers = send(tx, uid, sent, urgent=urgent)
        new = [one for one in sent if one.sop_uid not in held]
        assert [one.sop_uid for one in answers if one.new] == [one.sop_uid for one in new]
        study = self.model.studies.setdefault(uid, ModelStudy(answers[0].study_id, uid))
        assert {one.study_id for one in answers} == {study.id}
        study.held |= {one.sop_uid: one.sha256 for one in new}
        job_ids = {one.job_id for one in answers}
        if any(one.frames for one in new):
            job = self.model.queued(uid) or ModelJob(answers[0].job_id or "", uid)
            self.model.jobs[job.id] = job
            assert job_ids == {job.id}
        elif known is not None:
            jobs = self.model.of(uid, *JobState)
            assert job_ids == {jobs[-1].id if jobs else None}

    @rule(uid=A_STUDY, numbers=SOME)
    def killed_while_receiving(self, uid: str, numbers: set[int]) -> None:
        with suppress(Killed), self.index.begin() as tx:
            send(tx, uid, [instance(f"{uid}.9.{n}") for n in numbers])
            raise Killed

    @precondition(lambda self: self.model.studies)
    @rule(pick=ANY, urgent=st.booleans())
    def mark_urgent(self, pick: int, urgent: bool) -> None:
        with self.index.begin() as tx:
            tx.studies.set_urgent(ANNA, self._study(pick).id, urgent)

    @rule(seconds=st.sampled_from((1, 12, 31, 61, 400)))
    def time_passes(self, seconds: int) -> None:
        self.clock.pass_(seconds)

    # --- workers ----------------------------------------------------------------------------------
    @precondition(lambda self: self.model.jobs)
    @rule(pick=ANY, owner=AN_OWNER, late=SELDOM)
    def lease(self, pick: int, owner: str, late: bool) -> None:
        """``late``: a message for any job, also one that was done long ago."""
        waiting = [one for one in self.model.jobs.values() if one.state is JobState.QUEUED]
        self._lease(self._job(pick) if late or not waiting else waiting[pick % len(waiting)], owner)

    @precondition(lambda self: self.broker)
    @rule(owner=AN_OWNER)
    def take_message(self, owner: str) -> None:
        topic, subject = self.broker.pop(0)
        if topic == Work.ANALYSE:
            self._lease_next(subject, owner)
        else:
            self._deliver(subject, "delivered")

    def _lease(self, job: ModelJob, owner: str) -> None:
        now = self.clock()
        with self.index.begin() as tx:
            got = tx.jobs.lease(job.id, owner, LEASE)
        assert (got is not None) == self.model.can_lease(job, now)
        if got is not None:
            self.model.lease(job, owner, now, LEASE)
            job.sees = frozenset(self.model.studies[job.study].held)

    def _lease_next(self, named: str, owner: str) -> None:
        """A worker gets any job that it can have, and none only when there is none; urgent ones first."""
        now = self.clock()
        with self.index.begin() as tx:
            had = [tx.jobs.get(None, one.id) for one in self.model.jobs.values()]
            got = tx.jobs.lease_next(named, owner, LEASE, patience=1e9)
        free = [
            one
            for one in had
            if one.state is JobState.QUEUED
            and one.available_at is not None
            and one.available_at <= now
            and self.model.can_lease(self.model.jobs[one.id], now)
        ]
        if got is None:
            assert not free
            return
        job = self.model.jobs[got.id]
        assert self.model.can_lease(job, now)
        assert got.id == named if not free else got.id in {one.id for one in free}
        assert got.urgent or not any(one.urgent for one in free)
        self.model.lease(job, owner, now, LEASE)
        job.sees = frozenset(self.model.studies[job.study].held)

    def _of_owner(self, job: ModelJob, owner: str, act: Callable[[Transaction], Any]) -> bool:
        """Whether ``owner`` had the job; else it is told so, and nothing changed."""
        if job.is_held_by(owner):
            with self.index.begin() as tx:
                act(tx)
            return True
        with self.index.begin() as tx, pytest.raises(LeaseLost):
            act(tx)
        return False

    @precondition(lambda self: self.model.jobs)
    @rule(pick=ANY, stranger=SELDOM, notes=st.booleans())
    def renew(self, pick: int, stranger: bool, notes: bool) -> None:
        job, owner = self._at_work(pick, stranger)

        def act(tx: Transaction) -> None:
            if notes:
                tx.jobs.note(job.id, owner, LEASE, [])
            else:
                tx.jobs.renew(job.id, owner, LEASE)

        if self._of_owner(job, owner, act):
            job.until = self.clock() + timedelta(seconds=LEASE)
            job.attempts = 0 if notes else job.attempts

    @precondition(lambda self: self.model.jobs)
    @rule(pick=ANY, stranger=SELDOM, turn=st.booleans())
    def give_back(self, pick: int, stranger: bool, turn: bool) -> None:
        job, owner = self._at_work(pick, stranger)

        def act(tx: Transaction) -> None:
            (tx.jobs.give_way if turn else tx.jobs.release)(job.id, owner, delay=5.0)

        if self._of_owner(job, owner, act):
            self.model.queue_again(job)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=ANY, stranger=SELDOM, retryable=st.booleans())
    def fail(self, pick: int, stranger: bool, retryable: bool) -> None:
        job, owner = self._at_work(pick, stranger)

        def act(tx: Transaction) -> None:
            tx.jobs.fail(job.id, owner, "bad", "", attempts=ATTEMPTS, retryable=retryable)

        if self._of_owner(job, owner, act):
            self.model.fail(job, retryable=retryable)

    @precondition(lambda self: self.model.jobs)
    @rule(pick=ANY, stranger=SELDOM, killed=SELDOM)
    def finish(self, pick: int, stranger: bool, killed: bool) -> None:
        job, owner = self._at_work(pick, stranger)
        self._finish(job, owner, killed=killed)

    def _finish(self, job: ModelJob, owner: str, *, killed: bool = False) -> None:
        study = self.model.studies[job.study]

        def act(tx: Transaction) -> None:
            new_report = report(study.uid)
            result = tx.jobs.finish(job.id, owner, new_report, [], score=1.0, reasons=())
            assert result.job_id == job.id
            if killed:
                raise Killed

        if killed and (job.is_held_by(owner) or job.has_result):
            with pytest.raises(Killed), self.index.begin() as tx:
                act(tx)
        elif job.has_result:
            with self.index.begin() as tx:  # told again
                act(tx)
        elif self._of_owner(job, owner, act):
            job.state, job.until = JobState.DONE, None
            study.read |= job.sees
            study.add(ModelVersion(Origin.HUB, False, job.id))

    # --- people and the sweeper -------------------------------------------------------------------
    @precondition(lambda self: self.model.jobs)
    @rule(pick=ANY)
    def run_again(self, pick: int) -> None:
        job = self._job(pick)
        with self.index.begin() as tx:
            if job.state is not JobState.DEAD:
                with pytest.raises(Conflict):
                    tx.jobs.run_again(ANNA, job.id)
                return
            started = tx.jobs.run_again(ANNA, job.id)
        sibling = self.model.queued(job.study)
        assert started.id == (sibling or job).id
        if sibling is None:
            job.state, job.owner, job.attempts = JobState.QUEUED, None, 0

    @precondition(lambda self: self.model.studies)
    @rule(pick=ANY, origin=st.sampled_from((Origin.REVIEW, Origin.PHONE)), signed=st.booleans())
    def add_version(self, pick: int, origin: Origin, signed: bool) -> None:
        study = self._study(pick)
        signed = signed and origin is Origin.REVIEW
        new_report = replace(report(study.uid), reviewed_by="anna" if signed else None)
        with self.index.begin() as tx:
            tx.results.add(ANNA, study.id, new_report, [], origin=origin, based_on=None)
        study.add(ModelVersion(origin, signed, None))

    @rule()
    def sweep(self) -> None:
        now = self.clock()
        with self.index.begin() as tx:
            count = tx.jobs.requeue_expired(attempts=ATTEMPTS)
        over = [one for one in self.model.jobs.values() if one.is_over(now)]
        assert count == len(over)
        for job in over:
            self.model.fail(job, retryable=True)

    @rule()
    def resend(self) -> None:
        with self.index.begin() as tx:
            tx.jobs.resend_stale(10.0)
            tx.deliveries.resend_stale(180.0)
            assert tx.jobs.bound_moments(LEASE, 0.0) == 0  # no clock was wrong

    # --- what always holds ------------------------------------------------------------------------
    @invariant()
    def index_is_as_the_model_says(self) -> None:
        with self.index.read() as tx:
            compare(tx, self.model, self.clock())

    # --- the end ----------------------------------------------------------------------------------
    def everything_ends(self) -> None:
        """Workers and sweeper go on, and everything that waited is read and delivered."""
        self.claimed.clear()
        self.broker.clear()  # it was lost once more
        for _ in range(12):
            self.clock.pass_(400)
            self.sweep()
            self.resend()
            self.claim(1_000)
            self.send_claimed(False, False)
            while self.broker:
                self.take_message("w1")
            for job in list(self.model.jobs.values()):
                if job.is_held_by("w1"):
                    self._finish(job, "w1")
            self.index_is_as_the_model_says()
        assert {one.state for one in self.model.jobs.values()} <= {JobState.DONE, JobState.DEAD}
        assert DeliveryState.WAITING not in self.model.deliveries.values()
        with self.index.read() as tx:
            assert tx.outbox.pending() == 0

    def _study(self, pick: int) -> ModelStudy:
        return list(self.model.studies.values())[pick % len(self.model.studies)]

    def _at_work(self, pick: int, stranger: bool) -> tuple[ModelJob, str]:
        """A job and who has it; or any job, and somebody who once had it, or never."""
        leased = [one for one in self.model.jobs.values() if one.state is JobState.LEASED]
        if stranger or not leased:
            return self._job(pick), OWNERS[pick % 2]
        job = leased[pick % len(leased)]
        return job, str(job.owner)

    def _job(self, pick: int) -> ModelJob:
        return list(self.model.jobs.values())[pick % len(self.model.jobs)]
