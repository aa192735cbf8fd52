"""A watched folder: what is refused is tried again, what is captured is captured once."""

from __future__ import annotations

import io
import itertools
import shutil
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.watch import FolderWatch, check_folder
from services.domain.errors import InvalidInput


def picture(shade: int = 7) -> bytes:
    out = io.BytesIO()
    Image.new("L", (8, 8), shade).save(out, "PNG")
    return out.getvalue()


class Watched:
    def __init__(self, folder: Path) -> None:
        self.stick = folder / "stick"
        self.stick.mkdir()
        self.outbox = CaseOutbox(folder / "home", Vault(bytes(32)), reserve=0)
        self.said: list[str] = []
        self.now = 0.0
        self.start()

    def start(self) -> None:
        """As after a start of the program."""
        self.watch = FolderWatch(self.stick, self.outbox, self.said.append, clock=lambda: self.now)

    def look(self, times: int = 2) -> int:
        return sum(self.watch.look() for _ in range(times))


@pytest.fixture
def watched(tmp_path: Path) -> Any:
    made = Watched(tmp_path)
    yield made
    made.outbox.close()


def test_a_file_is_captured_once_over_starts(watched: Watched) -> None:
    (watched.stick / "scan.png").write_bytes(picture())
    assert watched.look(1) == 0  # it may still grow
    assert watched.look() == 1
    watched.start()
    assert watched.look() == 0
    assert len(watched.outbox.all()) == 1


def test_a_full_device_takes_the_file_when_there_is_room_again(watched: Watched) -> None:
    (watched.stick / "scan.png").write_bytes(picture())
    watched.outbox.images.reserve = shutil.disk_usage(watched.stick).free + 2**40
    assert watched.look(5) == 0
    assert len(watched.said) == 1, "said once, not at each look"
    assert "no room" in watched.said[0]
    watched.outbox.images.reserve = 0
    assert watched.look(1) == 1


def test_a_refused_file_is_named_and_tried_again(watched: Watched) -> None:
    path = watched.stick / "broken.png"
    path.write_bytes(b"\x89PNG nothing more")
    assert watched.look(5) == 0
    assert [words.partition(":")[0] for words in watched.said] == ["broken.png"]
    whole = picture()
    path.write_bytes(whole)
    assert watched.look() == 1  # it changed: at once


def test_what_stays_the_same_is_tried_later_and_later(
    watched: Watched, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[float] = []

    def refuse(*_: Any, **__: Any) -> None:
        tries.append(watched.now)
        raise InvalidInput("scan.png cannot be opened: Permission denied.")

    monkeypatch.setattr("edge.agent.watch.capture_files", refuse)
    (watched.stick / "scan.png").write_bytes(picture())
    for _ in range(2000):
        watched.look(1)
        watched.now += 1
    waits = [b - a for a, b in itertools.pairwise(tries)]
    assert waits == sorted(waits)
    assert waits[0] == 5
    assert 300 <= waits[-1] <= 600
    assert len(watched.said) == 1
    monkeypatch.undo()
    watched.now += 600
    assert watched.look(1) == 1


def test_a_stick_that_is_pulled_out_may_come_back(watched: Watched) -> None:
    away = watched.stick.with_name("away")
    watched.stick.rename(away)
    assert watched.look(3) == 0
    assert len(watched.said) == 1
    away.rename(watched.stick)
    (watched.stick / "scan.png").write_bytes(picture())
    assert watched.look() == 1


def test_a_folder_that_was_never_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no folder"):
        check_folder(tmp_path / "none")
