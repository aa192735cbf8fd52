"""The outbox as a state machine: whatever happens, in whatever order, with a kill at any step."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule

from edge.agent.case import CaseState
from edge.agent.storage.image_folder import StorageFull
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault

VAULT = Vault(bytes(32))


class Hub:
    """A hub that keeps what it acknowledged; its answer may be lost on the way."""

    def __init__(self) -> None:
        self.cases: dict[str, set[int]] = {}

    def take(self, case_id: str, version: int) -> None:
        self.cases.setdefault(case_id, set()).add(version)


class OutboxMachine(RuleBasedStateMachine):
    cases = Bundle("cases")

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.outbox = CaseOutbox(self.folder, VAULT, reserve=0)
        self.hub = Hub()
        self.known: list[str] = []
        self.acknowledged: set[tuple[str, int]] = set()

    def teardown(self) -> None:
        self.outbox.close()
        shutil.rmtree(self.folder)

    @rule(target=cases, image=st.binary(min_size=1, max_size=64), urgent=st.booleans())
    def capture(self, image: bytes, urgent: bool) -> str:
        case = self.outbox.capture([(image, "image/png")], urgent=urgent)
        self.known.append(case.id)
        return case.id

    @rule(case=cases, report=st.binary(min_size=1, max_size=16))
    def analyse(self, case: str, report: bytes) -> None:
        self.outbox.analysed(case, report)

    @rule(arrives=st.booleans(), answer_lost=st.booleans())
    def send_first(self, arrives: bool, answer_lost: bool) -> None:
        waiting = self.outbox.waiting()
        if not waiting:
            return
        assert waiting == sorted(waiting, key=lambda c: (not c.urgent, c.order))
        case = self.outbox.attempt(waiting[0].id)
        assert case.state is CaseState.FAILED
        assert case.frozen
        if arrives:
            self.hub.take(case.id, case.version)
            if not answer_lost:
                self.outbox.received(case.id, case.version)
                self.acknowledged.add((case.id, case.version))

    @rule()
    def kill_and_restart(self) -> None:
        # close() commits nothing: every method is one transaction, as after a SIGKILL
        self.outbox.close()
        self.outbox = CaseOutbox(self.folder, VAULT, reserve=0)

    @rule(case=cases, version=st.integers(1, 5), reviewed=st.booleans())
    def hub_answers(self, case: str, version: int, reviewed: bool) -> None:
        before = self.outbox.get(case)
        self.outbox.answered(case, version, b"hub", reviewed=reviewed)
        after = self.outbox.get(case)
        assert after.hub_version == max(before.hub_version, version)

    @invariant()
    def nothing_is_lost(self) -> None:
        assert sorted(c.id for c in self.outbox.all()) == sorted(self.known)
        for case in self.outbox.all():
            for image in case.images:
                assert len(self.outbox.image(image.sha256)) == image.size

    @invariant()
    def received_means_that_the_hub_has_it(self) -> None:
        for case in self.outbox.all():
            if case.state is CaseState.RECEIVED:
                assert case.version in self.hub.cases[case.id]
            if case.state in (CaseState.ANALYSED, CaseState.FAILED):
                assert (case.id, case.version) not in self.acknowledged


TestOutbox = OutboxMachine.TestCase
TestOutbox.settings = settings(
    max_examples=40,
    stateful_step_count=25,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)


def test_a_full_device_refuses_new_captures_and_keeps_the_queue(tmp_path: Path) -> None:
    outbox = CaseOutbox(tmp_path, VAULT)
    kept = outbox.capture([(b"one", "image/png")])
    outbox.images.reserve = shutil.disk_usage(tmp_path).free + 2**30
    with pytest.raises(StorageFull):
        outbox.capture([(b"two", "image/png")])
    assert [c.id for c in outbox.all()] == [kept.id]
    assert outbox.image(kept.images[0].sha256) == b"one"


def test_a_correction_after_the_first_attempt_is_a_new_version(tmp_path: Path) -> None:
    outbox = CaseOutbox(tmp_path, VAULT, reserve=0)
    case = outbox.capture([(b"one", "image/png")])
    outbox.analysed(case.id, b"first")
    outbox.analysed(case.id, b"second")
    assert outbox.get(case.id).version == 1
    outbox.attempt(case.id)
    outbox.analysed(case.id, b"third")
    assert (outbox.get(case.id).version, outbox.get(case.id).state) == (2, CaseState.ANALYSED)
    outbox.received(case.id, 1)  # a late answer for the old version
    assert outbox.get(case.id).state is CaseState.ANALYSED
