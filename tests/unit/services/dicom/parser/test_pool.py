"""The child process around the parser: bounded memory and time, replaced when it is lost."""

from __future__ import annotations

import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import ContextVar
from pathlib import Path

import pydicom
import pytest
from PIL import Image
from pydicom.dataset import Dataset

from services.dicom.objects.composite import part10
from services.dicom.parser import pool
from services.dicom.parser.pool import Parser
from services.domain.errors import InvalidDicom, InvalidUid, TooLarge, Unavailable
from services.settings import Settings

SAMPLES = Path(__file__).parents[5] / "samples"
HEAD = SAMPLES / "head-27w.dcm"


@pytest.fixture(scope="module")
def parser() -> Iterator[Parser]:
    made = Parser(Settings(parse_seconds=5, parse_memory_bytes=700 * 2**20), children=1)
    yield made
    made.close()


def child(parser: Parser) -> int:
    parser.parse(HEAD)
    (one,) = parser._all
    return one.pid


def test_parses_in_a_child_that_stays(parser: Parser) -> None:
    assert parser.parse(HEAD).rows == 346
    assert child(parser) == child(parser) != os.getpid()


def test_refusals_keep_their_names(parser: Parser, tmp_path: Path) -> None:
    before = child(parser)
    bad = tmp_path / "bad"
    bad.write_bytes(HEAD.read_bytes().replace(b"2.25.", b"2.0x."))
    with pytest.raises(InvalidUid):
        parser.parse(bad)
    bad.write_bytes(HEAD.read_bytes()[:-10])
    with pytest.raises(InvalidDicom):
        parser.parse(bad)
    assert child(parser) == before


def test_a_killed_child_is_replaced(parser: Parser) -> None:
    before = child(parser)
    os.kill(before, signal.SIGKILL)
    done: list[bool] = []
    assert parser.parse(HEAD, lambda: done.append(True)).rows == 346, "it is no fault of the file"
    assert done == [True]
    assert child(parser) != before


def test_a_child_that_hangs_is_replaced_and_the_file_read() -> None:
    parser = Parser(Settings(parse_seconds=1), children=1)
    try:
        stopped = child(parser)
        os.kill(stopped, signal.SIGSTOP)
        assert parser.parse(HEAD).rows == 346
        assert not Path(f"/proc/{stopped}").exists()
    finally:
        parser.close()


def lost_twice(parser: Parser, monkeypatch: pytest.MonkeyPatch, own_fault: bool) -> None:
    def answer(self: object, seconds: float) -> dict[str, object]:
        raise pool._Lost("takes too long to read", own_fault=own_fault)

    parser.parse(HEAD)
    monkeypatch.setattr(pool._Child, "answer", answer)
    monkeypatch.setattr(parser, "_start", lambda: pool._Child.__new__(pool._Child))
    monkeypatch.setattr(parser, "_end", lambda child: None)
    monkeypatch.setattr(pool._Child, "send", lambda self, request: None)
    parser.parse(HEAD)


def test_what_is_slow_for_another_reason_is_to_be_sent_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    parser = Parser(Settings(parse_seconds=1), children=1)
    with pytest.raises(Unavailable):
        lost_twice(parser, monkeypatch, own_fault=False)
    monkeypatch.undo()
    parser.close()


def test_what_takes_too_long_by_itself_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    parser = Parser(Settings(parse_seconds=1), children=1)
    with pytest.raises(InvalidDicom, match="too long"):
        lost_twice(parser, monkeypatch, own_fault=True)
    monkeypatch.undo()
    parser.close()


def part10_of(dataset: Dataset, syntax: str, path: Path) -> Path:
    path.write_bytes(part10(dataset, syntax))
    return path


def peak(parser: Parser) -> int:
    (one,) = parser._all
    status = Path(f"/proc/{one.pid}/status").read_text()
    return int(next(x for x in status.splitlines() if x.startswith("VmHWM")).split()[1]) * 1024


def test_a_bomb_of_deflate_is_refused_small(tmp_path: Path) -> None:
    """653 kB that would be 670 MB."""
    parser = Parser(Settings(), children=1)
    dataset = pydicom.dcmread(HEAD)
    dataset.NumberOfFrames, dataset.PixelData = 3000, bytes(346 * 512 * 3000)
    bomb = part10_of(dataset, "1.2.840.10008.1.2.1.99", tmp_path / "bomb.dcm")
    assert bomb.stat().st_size < 10**6
    try:
        with pytest.raises(TooLarge):
            parser.parse(bomb)
        assert peak(parser) < 200 * 2**20
        assert parser.parse(HEAD).rows == 346
    finally:
        parser.close()


@pytest.mark.parametrize("items", [60_000, 4_000_000])
def test_items_without_end_are_refused_small(tmp_path: Path, items: int) -> None:
    parser = Parser(Settings(), children=1)
    path = tmp_path / "items.dcm"
    body = struct.pack("<HH2sHI", 0x0018, 0xA001, b"SQ", 0, 8 * items)
    body += struct.pack("<HHI", 0xFFFE, 0xE000, 0) * items
    whole = HEAD.read_bytes()
    at = whole.index(struct.pack("<HH2s", 0x0028, 0x0002, b"US"))
    path.write_bytes(whole[:at] + body + whole[at:])
    try:
        with pytest.raises(TooLarge):
            parser.parse(path)
        assert peak(parser) < 200 * 2**20
    finally:
        parser.close()


def test_a_picture_is_decoded_in_the_child(parser: Parser, tmp_path: Path) -> None:
    """300 kB of PNG that would be 300 megapixels are refused; a sound picture becomes an object."""
    huge, out = tmp_path / "huge.png", tmp_path / "out.dcm"
    Image.new("1", (20_000, 15_000)).save(huge, optimize=True)
    request = {"do": "picture", "out": str(out), "pixel_mm": None,
               "subject": {"study_key": "k"}}  # fmt: skip
    with pytest.raises(TooLarge):
        parser.ask({**request, "path": str(huge)})
    assert not out.exists()
    parser.ask({**request, "path": str(SAMPLES / "head-27w.png")})
    assert parser.parse(out).rows == 346


def test_memory_is_bounded(parser: Parser, tmp_path: Path) -> None:
    """A file larger than the child's address space cannot hurt: it is refused, the child lives on."""
    large = tmp_path / "large"
    with large.open("wb") as file:
        file.write(HEAD.read_bytes())
        file.truncate(2 * 2**30)
    with pytest.raises((TooLarge, InvalidDicom)):
        parser.parse(large)
    assert parser.parse(HEAD).rows == 346


def test_children_know_no_secret(parser: Parser) -> None:
    environment = Path(f"/proc/{child(parser)}/environ").read_bytes()
    assert b"FADA_" not in environment


def test_many_threads_share_few_children(parser: Parser) -> None:
    widths: list[int] = []
    threads = [
        threading.Thread(target=lambda: widths.append(parser.parse(HEAD).columns))
        for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert widths == [512] * 20


def test_a_child_starts_without_what_it_seldom_needs() -> None:
    """All of pydicom takes it several times as long as itself."""
    program = "import sys, services.dicom.parser.child; print('pydicom' in sys.modules)"
    completed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert completed.stdout == "False\n"


def test_a_callers_slow_files_leave_a_child_to_others() -> None:
    name: ContextVar[str] = ContextVar("name")
    parser, done = Parser(Settings(), children=1, caller=name.get), threading.Event()
    begun = threading.Semaphore(0)

    def parse(caller: str, meanwhile: Callable[[], None] | None = None) -> int | None:
        name.set(caller)
        return parser.parse(HEAD, meanwhile).rows

    def slow() -> None:
        begun.release()
        done.wait()

    with ThreadPoolExecutor(4) as threads:
        try:
            first = [threads.submit(parse, "slow", slow) for _ in range(3)]
            assert begun.acquire(timeout=120)
            assert threads.submit(parse, "other").result(timeout=120) == 346
            assert not begun.acquire(blocking=False), "one of them at a time"
        finally:
            done.set()
        assert [one.result(timeout=120) for one in first] == [346] * 3
    parser.close()
