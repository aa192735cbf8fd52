"""Children are ended whole: also grandchildren, and when their parent is killed."""

import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from services.standalone.process import Part, PartFailed, Process, Warden

FAMILY = "sleep 1000 & echo $! > {0}/grandchild; echo $$ > {0}/child; exec sleep 1000"


def part(tmp_path, script, ready=lambda: True, **more):
    command = ("sh", "-c", script)
    return Part("thing", command, tmp_path / "log" / "thing.log", ready, **more)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"


def until(condition):
    """The test's own time limit ends it."""
    while not condition():
        time.sleep(0.02)


def written(path):
    until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


def test_the_whole_group_is_ended(tmp_path):
    process = Process(part(tmp_path, FAMILY.format(tmp_path)))
    process.start()
    grandchild = written(tmp_path / "grandchild")
    process.stop()
    assert not process.alive()
    until(lambda: not alive(grandchild))


def test_one_that_ignores_the_question_is_killed(tmp_path):
    script = f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.1; done"
    process = Process(part(tmp_path, script, stop_seconds=0.2))
    process.start()
    until((tmp_path / "deaf").exists)
    process.stop()
    assert not process.alive()


def test_a_part_that_ends_at_once_says_why(tmp_path):
    process = Process(part(tmp_path, "echo no such disk >&2; exit 3", ready=lambda: False))
    process.start()
    with pytest.raises(PartFailed, match="no such disk"):
        process.wait_ready(20)


def test_a_crash_is_mended_with_growing_pauses(tmp_path):
    process = Process(part(tmp_path, "exit 1"))
    process.start()
    said = []
    while len(said) < 4:
        until(lambda: not process.alive())
        if words := process.tend():
            said.append(words)
    assert "again in 0.5 s" in said[0]
    assert "started again" in said[1]
    assert "again in 1.0 s" in said[2]
    process.stop()


def test_when_the_parent_is_killed_the_warden_ends_its_children(tmp_path):
    parent = textwrap.dedent(f"""
        import pathlib, time
        from services.standalone.process import Part, Process, Warden
        home = pathlib.Path({str(tmp_path)!r})
        command = ("sh", "-c", {FAMILY.format(tmp_path)!r})
        Process(Part("thing", command, home / "log", lambda: True), Warden()).start()
        time.sleep(1000)
    """)
    started = subprocess.Popen([sys.executable, "-c", parent])
    child, grandchild = written(tmp_path / "child"), written(tmp_path / "grandchild")
    assert alive(child)
    started.send_signal(signal.SIGKILL)
    started.wait()
    until(lambda: not alive(child) and not alive(grandchild))


def test_a_killed_warden_is_replaced_and_knows_the_groups(tmp_path):
    warden = Warden()
    process = Process(part(tmp_path, FAMILY.format(tmp_path)), warden)
    process.start()
    child = written(tmp_path / "child")
    warden._child.kill()
    warden._child.wait()
    other = Process(part(tmp_path, "exec sleep 1000"), warden)
    other.start()
    warden._child.stdin.close()  # as if this process were gone
    until(lambda: not process.alive() and not other.alive())
    assert not alive(child)
