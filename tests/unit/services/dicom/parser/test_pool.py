"""The child process around the parser: bounded memory and time, replaced when it is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from services.dicom.parser.pool import Parser
from services.domain.errors import InvalidDicom, InvalidUid, TooLarge
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
    with pytest.raises(InvalidDicom):
        parser.parse(HEAD)
    assert child(parser) != before


def test_a_child_that_hangs_is_killed() -> None:
    parser = Parser(Settings(parse_seconds=1), children=1)
    try:
        stopped = child(parser)
        os.kill(stopped, signal.SIGSTOP)
        began = time.monotonic()
        with pytest.raises(InvalidDicom, match="too long"):
            parser.parse(HEAD)
        assert time.monotonic() - began < 30
        assert not Path(f"/proc/{stopped}").exists()
        assert parser.parse(HEAD).rows == 346
    finally:
        parser.close()


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
    found: list[int] = []
    threads = [
        threading.Thread(target=lambda: found.append(parser.parse(HEAD).columns)) for _ in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [512] * 20


def test_a_child_starts_without_what_it_seldom_needs() -> None:
    """All of pydicom takes it several times as long as itself."""
    told = "import sys, services.dicom.parser.child; print('pydicom' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", told], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
