"""`fada-edge` as a person uses it, against the real hub: no network, an outbox, a network again."""

from __future__ import annotations

import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from PIL import Image
from rich.console import Console
from typer.testing import CliRunner

from edge.agent import main as agent
from edge.agent.case import CapturedCase, CaseState
from edge.agent.identity import DeviceIdentity
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from services.domain.errors import FadaError, NotAuthenticated, Unavailable
from services.reading import report_json

PIN = "246813"
ROOT = Path(__file__).parents[3]
SAMPLES, RELEASES = ROOT / "samples", ROOT / "models" / "releases"


class Laptop:
    """One device: its folder, its program, and the hub's side of it."""

    def __init__(self, hub: Any, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hub, self.home = hub, home
        self.name = f"laptop {uuid.uuid4().hex[:8]}"
        self.site = httpx.Client(
            base_url=hub.address, headers={"Authorization": f"Bearer {hub.key}"}, timeout=30
        )
        for name, value in self.environment().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setattr(agent, "console", Console(width=200, no_color=True))

    def environment(self) -> dict[str, str]:
        options = {"HOME": self.home, "PIN": PIN, "RELEASES": RELEASES, "THREADS": 1}
        return {f"FADA_EDGE_{name}": str(value) for name, value in options.items()}

    def __call__(self, *words: object, fails: type[FadaError] | None = None) -> str:
        """Run a command; ``fails`` is the error that a person is told."""
        done = CliRunner().invoke(agent.app, [str(w) for w in words])
        if fails is None:
            assert done.exit_code == 0, done.output + repr(done.exception)
            return done.output
        assert isinstance(done.exception, fails), done.output + repr(done.exception)
        return done.exception.detail

    def enrol(self) -> None:
        code = self.site.post("/api/devices/codes").json()["code"]
        assert "Enrolled at" in self("enrol", self.hub.address, code, "--name", self.name)

    def reach(self, address: str) -> None:
        """From now on the hub is looked for there."""
        replace(DeviceIdentity.load(self.home), hub=address).save(self.home)

    def cases(self) -> list[CapturedCase]:
        outbox = CaseOutbox(self.home, Vault.unlock(self.home, PIN))
        try:
            return outbox.all()
        finally:
            outbox.close()

    def study(self, case: CapturedCase) -> dict[str, Any]:
        """The case as the hub has it; there is exactly one."""
        listed = self.site.get("/api/studies", params={"limit": 500, "order": "newest"}).json()
        uid = f"2.25.{uuid.UUID(case.id).int}"
        (item,) = [row for row in listed["items"] if row["study_uid"] == uid]
        return dict(self.site.get(f"/api/studies/{item['id']}").json())

    def hub_has_read(self, study: str) -> None:
        while not any(  # the test's own time limit ends it
            version["origin"] == "hub"
            for version in self.site.get(f"/api/studies/{study}/results").json()["items"]
        ):
            time.sleep(0.3)


@pytest.fixture
def laptop(hub: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Laptop]:
    made = Laptop(hub, tmp_path / "device", monkeypatch)
    yield made
    made.site.close()


def test_a_case_goes_out_when_the_hub_is_back_and_its_answers_return(laptop: Laptop) -> None:
    laptop.enrol()
    laptop.reach("http://127.0.0.1:9")  # nobody listens there
    said = laptop("analyse", SAMPLES / "head-27w.png", "--urgent", "--pixel-mm", "0.2947")
    assert "head" in said
    assert "HC" in said
    assert " mm" in said
    for _ in range(2):
        assert "tried again" in laptop("sync", fails=Unavailable)
    (case,) = laptop.cases()
    assert (case.state, case.frozen, case.version) == (CaseState.FAILED, True, 1)
    assert "not sent yet" in laptop("outbox")

    laptop.reach(laptop.hub.address)
    assert "1 sent, 0 refused" in laptop("sync")
    assert "0 sent, 0 refused" in laptop("sync")
    (case,) = laptop.cases()
    assert case.state in (CaseState.RECEIVED, CaseState.HUB_ANALYSED)
    study = laptop.study(case)
    assert study["urgent"]
    assert [i["modality"] for i in study["instances_list"]].count("US") == 1

    laptop.hub_has_read(study["id"])
    laptop("sync")
    (case,) = laptop.cases()
    assert case.state is CaseState.HUB_ANALYSED
    shown = laptop("show", case.id)
    assert "the hub's version" in shown
    assert shown.count("  HC ") == 2, "the hub's reading and this device's own"
    assert "second reading" in laptop("outbox")
    same_reading(case)

    newest = max(
        r["version"] for r in laptop.site.get(f"/api/studies/{study['id']}/results").json()["items"]
    )
    review = {"based_on": newest, "action": "sign", "comment": "agreed"}
    laptop.site.post(f"/api/studies/{study['id']}/reviews", json=review).raise_for_status()
    assert "1 answers" in laptop("sync")
    assert laptop.cases()[0].state is CaseState.REVIEWED
    assert "comment: agreed" in laptop("show", case.id)


def same_reading(case: CapturedCase) -> None:
    """The same picture and release give the same on the device and on the hub."""
    mine = report_json.load(case.report)
    hubs = report_json.load(case.hub_report)
    assert mine.release == hubs.release
    one, two = mine.frames[0], hubs.frames[0]
    assert one.plane is not None
    assert two.plane is not None
    assert one.plane.label == two.plane.label
    assert one.plane.confidence == pytest.approx(two.plane.confidence, abs=0.01)
    assert one.interpretation == two.interpretation
    assert [s.label for s in one.structures] == [s.label for s in two.structures]
    for a, b in zip(one.measurements, two.measurements, strict=True):
        assert a.mm == pytest.approx(b.mm, rel=0.005)


def test_a_watched_folder_is_read_and_sent(laptop: Laptop, tmp_path: Path) -> None:
    laptop.enrol()
    folder = tmp_path / "export"
    folder.mkdir()
    whole = (SAMPLES / "head-27w.jpg").read_bytes()
    (folder / "slow.jpg").write_bytes(whole[: len(whole) // 2])
    with watching(laptop, folder) as say:
        # A file that still grows waits; after its end it is read, once.
        for end in range(len(whole) // 2, len(whole) - 1, len(whole) // 12):
            (folder / "slow.jpg").write_bytes(whole[:end])
            time.sleep(0.2)
        (folder / "slow.jpg").write_bytes(whole)
        (folder / "notes.txt").write_text("no image")
        (folder / "broken.png").write_bytes(b"\x89PNG nothing more")
        until(lambda: len(sent(laptop)) == 1 and "broken.png: The picture is not" in say(), say)
    shutil.copy(SAMPLES / "head-27w.png", folder / "another.png")
    with watching(laptop, folder) as say:  # started again: what was read is not read again
        # What was refused is tried again: a new start may bring what it lacked.
        until(lambda: len(sent(laptop)) == 2 and "broken.png" in say(), say)
    cases = laptop.cases()
    assert len(cases) == 2
    for case in cases:
        assert laptop.study(case)["instances"] >= 1


def sent(laptop: Laptop) -> list[CapturedCase]:
    return [c for c in laptop.cases() if c.state in (CaseState.RECEIVED, CaseState.HUB_ANALYSED)]


def until(there: Callable[[], bool], say: Callable[[], str]) -> None:
    while not there():  # the test's own time limit ends it
        say()
        time.sleep(0.5)


@contextmanager
def watching(laptop: Laptop, folder: Path) -> Iterator[Callable[[], str]]:
    """The real program in a process of its own, ended as by Ctrl-C; gives what it has said."""
    log = laptop.home / f"watch-{uuid.uuid4().hex[:6]}.log"
    # Where the tests run in the background, their children are born deaf to Ctrl-C.
    heed = "import signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
    command = [sys.executable, "-c", f"{heed}from edge.agent.main import main; main()"]
    with log.open("wb") as out:
        process = subprocess.Popen(
            [*command, "watch", str(folder), "--every", "0.5"],
            env={**os.environ, **laptop.environment(), "PYTHONUNBUFFERED": "1"},
            stdout=out, stderr=subprocess.STDOUT, cwd=ROOT,
        )  # fmt: skip

    def said() -> str:
        assert process.poll() is None, log.read_text()
        return log.read_text()

    try:
        yield said
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(timeout=30)


def test_a_lost_device_is_shut_out_and_keeps_its_cases(laptop: Laptop) -> None:
    laptop.enrol()
    laptop("analyse", SAMPLES / "head-27w.jpg")
    (device,) = [
        d for d in laptop.site.get("/api/devices").json()["items"] if d["name"] == laptop.name
    ]
    assert laptop.site.delete(f"/api/devices/{device['id']}").status_code == 204
    assert "revoked" in laptop("sync", fails=NotAuthenticated)
    assert laptop.cases()[0].state is CaseState.FAILED
    laptop("update", fails=NotAuthenticated)
    laptop.enrol()  # as a new device; what was captured is not lost
    assert "1 sent" in laptop("sync")


def test_a_correction_is_a_further_version(laptop: Laptop) -> None:
    laptop.enrol()
    laptop("analyse", SAMPLES / "head-27w.jpg")
    laptop("sync")
    (case,) = laptop.cases()
    outbox = CaseOutbox(laptop.home, Vault.unlock(laptop.home, PIN))
    report = json.loads(case.report)
    report["comment"] = "second look"
    outbox.analysed(case.id, json.dumps(report).encode())
    outbox.close()
    assert "1 sent" in laptop("sync")
    study = laptop.study(case)
    kept = laptop.site.get(f"/api/studies/{study['id']}/results").json()["items"]
    assert [v["origin"] for v in kept].count("phone") == 2
    assert [i["modality"] for i in study["instances_list"]].count("US") == 1


def test_before_it_is_enrolled_it_reads_and_says_what_to_do(laptop: Laptop, tmp_path: Path) -> None:
    picture = io.BytesIO()
    Image.new("L", (200, 150), 12).save(picture, "PNG")
    (tmp_path / "gray.png").write_bytes(picture.getvalue())
    assert "not assessed" in laptop("analyse", tmp_path / "gray.png")
    assert "fada-edge enrol" in laptop("sync", fails=NotAuthenticated)
    assert laptop.cases()[0].state is CaseState.ANALYSED
