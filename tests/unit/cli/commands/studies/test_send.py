"""What `fada send` tells the hub of pictures, and what it says after Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from cli.commands.studies import send as command
from cli.main import app


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[dict[str, str]]:
    """The metadata of each file that would travel."""
    sent: list[dict[str, str]] = []

    def upload(hub: Any, kept: Any, path: Path, metadata: dict[str, str], moved: Any) -> Any:
        sent.append(metadata)
        moved(1)
        return {"outcome": {"items": [{"study_id": "s-1", "new": True}]}}

    monkeypatch.setattr(command, "upload", upload)
    return sent


def run(*words: object, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["send", *map(str, words), "--hub", "http://127.0.0.1:9"])
    assert done.exit_code == code, done.output + repr(done.exception)
    return done.output


def test_pictures_say_whose_they_are(hub: list[dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "head.png").write_bytes(b"picture")
    run(
        tmp_path, "--patient-id", "P-17", "--patient-name", "Doe^Jane", "--study-date", "2026-05-04",
        "--accession", "A1", "--description", "growth", "--study", "visit 3", "--pixel-mm", "0.21",
        "--urgent",
    )  # fmt: skip
    (metadata,) = hub
    del metadata["sha256"]
    assert metadata == {
        "filename": "head.png", "filetype": "image/png", "urgent": "1", "pixel_mm": "0.21",
        "patient_id": "P-17", "patient_name": "Doe^Jane", "study_date": "2026-05-04",
        "accession": "A1", "description": "growth", "study": "visit 3",
    }  # fmt: skip


def test_nothing_is_said_that_was_not_given(hub: list[dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"object")
    run(tmp_path)
    assert set(hub[0]) == {"filename", "filetype", "sha256"}


def test_a_date_that_is_none_is_refused_before_anything_is_sent(
    hub: list[dict[str, str]], tmp_path: Path
) -> None:
    (tmp_path / "a.dcm").write_bytes(b"object")
    run(tmp_path, "--study-date", "4.5.2026", code=2)
    assert hub == []


def test_what_is_skipped_is_named(hub: list[dict[str, str]], tmp_path: Path) -> None:
    (tmp_path / "a.dcm").write_bytes(b"object")
    for number in range(30):
        (tmp_path / f"notes-{number:02}.txt").touch()
    said = run(tmp_path)
    assert "notes-00.txt: no DICOM, PNG, JPEG or ZIP" in said
    assert "10 more" in said
    assert "1 of 1 file sent" in said


def test_ctrl_c_says_what_is_half_way_and_what_was_not_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(4):
        (tmp_path / f"{number}.dcm").write_bytes(bytes([number]))
    pressed = threading.Event()

    def upload(hub: Any, kept: Any, path: Path, metadata: dict[str, str], moved: Any) -> Any:
        if path.name == "0.dcm":
            return {"outcome": {"items": [{"study_id": "s-1", "new": True}]}}
        if not pressed.is_set():
            pressed.set()
            os.kill(os.getpid(), signal.SIGINT)
        while True:  # piece after piece, until it is told to end
            moved(0)

    monkeypatch.setattr(command, "upload", upload)
    said = run(tmp_path, "--parallel", "1", code=130)
    assert "1 half-way, 2 not begun" in said
    assert "half-way" in said
    assert "1.dcm" in said
    assert "s-1" in said, "what arrived is said too"
