"""Children are ended whole: also grandchildren, and when their parent is killed."""

import os
import pathlib
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from services.processes import start_grace
from services.processes.process import Process, ProcessFailed, ProcessSpec
from services.processes.process_reaper import ProcessReaper

FAMILY = "sleep 1000 & echo $! > {0}/grandchild; echo $$ > {0}/child; exec sleep 1000"


def spec(tmp_path, script, ready=lambda: True, **more):
    command = ("sh", "-c", script)
    return ProcessSpec("thing", command, tmp_path / "log" / "thing.log", ready, **more)


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rsplit(")", 1)[1].split()[0] != "Z"


def members(group):
    """Processes of a group that still run."""
    pids = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, number = stat.read_text().rsplit(")", 1)[1].split()[:3]
        except OSError:
            continue
        if int(number) == group and state != "Z":
            pids.append(int(stat.parent.name))
    return pids


def until(condition):
    """The test's own time limit ends it."""
    while not condition():
        time.sleep(0.02)


def written(path):
    until(lambda: path.exists() and path.read_text().strip())
    return int(path.read_text())


def test_the_whole_group_is_ended(tmp_path):
    process = Process(spec(tmp_path, FAMILY.format(tmp_path)))
    process.start()
    grandchild = written(tmp_path / "grandchild")
    process.stop()
    assert not process.alive()
    until(lambda: not alive(grandchild))


def test_one_that_ignores_the_question_is_killed(tmp_path):
    script = f"trap '' TERM; touch {tmp_path}/deaf; while :; do sleep 0.1; done"
    process = Process(spec(tmp_path, script, stop_seconds=0.2))
    process.start()
    until((tmp_path / "deaf").exists)
    process.stop()
    assert not process.alive()


def test_a_part_that_ends_at_once_says_why(tmp_path):
    process = Process(spec(tmp_path, "echo no such disk >&2; exit 3", ready=lambda: False))
    process.start()
    with pytest.raises(ProcessFailed, match="no such disk"):
        process.wait_ready(20)


def test_a_part_that_does_nothing_is_not_waited_for(tmp_path, monkeypatch):
    process = Process(spec(tmp_path, "exec sleep 1000", ready=lambda: False))
    process.start()
    monkeypatch.setattr(start_grace, "IDLE_SECONDS", 0.0)
    with pytest.raises(ProcessFailed, match="does not answer"):
        process.wait_ready()
    process.stop()


def test_a_start_is_over_when_it_is_ready(tmp_path):
    answers = [False, True]
    process = Process(spec(tmp_path, "exec sleep 1000", ready=lambda: answers[0]))
    process.start()
    assert process.starting()
    answers.reverse()
    assert process.ready()
    answers.reverse()
    assert not process.starting(), "it hangs"
    process.stop()


def test_a_crash_is_mended_with_growing_pauses(tmp_path):
    process = Process(spec(tmp_path, "exit 1"))
    process.start()
    said: list[str] = []
    while len(said) < 4:
        until(lambda: not process.alive())
        if change := process.tend():
            said.append(change.text)
    assert "again in 0.5 s" in said[0]
    assert "started again" in said[1]
    assert "again in 1.0 s" in said[2]
    process.stop()


def test_when_the_parent_is_killed_the_reaper_ends_its_children(tmp_path):
    parent = textwrap.dedent(f"""
        import pathlib, time
        from services.processes.process import ProcessSpec, Process
        from services.processes.process_reaper import ProcessReaper
        home = pathlib.Path({str(tmp_path)!r})
        command = ("sh", "-c", {FAMILY.format(tmp_path)!r})
        Process(ProcessSpec("thing", command, home / "log", lambda: True), ProcessReaper()).start()
        time.sleep(1000)
    """)
    started = subprocess.Popen([sys.executable, "-c", parent])
    child, grandchild = written(tmp_path / "child"), written(tmp_path / "grandchild")
    assert alive(child)
    started.send_signal(signal.SIGKILL)
    started.wait()
    until(lambda: not alive(child) and not alive(grandchild))


def test_a_killed_reaper_is_replaced_and_knows_the_groups(tmp_path):
    reaper = ProcessReaper()
    process = Process(spec(tmp_path, FAMILY.format(tmp_path)), reaper)
    process.start()
    child = written(tmp_path / "child")
    reaper._child.kill()
    reaper._child.wait()
    other = Process(spec(tmp_path, "exec sleep 1000"), reaper)
    other.start()
    assert reaper._child.stdin is not None
    reaper._child.stdin.close()  # as if this process were gone
    until(lambda: not process.alive() and not other.alive())
    assert not alive(child)
    reaper.close()


MOMENTS = {
    "right after the fork": "process_reaper.subprocess.Popen",
    "before the parent knows its child": "reaper.spawn",
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_parent_killed_while_it_starts_a_child_leaves_none(tmp_path, moment):
    """The parent kills itself at the very moment, so that it needs no luck to be hit."""
    parent = textwrap.dedent(f"""
        import os, pathlib, signal, subprocess
        from services.processes import process_reaper
        from services.processes.process import Process, ProcessSpec
        home = pathlib.Path({str(tmp_path)!r})
        reaper = process_reaper.ProcessReaper()
        def dying(start):
            def begin(*given, **more):
                (home / "group").write_text(str(start(*given, **more).pid))
                os.kill(os.getpid(), signal.SIGKILL)
            return begin
        {MOMENTS[moment]} = dying({MOMENTS[moment]})
        command = ("sh", "-c", {FAMILY.format(tmp_path)!r})
        Process(ProcessSpec("thing", command, home / "log"), reaper).start()
    """)
    assert subprocess.run([sys.executable, "-c", parent]).returncode == -signal.SIGKILL
    group = int((tmp_path / "group").read_text())
    until(lambda: not members(group))


def test_a_program_that_is_missing_fails_and_says_so(tmp_path):
    reaper = ProcessReaper()
    process = Process(
        ProcessSpec("thing", ("/no/such/program",), tmp_path / "log", lambda: False), reaper
    )
    process.start()
    with pytest.raises(ProcessFailed, match="not found"):
        process.wait_ready(20)
    process.stop()
    reaper.close()


def test_a_child_holds_no_end_of_the_reapers_pipe(tmp_path):
    """Else the reaper of a killed parent would wait for the very children that it has to end."""
    reaper = ProcessReaper()
    script = f"exec 3>{tmp_path}/input; readlink /proc/$$/fd/0 >&3; exec sleep 1000"
    process = Process(spec(tmp_path, script), reaper)
    process.start()
    until(lambda: (tmp_path / "input").exists() and (tmp_path / "input").read_text())
    assert (tmp_path / "input").read_text().strip() == "/dev/null"
    process.stop()
    reaper.close()
