"""A request with an Idempotency-Key runs once, in whichever process it is."""

import subprocess
import sys
from contextlib import closing

from gateway.http.idempotency import RunningRequests

HOLDS = """
import sys, time
from pathlib import Path
from gateway.http.idempotency import RunningRequests
running = RunningRequests(Path(sys.argv[1]))
print(running.begin(RunningRequests.position("a", "k-1")), flush=True)
time.sleep(600)
"""


def test_the_same_key_does_not_run_twice_in_one_process(tmp_path):
    with closing(RunningRequests(tmp_path / "keys.lock")) as running:
        position = RunningRequests.position("a", "k-1")
        assert running.begin(position)
        assert not running.begin(position)
        assert running.begin(RunningRequests.position("b", "k-1"))
        running.end(position)
        assert running.begin(position)


def test_a_key_that_runs_in_another_process_waits_for_its_end_or_death(tmp_path):
    path = tmp_path / "keys.lock"
    position = RunningRequests.position("a", "k-1")
    with (
        closing(RunningRequests(path)) as running,
        subprocess.Popen(
            [sys.executable, "-c", HOLDS, str(path)], stdout=subprocess.PIPE, text=True
        ) as other,
    ):
        assert other.stdout is not None
        assert other.stdout.readline() == "True\n"
        assert not running.begin(position)
        assert running.begin(RunningRequests.position("a", "k-2"))
        other.kill()
        other.wait()
        assert running.begin(position)
