"""A request with an Idempotency-Key runs once, in whichever process it is."""

import subprocess
import sys

from gateway.http.idempotency import Running

HOLDS = """
import sys, time
from pathlib import Path
from gateway.http.idempotency import Running
running = Running(Path(sys.argv[1]))
print(running.begin(Running.place("a", "k-1")), flush=True)
time.sleep(600)
"""


def test_the_same_key_does_not_run_twice_in_one_process(tmp_path):
    running = Running(tmp_path / "keys.lock")
    place = Running.place("a", "k-1")
    assert running.begin(place)
    assert not running.begin(place)
    assert running.begin(Running.place("b", "k-1"))
    running.end(place)
    assert running.begin(place)


def test_a_key_that_runs_in_another_process_waits_for_its_end_or_death(tmp_path):
    path = tmp_path / "keys.lock"
    running, place = Running(path), Running.place("a", "k-1")
    with subprocess.Popen(
        [sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True
    ) as other:
        assert other.stdout.readline() == "True\n"
        assert not running.begin(place)
        assert running.begin(Running.place("a", "k-2"))
        other.kill()
        other.wait()
        assert running.begin(place)
