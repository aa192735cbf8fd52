"""A device killed at every single step, from the file on the stick to the hub's receipt.

The steps are those where something becomes durable or travels: a sync or a rename of a file, a
statement or a commit of the database, a request to the hub (before it, and after it, when only the
answer is lost). After each kill the program starts again: one case, read, with its image, at the hub.
"""

from __future__ import annotations

import hashlib
import io
import itertools
import json
import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge.agent import image_file
from edge.agent.analysis import read_captured
from edge.agent.case import CaseState
from edge.agent.link import LinkRules, Metered
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import send_anyway, sync
from edge.agent.watch import FolderWatch
from services.domain.errors import DifferentBytes, Gone, NotFound
from services.domain.report import Origin, ReleaseId, Report
from services.reading.images.picture import decode

VAULT = Vault(bytes(32))


@pytest.fixture(autouse=True)
def pictures_decoded_here(monkeypatch: pytest.MonkeyPatch) -> None:
    """A child for each picture of hundreds of starts would take minutes, and writes nothing durable."""
    monkeypatch.setattr(image_file, "decode_picture", decode)


class Killed(BaseException):
    """As by SIGKILL: nothing of the program runs any more."""


class Steps:
    """Counts steps, and ends the program at the one that was chosen."""

    def __init__(self, last: int) -> None:
        self.left = last

    def __call__(self) -> None:
        if self.left == 0:
            raise Killed
        self.left -= 1


class Connection:
    """The outbox's database; each statement is a step, and so is the moment after a commit."""

    def __init__(self, real: Any, step: Steps) -> None:
        self._real, self._step = real, step

    def execute(self, statement: str, *values: Any) -> Any:
        self._step()
        done = self._real.execute(statement, *values)
        if statement == "COMMIT":
            self._step()
        return done

    def close(self) -> None:
        self._real.close()


class Hub:
    """The hub's side of the protocol, in memory: cases by id, versions by digest, uploads by path."""

    def __init__(self) -> None:
        self.versions: dict[str, dict[int, str]] = {}
        self.reports: dict[str, list[dict[str, Any]]] = {}
        self.wanted: dict[str, list[str]] = {}
        self.images: dict[str, dict[str, bytes]] = {}
        self.uploads: dict[str, tuple[str, str]] = {}
        self.reviewed = False

    def put_case(self, case_id: str, version: int, body: bytes) -> dict[str, Any]:
        digest = hashlib.sha256(body).hexdigest()
        known = self.versions.setdefault(case_id, {})
        if known.setdefault(version, digest) != digest:
            raise DifferentBytes
        data = json.loads(body)
        self.reports.setdefault(case_id, []).append(data["report"])
        self.wanted[case_id] = [picture["sha256"] for picture in data["pictures"]]
        return {"missing": self._missing(case_id)}

    def _missing(self, case_id: str) -> list[str]:
        return [h for h in self.wanted[case_id] if h not in self.images.get(case_id, {})]

    def case(self, case_id: str) -> dict[str, Any]:
        if case_id not in self.versions:
            raise NotFound
        return {"missing": self._missing(case_id)}

    def new_upload(self, case_id: str, sha256: str, media_type: str, data: bytes) -> str:
        path = f"/tus/{len(self.uploads)}"
        self.uploads[path] = (case_id, sha256)
        return path

    def upload(self, path: str, data: bytes) -> bool:
        if path not in self.uploads:
            raise Gone
        case_id, sha256 = self.uploads[path]
        assert hashlib.sha256(data).hexdigest() == sha256
        self.images.setdefault(case_id, {})[sha256] = data
        return True

    def changes(self, cursor: str) -> dict[str, Any]:
        result = {"origin": "hub", "version": 2, "report": {}, "reviewed": self.reviewed}
        items = [
            {"case_id": case_id, "results": [result]}
            for case_id in self.versions
            if not self._missing(case_id) and cursor != "7"
        ]
        return {"items": items, "cursor": "7" if items else cursor or "0", "more": False}


class CutHub:
    """The same hub over a line that can end before a request and before its answer."""

    def __init__(self, hub: Hub, step: Steps) -> None:
        self._hub, self._step = hub, step

    def __getattr__(self, name: str) -> Any:
        def request(*values: Any) -> Any:
            self._step()
            answer = getattr(self._hub, name)(*values)
            self._step()
            return answer

        return request


class FakeReader:
    """Reads anything; the step is the time that reading takes."""

    def __init__(self, step: Steps) -> None:
        self._step = step

    def read(self, case_id: str, images: list[Any], by_hand: Any) -> Report:
        self._step()
        release = ReleaseId("test", "1.0.0", "ab" * 32)
        return Report(case_id, Origin.PHONE, release, datetime.now(UTC), (), {})


def read_all(outbox: CaseOutbox, load: Callable[[], Any]) -> int:
    """Read with a reader that only looks like one."""
    return read_captured(outbox, load, lambda case, report: None)


def send_all(outbox: CaseOutbox, hub: Any) -> None:
    """Send to a hub that only looks like one."""
    sync(outbox, hub)


def run(home: Path, stick: Path, hub: Hub, step: Steps, monkeypatch: pytest.MonkeyPatch) -> None:
    """One life of the program: look, read, send."""
    outbox = CaseOutbox(home, VAULT, reserve=0)
    real = outbox._db
    with monkeypatch.context() as patch:
        connection = Connection(real, step)
        patch.setattr(outbox, "_db", connection)
        patch.setattr(outbox._database, "connection", connection)
        for module, name in ((os, "fsync"), (os, "utime"), (Path, "replace")):
            patch.setattr(module, name, stepped(getattr(module, name), step))
        try:
            watch = FolderWatch(stick, outbox, lambda words: None)
            watch.look()
            watch.look()
            read_all(outbox, lambda: FakeReader(step))
            send_all(outbox, CutHub(hub, step))
        finally:
            real.close()  # what was not committed is gone


def stepped(real: Any, step: Steps) -> Any:
    def call(*values: Any, **named: Any) -> Any:
        step()
        return real(*values, **named)

    return call


def picture(shade: int) -> bytes:
    out = io.BytesIO()
    Image.new("L", (8, 8), shade).save(out, "PNG")
    return out.getvalue()


@pytest.fixture
def folders(tmp_path: Path) -> Callable[[], tuple[Path, Path]]:
    numbers = itertools.count()

    def make() -> tuple[Path, Path]:
        base = tmp_path / str(next(numbers))
        (base / "stick").mkdir(parents=True)
        return base / "home", base / "stick"

    return make


def test_a_kill_at_any_step_loses_nothing_and_doubles_nothing(
    folders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    killed, last = 0, -1
    for last in itertools.count():
        home, stick = folders()
        (stick / "one.png").write_bytes(picture(1))
        (stick / "two.png").write_bytes(picture(2))
        hub = Hub()
        try:
            run(home, stick, hub, Steps(last), monkeypatch)
        except Killed:
            killed += 1
        else:
            break
        run(home, stick, hub, Steps(10**9), monkeypatch)
        outbox = CaseOutbox(home, VAULT, reserve=0)
        cases = outbox.all()
        outbox.close()
        assert len(cases) == 2, f"killed at step {last}"
        assert {c.state for c in cases} == {CaseState.HUB_ANALYSED}, f"killed at step {last}"
        assert set(hub.versions) == {c.id for c in cases}
        assert all(list(v) == [1] for v in hub.versions.values())
        assert all(report is not None for sent in hub.reports.values() for report in sent)
        assert sorted(h for kept in hub.images.values() for h in kept) == sorted(
            i.sha256 for c in cases for i in c.images
        )
    assert killed == last
    assert killed > 60, "the steps were not counted"


def test_a_case_that_ends_the_program_each_time_goes_to_the_hub_unread(
    folders: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    home, _ = folders()
    outbox = CaseOutbox(home, VAULT, reserve=0)
    case = outbox.capture([(picture(1), "image/png")])

    class Fatal:
        def read(self, *values: Any, **named: Any) -> Report:
            raise Killed

    for _ in range(3):
        with pytest.raises(Killed):
            read_all(outbox, Fatal)
        assert outbox.get(case.id).state is CaseState.CAPTURED
    assert read_all(outbox, Fatal) == 0
    assert outbox.get(case.id).state is CaseState.UNREAD
    hub = Hub()
    send_all(outbox, hub)
    assert hub.reports[case.id] == [None]
    assert outbox.get(case.id).state is CaseState.HUB_ANALYSED
    outbox.close()


def test_a_person_who_ends_it_is_no_failure_of_the_case(folders: Any) -> None:
    home, _ = folders()
    outbox = CaseOutbox(home, VAULT, reserve=0)
    outbox.capture([(picture(1), "image/png")])

    class Ended:
        def read(self, *values: Any, **named: Any) -> Report:
            raise KeyboardInterrupt

    for _ in range(9):
        with pytest.raises(KeyboardInterrupt):
            read_all(outbox, Ended)
    steps = Steps(10**9)
    assert read_all(outbox, lambda: FakeReader(steps)) == 1
    outbox.close()


def test_one_bad_case_keeps_no_other_back(folders: Any) -> None:
    home, _ = folders()
    outbox = CaseOutbox(home, VAULT, reserve=0)
    lost = outbox.capture([(picture(1), "image/png")])
    good = outbox.capture([(picture(2), "image/png")])
    (outbox.images.path / lost.images[0].sha256).unlink()
    steps = Steps(10**9)
    read_all(outbox, lambda: FakeReader(steps))
    hub = Hub()
    send_all(outbox, hub)
    assert outbox.get(good.id).state is CaseState.HUB_ANALYSED
    assert "cannot be found" in outbox.get(lost.id).problem
    outbox.close()


def test_a_version_that_the_hub_has_otherwise_goes_out_as_the_next(folders: Any) -> None:
    home, _ = folders()
    outbox = CaseOutbox(home, VAULT, reserve=0)
    case = outbox.capture([(picture(1), "image/png")])
    outbox.analysed(case.id, b"{}")
    hub = Hub()
    hub.versions[case.id] = {1: "other bytes"}
    hub.wanted[case.id] = [case.images[0].sha256]
    send_all(outbox, hub)
    send_all(outbox, hub)
    assert list(hub.versions[case.id]) == [1, 2]
    assert outbox.get(case.id).state is CaseState.HUB_ANALYSED
    outbox.close()


def test_a_review_that_overtakes_the_receipt_is_shown(folders: Any) -> None:
    home, _ = folders()
    outbox = CaseOutbox(home, VAULT, reserve=0)
    case = outbox.capture([(picture(1), "image/png")])
    outbox.analysed(case.id, b"{}")
    outbox.attempt(case.id)
    outbox.answered(case.id, 3, b"{}", reviewed=True)  # the answer to the last request was lost
    outbox.received(case.id, 1)
    assert outbox.get(case.id).state is CaseState.REVIEWED
    outbox.analysed(case.id, b"{ }")  # a correction after the review
    outbox.attempt(case.id)
    outbox.received(case.id, 2)
    assert outbox.get(case.id).state is CaseState.HUB_ANALYSED
    outbox.close()


def test_images_wait_where_the_network_costs_and_reports_do_not(tmp_path: Path) -> None:
    hub, outbox = Hub(), CaseOutbox(tmp_path, VAULT, reserve=0)
    LinkRules(wait_for_wifi=True, metered=Metered.YES).save(tmp_path)
    case = outbox.capture([(b"scan", "image/png")])
    outbox.analysed(case.id, b"{}")
    sync(outbox, hub)  # type: ignore[arg-type]
    assert case.id in hub.versions
    assert not hub.images.get(case.id)
    assert "costs nothing" in outbox.get(case.id).problem
    assert outbox.get(case.id).state is CaseState.FAILED, "it counts as not sent"
    send_anyway(outbox, case.id)
    sync(outbox, hub)  # type: ignore[arg-type]
    assert len(hub.images[case.id]) == 1
    outbox.close()
