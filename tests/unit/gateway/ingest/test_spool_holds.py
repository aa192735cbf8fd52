"""What processes hold of one spool is seen by all of them, and goes with them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from gateway.ingest.spool_holds import Held, SpoolHolds
from services.domain.study import Principal, Role

ONE, OTHER = (Principal(f"key:{number}", "a", Role.DEVICE) for number in (1, 2))
ELSEWHERE = Principal("key:1", "b", Role.DEVICE)
PROCESS = """
import sys
from pathlib import Path
from gateway.ingest.spool_holds import SpoolHolds
from services.domain.study import Principal, Role
holds = SpoolHolds(Path(sys.argv[1]), 100)
who = Principal("key:1", "a", Role.DEVICE)
print(holds.change(who, 700), flush=True)
sys.stdin.readline()
print(holds.change(who, -650), flush=True)
sys.stdin.readline()
"""


def test_sender_and_site_are_counted_together_and_apart(tmp_path: Path) -> None:
    holds = SpoolHolds(tmp_path, 100)
    for who, count in ((ONE, 300), (OTHER, 40), (ELSEWHERE, 5)):
        assert holds.change(who, count) == count
    assert holds.held(ONE) == Held(300, 340)
    assert holds.held(OTHER) == Held(40, 340)
    assert holds.held(ELSEWHERE) == Held(5, 5)
    holds.change(ONE, -300)
    assert holds.held(ONE) == Held(0, 40)
    assert list((tmp_path / "held").iterdir()) == []


def test_another_process_is_seen_until_it_is_killed(tmp_path: Path) -> None:
    holds = SpoolHolds(tmp_path, 100)
    command = [sys.executable, "-c", PROCESS, str(tmp_path)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "700\n"
        assert holds.held(ONE) == Held(700, 700)
        assert holds.held(OTHER) == Held(0, 700)
        assert holds.held(ELSEWHERE) == Held(0, 0)
        print(file=other.stdin, flush=True)
        assert other.stdout.readline() == "50\n"
        assert holds.held(ONE) == Held(0, 0), "so little is not shown"
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "700\n"
        other.kill()
        other.wait()
        assert holds.held(ONE) == Held(0, 0)
    assert list((tmp_path / "held").iterdir()) == []
