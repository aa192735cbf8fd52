"""The index keeps its promises, on SQLite and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from index_cases import ANNA, BEN, START, Clock, instance, patient, report, send

from services.domain.errors import (
    Conflict,
    DifferentBytes,
    Gone,
    InvalidInput,
    LeaseLost,
    NotFound,
    OffsetMismatch,
)
from services.domain.report import Origin
from services.domain.study import Role
from services.domain.triage import aged
from services.index.clinical import studies
from services.index.port import (
    Artefact,
    Index,
    InstancesDiffer,
    JobState,
    Remembered,
    StudyQuery,
    StudyState,
)

MASK = Artefact("mask", "a" * 64, "image/png", 1200, sop_uid="1.2.3.1", frame=1, label="fetal_head")


Leased = Callable[[], tuple[str, str]]


@pytest.fixture
def leased(index: Index) -> Leased:
    """Receive one study and lease its job to worker ``w1``: (study id, job id)."""

    def make() -> tuple[str, str]:
        with index.begin() as tx:
            got = send(tx)[0]
            assert got.job_id is not None
            assert tx.jobs.lease(got.job_id, "w1", 60) is not None
        return got.study_id, got.job_id

    return make


def finish(index: Index, job_id: str, owner: str = "w1", score: float = 10.0):
    with index.begin() as tx:
        return tx.jobs.finish(job_id, owner, report(), [MASK], score=score, reasons=("finding",))


# --- receiving -----------------------------------------------------------------------------------
def test_received_is_stored_with_job_outbox_and_event(index: Index) -> None:
    with index.begin() as tx:
        got = send(tx)[0]
        assert got.new
    with index.read() as tx:
        study = tx.studies.by_uid("north", "1.2")
        assert (study.id, study.state, study.instances) == (got.study_id, StudyState.RECEIVED, 1)
        assert study.attributes["00100010"]["Value"] == [{"Alphabetic": "Doe^Jane"}]
        assert study.attributes["00080061"]["Value"] == ["US"]
        job = tx.jobs.get("north", str(got.job_id))
        assert (job.state, job.study_uid, job.request_id) == (JobState.QUEUED, "1.2", "req-1")
        assert [event.type for event in tx.events.since("north", 0)] == ["study.received"]
    with index.begin() as tx:
        rows = tx.outbox.claim("analyse", 10)
    assert [row.payload for row in rows] == [
        {"job_id": got.job_id, "urgent": False, "request_id": "req-1"}
    ]


def test_received_twice_is_received_once(index: Index) -> None:
    with index.begin() as tx:
        first = send(tx)[0]
    with index.begin() as tx:
        again = send(tx)[0]
        assert again == replace(first, new=False)
        assert tx.outbox.pending() == 1
        assert len(tx.jobs.find("north")) == 1
        assert tx.events.latest("north") == 1
    with index.begin() as tx:
        both = send(tx, instances=[instance("1.2.3.9"), instance("1.2.3.9")])
    assert [one.new for one in both] == [True, False]


def test_the_same_uid_with_other_bytes_is_refused_and_the_first_kept(index: Index) -> None:
    with index.begin() as tx:
        send(tx)
    with index.begin() as tx:
        with pytest.raises(InstancesDiffer) as refusal:
            send(tx, instances=[instance(sha="f" * 64), instance("1.2.3.2")])
        assert refusal.value.sop_uids == ("1.2.3.1",)
        assert send(tx, instances=[instance("1.2.3.2")])[0].new  # the transaction goes on
    with index.read() as tx:
        stored = {one.sop_uid: one.sha256 for one in tx.studies.instances("north")}
    assert stored == {one.sop_uid: one.sha256 for one in (instance(), instance("1.2.3.2"))}


def test_an_instance_belongs_to_one_study(index: Index) -> None:
    with index.begin() as tx:
        send(tx)
        with pytest.raises(DifferentBytes):
            send(tx, "1.9")
    with index.read() as tx, pytest.raises(NotFound):
        tx.studies.by_uid("north", "1.9")  # no empty study is left behind


def test_sites_share_nothing(index: Index) -> None:
    with index.begin() as tx:
        mine = send(tx)[0]
        theirs = send(tx, who=BEN, instances=[instance(sha="e" * 64)])[0]
    assert theirs.new
    assert theirs.study_id != mine.study_id
    result = None
    with index.begin() as tx:
        tx.jobs.lease(str(mine.job_id), "w1", 60)
    result = finish(index, str(mine.job_id))
    with index.read() as tx:
        for ask in (
            lambda: tx.studies.get("south", mine.study_id),
            lambda: tx.jobs.get("south", str(mine.job_id)),
            lambda: tx.results.get("south", mine.study_id),
            lambda: tx.results.artefact("south", MASK.sha256),
            lambda: tx.studies.series("south", "1.2.404"),
        ):
            with pytest.raises(NotFound):
                ask()
        assert tx.results.versions("south", mine.study_id) == []
        assert tx.results.artefact("north", MASK.sha256) == MASK
        assert [study.id for study in tx.studies.find("south", StudyQuery())] == [theirs.study_id]
        assert {event.study_id for event in tx.events.since("south", 0)} == {theirs.study_id}
        assert [one.sha256 for one in tx.studies.instances("south")] == ["e" * 64]
        assert tx.jobs.find("south", study_id=mine.study_id) == []
        assert result.site == "north"
    with index.begin() as tx, pytest.raises(NotFound):
        tx.studies.set_urgent(BEN, mine.study_id, True)


def test_images_while_a_job_runs_make_one_further_job(index: Index, leased: Leased) -> None:
    study_id, job_id = leased()
    with index.begin() as tx:
        second = send(tx, instances=[instance("1.2.3.2")])[0]
        third = send(tx, instances=[instance("1.2.3.3")])[0]
    assert second.job_id == third.job_id != job_id
    with index.begin() as tx:
        assert tx.jobs.lease(str(second.job_id), "w2", 60) is None  # one at a time
        tx.outbox.claim("analyse", 10, seconds=3600)
    finish(index, job_id)
    with index.begin() as tx:
        woken = tx.outbox.claim("analyse", 10)
        assert [row.payload["job_id"] for row in woken] == [second.job_id]
        assert tx.jobs.lease(str(second.job_id), "w2", 60) is not None
    assert finish(index, str(second.job_id), "w2").version == 2
    with index.read() as tx:
        assert tx.studies.get("north", study_id).instances == 3


def test_a_worker_that_slept_does_not_write_beside_the_next(
    index: Index, clock: Clock, leased: Leased
) -> None:
    study_id, slept = leased()
    with index.begin() as tx:
        second = str(send(tx, instances=[instance("1.2.3.2")])[0].job_id)
    clock.pass_(61)
    with index.begin() as tx:
        assert tx.jobs.lease(second, "w2", 60) is not None
    with index.begin() as tx, pytest.raises(LeaseLost):
        tx.jobs.renew(slept, "w1", 60)
    with pytest.raises(LeaseLost):
        finish(index, slept)
    finish(index, second, "w2")
    with index.read() as tx:
        assert [one.job_id for one in tx.results.versions("north", study_id)] == [second]
        assert tx.jobs.get(None, slept).state is JobState.DONE


def test_what_holds_no_frames_makes_no_job(index: Index) -> None:
    with index.begin() as tx:
        got = send(tx, instances=[instance(frames=0, modality="SR")])[0]
        assert got.new
        assert got.job_id is None
        assert tx.outbox.pending("analyse") == 0


def test_a_study_without_instances_waits_for_them(index: Index) -> None:
    with index.begin() as tx:
        assert send(tx, instances=[], attributes={}) == []
        study = tx.studies.by_uid("north", "1.2")
        tx.results.add(ANNA, study.id, report(), [], origin=Origin.PHONE, based_on=None, score=42.0)
    with index.begin() as tx:
        assert tx.studies.get("north", study.id).score == 42.0
        assert send(tx)[0].job_id is not None
        assert tx.studies.find("north", StudyQuery(match={"PatientName": "doe*"}))


def test_series_and_instances(index: Index) -> None:
    with index.begin() as tx:
        send(
            tx,
            instances=[
                instance("1.2.3.1"),
                instance("1.2.3.2"),
                instance("1.2.4.1", series="1.2.4"),
            ],
        )
        series = tx.studies.series("north", "1.2")
        assert [one["0020000E"]["Value"] for one in series] == [["1.2.3"], ["1.2.4"]]
        assert [one["00201209"]["Value"] for one in series] == [[2], [1]]
        assert series[0]["0008103E"]["Value"] == ["Head"]
        assert [one.sop_uid for one in tx.studies.instances("north", series_uid="1.2.4")] == [
            "1.2.4.1"
        ]
        assert len(tx.studies.instances("north", study_uid="1.2", limit=2, offset=1)) == 2
        assert tx.studies.referenced([instance("1.2.3.1").sha256, "d" * 64]) == {
            instance("1.2.3.1").sha256
        }


# --- jobs ----------------------------------------------------------------------------------------
def test_a_lease_keeps_others_out(index: Index, leased: Leased, clock: Clock) -> None:
    _, job_id = leased()
    with index.begin() as tx:
        assert tx.jobs.lease(job_id, "w2", 60) is None
        clock.pass_(50)
        tx.jobs.renew(job_id, "w1", 60)
        clock.pass_(50)
        assert tx.jobs.lease(job_id, "w2", 60) is None
        with pytest.raises(LeaseLost):
            tx.jobs.renew(job_id, "w2", 60)
        clock.pass_(11)
        taken = tx.jobs.lease(job_id, "w2", 60)
        assert taken is not None
        assert taken.attempts == 1
        with pytest.raises(LeaseLost):
            tx.jobs.renew(job_id, "w1", 60)


def test_finish_writes_result_state_event_and_outbox(index: Index, leased: Leased) -> None:
    study_id, job_id = leased()
    with index.begin() as tx:
        hook = tx.webhooks.create("north", "https://example.org/hook", ("study.ready",))
        tx.webhooks.create("north", "https://example.org/other", ("study.failed",))
        tx.webhooks.create("south", "https://example.org/theirs", ())
    result = finish(index, job_id)
    assert (result.version, result.artefacts, result.report) == (1, (MASK,), report())
    with index.begin() as tx:
        study = tx.studies.get("north", study_id)
        assert (study.state, study.latest_version, study.plane) == (StudyState.READY, 1, "head")
        assert (study.score, study.reasons) == (10.0, ("finding",))
        event = tx.events.since("north", 0)[-1]
        assert (event.type, event.payload["result_id"]) == ("study.ready", result.id)
        push, hooked = tx.deliveries.find("north")
        assert (hooked.kind, hooked.webhook_id, hooked.event_seq) == ("webhook", hook.id, event.seq)
        assert (push.kind, push.study_id, push.version) == ("push", study_id, 1)
        sent = tx.outbox.claim("deliver", 10)
        assert {row.subject for row in sent} == {push.id, hooked.id}
        assert all(row.payload == {"delivery_id": row.subject} for row in sent)
        assert tx.results.versions("north", study_id) == [tx.results.get("north", study_id)]
        assert tx.results.get("north", study_id) == result


def test_finish_is_idempotent_and_needs_the_lease(
    index: Index, leased: Leased, clock: Clock
) -> None:
    _, job_id = leased()
    with pytest.raises(LeaseLost):
        finish(index, job_id, "w2")
    first = finish(index, job_id)
    assert finish(index, job_id).id == first.id
    with index.begin() as tx:
        assert tx.jobs.lease(job_id, "w2", 60) is None
        assert len(tx.deliveries.find("north")) == 1
        assert tx.jobs.depth() == {"queued": 0, "leased": 0, "done": 1, "dead": 0}


def test_a_failing_job_is_tried_again_later_and_then_is_dead(
    index: Index, leased: Leased, clock: Clock
) -> None:
    study_id, job_id = leased()
    states = []
    for _ in range(3):
        with index.begin() as tx:
            tx.outbox.claim("analyse", 10, seconds=10_000)
            tx.jobs.lease(job_id, "w1", 60)
            states.append(
                tx.jobs.fail(job_id, "w1", "object_corrupt", "x", attempts=3, retryable=True)
            )
        with index.begin() as tx:
            assert tx.outbox.claim("analyse", 10) == []  # not at once
        clock.pass_(400)
    assert states == [JobState.QUEUED, JobState.QUEUED, JobState.DEAD]
    with index.begin() as tx:
        study = tx.studies.get("north", study_id)
        assert (study.state, study.error_code) == (StudyState.FAILED, "object_corrupt")
        assert tx.events.since("north", 0)[-1].payload["code"] == "object_corrupt"
        assert [job.id for job in tx.jobs.find("north", states=(JobState.DEAD,))] == [job_id]
        again = tx.jobs.run_again(ANNA, job_id)
        assert (again.state, again.attempts) == (JobState.QUEUED, 0)
        assert tx.studies.get("north", study_id).state is StudyState.RECEIVED
        with pytest.raises(Conflict):
            tx.jobs.run_again(ANNA, job_id)
        with pytest.raises(NotFound):
            tx.jobs.run_again(BEN, job_id)
        tx.jobs.lease(job_id, "w1", 60)
        state = tx.jobs.fail(job_id, "w1", "invalid_dicom", "x", attempts=3, retryable=False)
        assert state is JobState.DEAD


def test_release_is_not_an_attempt(index: Index, leased: Leased, clock: Clock) -> None:
    _, job_id = leased()
    with index.begin() as tx:
        tx.outbox.claim("analyse", 10, seconds=10_000)
        tx.jobs.release(job_id, "w1", delay=20)
        job = tx.jobs.get("north", job_id)
        assert (job.state, job.attempts, job.lease_owner) == (JobState.QUEUED, 0, None)
        assert tx.outbox.claim("analyse", 10) == []
        clock.pass_(21)
        assert [row.payload["job_id"] for row in tx.outbox.claim("analyse", 10)] == [job_id]


def test_a_failing_job_gives_way_to_a_newer_one(index: Index, leased: Leased) -> None:
    _, job_id = leased()
    with index.begin() as tx:
        newer = send(tx, instances=[instance("1.2.3.2")])[0].job_id
        state = tx.jobs.fail(job_id, "w1", "unavailable", "x", attempts=3, retryable=True)
        assert state is JobState.DONE
        assert tx.jobs.get("north", job_id).error_code == "superseded"
        assert tx.jobs.get("north", str(newer)).attempts == 1  # a poison study still ends
    with pytest.raises(LeaseLost):
        finish(index, job_id)


def test_expired_leases_are_requeued_and_end(index: Index, leased: Leased, clock: Clock) -> None:
    _, job_id = leased()
    for lost in range(1, 4):
        clock.pass_(61)
        with index.begin() as tx:
            assert tx.jobs.requeue_expired(attempts=3) == 1
            assert tx.jobs.requeue_expired(attempts=3) == 0
            job = tx.jobs.get("north", job_id)
            assert job.attempts == lost
            assert job.state is (JobState.DEAD if lost == 3 else JobState.QUEUED)
            tx.jobs.lease(job_id, "w1", 60)
    assert job.error_code == "worker_lost"


def test_leases_that_an_outage_let_run_out_go_on(
    index: Index, leased: Leased, clock: Clock
) -> None:
    _, job_id = leased()
    clock.pass_(300)
    with index.begin() as tx:
        assert tx.jobs.extend_after_outage(200, 60) == set()  # it ran out before the outage
        assert tx.jobs.extend_after_outage(300, 60) == {(job_id, "w1")}
        assert tx.jobs.requeue_expired(attempts=3) == 0
        tx.jobs.renew(job_id, "w1", 60)
        assert tx.jobs.get(None, job_id).attempts == 0


def test_a_lease_lost_to_an_outage_counts_no_attempt(
    index: Index, leased: Leased, clock: Clock
) -> None:
    _, job_id = leased()
    clock.pass_(61)
    with index.begin() as tx:
        assert tx.jobs.requeue_expired(attempts=1, uncounted={(job_id, "w1")}) == 1
        job = tx.jobs.get(None, job_id)
        assert (job.state, job.attempts, job.error_code) == (JobState.QUEUED, 0, "")
        assert tx.jobs.lease(job_id, "w2", 60) is not None
    clock.pass_(61)
    with index.begin() as tx:  # another worker's: that is no outage's
        assert tx.jobs.requeue_expired(attempts=3, uncounted={(job_id, "w1")}) == 1
        assert tx.jobs.get(None, job_id).attempts == 1


def test_a_lost_queue_is_rebuilt(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        got = send(tx)[0]
        assert tx.jobs.resend_stale(30) == 0
        clock.pass_(31)
        assert tx.jobs.resend_stale(30) == 0  # its outbox row is still there
        for row in tx.outbox.claim("analyse", 10):
            tx.outbox.done(row.id)
        assert tx.jobs.resend_stale(30) == 1
        assert tx.jobs.resend_stale(30) == 0
        assert [row.payload["job_id"] for row in tx.outbox.claim(None, 10)] == [got.job_id]


def test_urgency_reaches_the_queued_job(index: Index) -> None:
    with index.begin() as tx:
        got = send(tx)[0]
        tx.outbox.claim(None, 10, seconds=1000)
        tx.studies.set_urgent(ANNA, got.study_id, True)
        tx.studies.set_urgent(ANNA, got.study_id, True)
        assert tx.jobs.get("north", str(got.job_id)).urgent
        assert [row.payload["urgent"] for row in tx.outbox.claim("analyse", 10)] == [True]
        study = tx.studies.get("north", got.study_id)
        assert (study.urgent, study.reasons, study.score) == (True, ("urgent",), 1000.0)
        tx.studies.set_urgent(ANNA, got.study_id, False)
        assert tx.studies.get("north", got.study_id).score == 0.0


# --- results -------------------------------------------------------------------------------------
def test_versions_are_added_and_nothing_is_overwritten(index: Index, leased: Leased) -> None:
    study_id, job_id = leased()
    finish(index, job_id)
    with index.begin() as tx:
        edit = tx.results.add(
            ANNA, study_id, replace(report(plane="femur"), reviewed_by="anna"), [],
            origin=Origin.REVIEW, based_on=1, scores={"interpretation": 3},
        )  # fmt: skip
        stale = tx.results.add(ANNA, study_id, report(), [], origin=Origin.REVIEW, based_on=1)
    assert (edit.version, edit.based_on) == (2, 1)
    assert stale.based_on != stale.version - 1
    with index.read() as tx:
        assert [one.version for one in tx.results.versions("north", study_id)] == [1, 2, 3]
        assert tx.results.get("north", study_id, 2).scores == {"interpretation": 3}
        assert tx.results.get("north", study_id, 1).report == report()
        assert tx.studies.get("north", study_id).state is StudyState.REVIEWED
        assert tx.events.since("north", 0)[-1].type == "study.reviewed"
        with pytest.raises(NotFound):
            tx.results.get("north", study_id, 4)
    with index.begin() as tx, pytest.raises(NotFound):
        tx.results.add(BEN, study_id, report(), [], origin=Origin.REVIEW, based_on=1)


@pytest.mark.parametrize("origin", [Origin.PHONE, Origin.HUB])
def test_a_machines_version_does_not_displace_a_signed_one(
    index: Index, leased: Leased, origin: Origin
) -> None:
    study_id, job_id = leased()
    finish(index, job_id)
    with index.begin() as tx:
        signed = replace(report(plane="femur"), reviewed_by="anna")
        tx.results.add(ANNA, study_id, signed, [], origin=Origin.REVIEW, based_on=1)
    if origin is Origin.PHONE:
        with index.begin() as tx:
            added = tx.results.add(ANNA, study_id, report(), [], origin=Origin.PHONE, based_on=None)
    else:
        with index.begin() as tx:
            again = send(tx, "1.2", [instance("1.2.3.9")])[0].job_id
            assert again is not None
            assert tx.jobs.lease(again, "w1", 60) is not None
        added = finish(index, again)
    assert added.version == 3
    with index.read() as tx:
        study = tx.studies.get("north", study_id)
        assert tx.results.get("north", study_id).report.reviewed_by == "anna"
    assert (study.latest_version, study.signed_version, study.newest_version) == (2, 2, 3)
    assert study.has_new_version
    assert study.plane == "femur"
    assert study.state is StudyState.READY, "somebody must look at what is new"
    with index.begin() as tx:
        tx.results.add(ANNA, study_id, signed, [], origin=Origin.REVIEW, based_on=3)
        study = tx.studies.get("north", study_id)
    assert (study.latest_version, study.state) == (4, StudyState.REVIEWED)
    assert not study.has_new_version


def test_a_draft_does_not_displace_a_signed_one(index: Index, leased: Leased) -> None:
    study_id, job_id = leased()
    finish(index, job_id)
    with index.begin() as tx:
        signed = replace(report(), reviewed_by="anna")
        tx.results.add(ANNA, study_id, signed, [], origin=Origin.REVIEW, based_on=1)
        draft = tx.results.add(ANNA, study_id, report(), [], origin=Origin.REVIEW, based_on=2)
        study = tx.studies.get("north", study_id)
    assert (study.latest_version, study.newest_version) == (2, draft.version)
    assert study.state is StudyState.REVIEWED, "nobody else has to look"


# --- worklist and QIDO-RS ------------------------------------------------------------------------
def test_the_order_of_need_is_the_aged_score(index: Index, clock: Clock) -> None:
    received: dict[str, tuple[float, object]] = {}
    for number, (hours, score) in enumerate([(0, 0), (1, 120), (2, 60), (25, 1000), (26, 10)]):
        clock.at = START + timedelta(hours=hours)
        with index.begin() as tx:
            sop = f"1.{number + 1}.1"
            send(tx, f"1.{number + 1}", [instance(sop)])
            study = tx.studies.by_uid("north", f"1.{number + 1}")
            tx.results.add(
                ANNA, study.id, report(), [], origin=Origin.PHONE, based_on=None, score=score
            )
            received[study.study_uid] = (score, clock.at)
    now = START + timedelta(hours=30)
    expected = sorted(
        received,
        key=lambda uid: -aged(received[uid][0], (now - received[uid][1]).total_seconds() / 3600),  # type: ignore[operator]
    )
    with index.begin() as tx:
        matches = tx.studies.find("north", StudyQuery(by_need=True))
        assert [study.study_uid for study in matches] == expected
        newest = tx.studies.find("north", StudyQuery(limit=2, offset=1))
        assert [study.study_uid for study in newest] == ["1.4", "1.3"]
        first = matches[0]
        signed = replace(report(), reviewed_by="anna")
        tx.results.add(ANNA, first.id, signed, [], origin=Origin.REVIEW, based_on=1)
        assert tx.studies.find("north", StudyQuery(by_need=True))[-1].id == first.id  # done is last


@pytest.mark.parametrize(
    ("match", "expected"),
    [
        ({"PatientName": "doe*"}, {"1.1", "1.2"}),
        ({"PatientName": "Doe^Jane"}, {"1.1"}),
        ({"PatientName": "D?e^J*"}, {"1.1", "1.2"}),
        ({"PatientName": "*"}, {"1.1", "1.2", "1.3"}),
        ({"PatientName": "%"}, set()),
        ({"PatientName": "müller^*"}, {"1.3"}),
        ({"PatientID": "A_1"}, {"1.1"}),
        ({"PatientID": "A_?"}, {"1.1"}),
        ({"StudyDate": "20260101-20260131"}, {"1.1", "1.2"}),
        ({"StudyDate": "-20260110"}, {"1.1"}),
        ({"StudyDate": "20260115-"}, {"1.2", "1.3"}),
        ({"StudyTime": "10-1030"}, {"1.2"}),
        ({"StudyInstanceUID": "1.1\\1.3"}, {"1.1", "1.3"}),
        ({"ModalitiesInStudy": "US"}, {"1.1", "1.2", "1.3"}),
        ({"ModalitiesInStudy": "CT"}, set()),
        ({"PatientName": "doe*", "AccessionNumber": "X2"}, {"1.2"}),
    ],
)  # fmt: skip
def test_dicom_matching(index: Index, match: dict[str, str], expected: set[str]) -> None:
    people = [
        ("Doe^Jane^^", "A_1", "20260110", "X1", "0930"),
        ("DOE^JIM", "AB1", "20260131", "X2", "103015.5"),
        ("Müller^Åsa", "C", "20260201", "X3", "1101"),
    ]
    with index.begin() as tx:
        for number, (name, pid, date, accession, time) in enumerate(people, 1):
            tags = {"00080020": date, "00080050": accession, "00080030": time}
            send(
                tx,
                f"1.{number}",
                [instance(f"1.{number}.1")],
                attributes=patient(name, pid, **tags),
            )
        query = StudyQuery(match=match)
        assert {study.study_uid for study in tx.studies.find("north", query)} == expected
        assert tx.studies.count("north", query) == len(expected)


def test_other_filters(index: Index, leased: Leased, clock: Clock) -> None:
    study_id, job_id = leased()
    finish(index, job_id)
    clock.pass_(10)
    with index.begin() as tx:
        other = send(
            tx, "1.3", [instance("1.3.1")], attributes=patient("Roe^Ann", "Q7"), urgent=True
        )[0]
        for query, expected in (
            (StudyQuery(states=(StudyState.READY,)), {study_id}),
            (StudyQuery(urgent=True), {other.study_id}),
            (StudyQuery(reason="urgent"), {other.study_id}),
            (StudyQuery(reason="urg"), set()),
            (StudyQuery(plane="head"), {study_id}),
            (StudyQuery(received_from=START + timedelta(seconds=5)), {other.study_id}),
            (StudyQuery(received_to=START + timedelta(seconds=5)), {study_id}),
            (StudyQuery(text="ann q7"), {other.study_id}),
            (StudyQuery(text="100%"), set()),
            (StudyQuery(study_uid="1.2"), {study_id}),
        ):
            assert {study.id for study in tx.studies.find("north", query)} == expected
        with pytest.raises(InvalidInput):
            tx.studies.find("north", StudyQuery(match={"PatientAddress": "x"}))


def test_hostile_text_is_stored_and_searched(index: Index) -> None:
    with index.begin() as tx:
        send(tx, attributes=patient("'; DROP TABLE studies;--\x00\ud800", "\x00"))
        assert tx.studies.find("north", StudyQuery(match={"PatientName": "'; drop*"}))
        assert tx.studies.get("north", tx.studies.find("north", StudyQuery())[0].id)


def test_what_no_column_holds_is_a_refusal_and_no_fault(index: Index) -> None:
    """PostgreSQL keeps no NUL in a text; SQLite does, and finds nothing."""
    with pytest.raises((InvalidInput, NotFound)), index.read() as tx:
        tx.studies.get("north", "1.2.3\x00")
    with index.begin() as tx:
        send(tx)  # and the connection is still good


# --- the rest ------------------------------------------------------------------------------------
def test_outbox_rows_stay_until_done(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        row_id = tx.outbox.add("deliver", {"delivery_id": "r"}, subject="r")
        tx.outbox.add("deliver", {"delivery_id": "s"}, delay=60)
    with index.begin() as tx:
        assert [row.subject for row in tx.outbox.claim("deliver", 10, 30)] == ["r"]
        assert tx.outbox.claim(None, 10) == []
        clock.pass_(31)
        assert tx.outbox.claim("deliver", 10)[0].attempts == 2
        tx.outbox.retry(row_id, 5, error="refused")
        clock.pass_(6)
        assert [row.id for row in tx.outbox.claim("deliver", 10)] == [row_id]
        tx.outbox.done(row_id)
        assert tx.outbox.pending("deliver") == 1


def test_events_are_numbered_without_gaps(index: Index) -> None:
    for _ in range(3):
        with index.begin() as tx:
            tx.events.add("north", "study.progress", "s1", {"phase": "infer"})
            tx.events.add("south", "study.progress", "s2", {})

    def broken() -> None:
        with index.begin() as tx:
            tx.events.add("north", "study.progress", "s1", {})
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    with index.begin() as tx:
        tx.events.add("north", "study.progress", "s3", {})
    with index.read() as tx:
        assert [event.seq for event in tx.events.since("north", 1)] == [2, 3, 4]
        assert [event.seq for event in tx.events.since("north", 0, study_id="s3")] == [4]
        assert (tx.events.latest("north"), tx.events.latest("nowhere")) == (4, 0)


def test_keys(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        key, secret = tx.keys.create("north", Role.SONOGRAPHER, "ward 3")
        assert secret.startswith(f"fada_{key.id}_")
    with index.read() as tx:
        who = tx.keys.verify(secret)
        assert who is not None
        assert (who.subject, who.site, who.role) == (f"key:{key.id}", "north", Role.SONOGRAPHER)
        for wrong in (
            "",
            "fada",
            secret[:-1],
            secret + "x",
            "x" + secret,
            secret.replace("_", "-"),
            "\x00",
        ):
            assert tx.keys.verify(wrong) is None
    with index.begin() as tx:
        tx.keys.verify(secret)
        assert tx.keys.find("north")[0].last_used_at == clock.at
        assert tx.keys.find("south") == []
        with pytest.raises(NotFound):
            tx.keys.revoke("south", key.id)
        tx.keys.revoke("north", key.id)
        assert tx.keys.verify(secret) is None
        assert tx.keys.sites([key.id, "unknown"]) == {key.id: "north"}


def test_uploads(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        upload = tx.uploads.create(ANNA, 100, {"filename": "x"}, START + timedelta(days=1))
        tx.uploads.advance("north", upload.id, 0, 40)
        with pytest.raises(OffsetMismatch):
            tx.uploads.advance("north", upload.id, 0, 50)
        with pytest.raises(NotFound):
            tx.uploads.get("south", upload.id)
        with pytest.raises(NotFound):
            tx.uploads.advance("south", upload.id, 40, 50)
        assert tx.uploads.expired() == []
        tx.uploads.finish("north", upload.id, "complete", {"study_id": "s"})
        stored = tx.uploads.get("north", upload.id)
        assert (stored.offset, stored.length, stored.state, stored.outcome) == (
            40,
            100,
            "complete",
            {"study_id": "s"},
        )
        clock.pass_(86_401)
        assert [one.id for one in tx.uploads.expired()] == [upload.id]
        tx.uploads.expire("north", upload.id)
        assert tx.uploads.get("north", upload.id) == stored, "what is finished keeps its outcome"
        tx.uploads.delete("north", upload.id)
        with pytest.raises(NotFound):
            tx.uploads.get("north", upload.id)


def test_an_upload_expires_when_its_time_is_over(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        upload = tx.uploads.create(ANNA, 100, {}, START + timedelta(days=1))
        tx.uploads.expire("north", upload.id)
        assert tx.uploads.get("north", upload.id).state == "open"
        clock.pass_(86_401)
        tx.uploads.expire("north", upload.id)
        assert tx.uploads.get("north", upload.id).state == "expired"
        with pytest.raises(OffsetMismatch):
            tx.uploads.advance("north", upload.id, 0, 40)


def test_remembered_answers(index: Index, clock: Clock) -> None:
    first = Remembered("h1", 200, b"\x00body", "application/json")
    with index.begin() as tx:
        tx.idempotency.keep("north", "k", first, START + timedelta(hours=1))
        tx.idempotency.keep("north", "k", replace(first, status=500), START + timedelta(hours=1))
        assert tx.idempotency.find("north", "k") == first
        assert tx.idempotency.find("south", "k") is None
        clock.pass_(3601)
        assert tx.idempotency.find("north", "k") is None
        tx.idempotency.keep("north", "k", replace(first, status=201), clock.at + timedelta(hours=1))
        assert tx.idempotency.purge() == 0
        clock.pass_(3601)
        assert tx.idempotency.purge() == 1


def test_devices(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        code = tx.devices.new_code(ANNA, 600)
        late = tx.devices.new_code(ANNA, 60)
    with index.begin() as tx:
        device = tx.devices.enrol(code.lower().replace("-", " "), "phone 1", "cHVi")
        assert (device.site, tx.devices.get(device.id)) == ("north", device)
        with pytest.raises(Gone):
            tx.devices.enrol(code, "phone 2", "cHVi")
        with pytest.raises(NotFound):
            tx.devices.enrol("0000-0000-0000", "phone 2", "cHVi")
        clock.pass_(61)
        with pytest.raises(Gone):
            tx.devices.enrol(late, "phone 2", "cHVi")
        tx.devices.seen(device.id, "fada-0.1.0")
        with pytest.raises(NotFound):
            tx.devices.revoke("south", device.id)
        tx.devices.revoke("north", device.id)
        assert tx.devices.find("south") == []
        stored = tx.devices.find("north")[0]
        assert (stored.last_seen_at, stored.release, stored.revoked_at) == (
            clock.at,
            "fada-0.1.0",
            clock.at,
        )


def test_audit_and_webhooks(index: Index) -> None:
    with index.begin() as tx:
        got = send(tx)[0]
        tx.audit.add(ANNA, "key.create", "k1", {"role": "reader"})
        tx.audit.add(BEN, "key.create", "k2")
        newest, oldest = tx.audit.find("north")
        assert (newest.action, newest.actor, newest.detail) == (
            "key.create",
            "key:anna",
            {"role": "reader"},
        )
        assert (oldest.action, oldest.subject) == ("study.receive", got.study_id)
        assert tx.audit.find("north", before=newest.seq) == [oldest]
        assert tx.audit.find("north", subject="k1") == [newest]
        hook = tx.webhooks.create("north", "https://example.org", ())
        assert hook.secret.startswith("whsec_")
        assert tx.webhooks.find("north") == [tx.webhooks.get(hook.id)] == [hook]
        with pytest.raises(NotFound):
            tx.webhooks.delete("south", hook.id)
        tx.webhooks.delete("north", hook.id)
        with pytest.raises(NotFound):
            tx.webhooks.get(hook.id)


def test_pages_go_on_behind_a_study_and_name_beginnings_are_found(index: Index) -> None:
    with index.begin() as tx:
        for n in range(5):
            who = patient(f"Ever{n}^Ida", f"E-{n}")
            send(tx, f"1.77{n}", [instance(f"1.77{n}.1")], attributes=who)
    for by_need in (True, False):
        pages: list[str] = []
        after: str | None = None
        with index.read() as tx:
            while page := tx.studies.find(
                "north", StudyQuery(by_need=by_need, limit=2, after=after)
            ):
                pages += [study.study_uid for study in page]
                after = page[-1].id
            whole = tx.studies.find("north", StudyQuery(by_need=by_need))
        assert pages == [study.study_uid for study in whole]
    with index.read() as tx:
        for pattern, count in {
            "ever*": 5,
            "EVER3^*": 1,
            "ever?^ida": 5,
            "ver*": 0,
            "*ida": 5,
        }.items():
            matches = tx.studies.find("north", StudyQuery(match={"PatientName": pattern}))
            assert len(matches) == count, pattern
        with pytest.raises(InvalidInput):
            tx.studies.find("south", StudyQuery(after=after))


def test_counting_ends_somewhere(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(studies, "MOST_COUNTED", 2)
    with index.begin() as tx:
        for n in range(3):
            send(tx, f"1.78{n}", [instance(f"1.78{n}.1")])
    with index.read() as tx:
        assert tx.studies.count("north", StudyQuery()) == 2
        assert tx.studies.count("north", StudyQuery(study_uid="1.780")) == 1
