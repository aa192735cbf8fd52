"""What ``make demo`` and ``make run`` do: a whole hub from nothing, a real study, and no trace left."""

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

from services.standalone import ports

ROOT = Path(__file__).parents[3]


def command(home, *words):
    return [sys.executable, "-m", "cli.main", "up", "--home", str(home), *words]


def environment(home):
    return {
        **os.environ,
        "FADA_CONFIG": str(home / "config"),
        "FADA_QUIET_SECONDS": "3",  # nobody says that a machine has stored its last image
        "PYTHONPATH": str(ROOT),
    }


def left_over(home):
    """Processes that name this folder or have it in their environment or as working folder."""
    command_lines = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            process_bytes = (folder / "cmdline").read_bytes() + (folder / "environ").read_bytes()
            where = os.readlink(folder / "cwd")
        except OSError:
            continue
        mine = str(home).encode() in process_bytes or where.startswith(str(home))
        if mine and int(folder.name) != os.getpid():
            command_lines.append((folder / "cmdline").read_bytes())
    return command_lines


def test_a_real_study_from_bytes_to_a_report_and_nothing_stays(tmp_path):
    home = tmp_path / "home"
    done = subprocess.run(
        command(home, "--demo"), env=environment(tmp_path), capture_output=True, text=True,
        cwd=tmp_path, timeout=280, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    said = done.stdout
    assert "all parts are ready" in said
    assert len(re.findall(r"\bfada_[0-9a-f]+_\S+", said)) == 1  # the key, once
    assert "not for diagnosis" in said
    assert re.search(r"plane +head +>?\d+ %", said)
    assert re.search(r"structure +fetal_head +>?\d+ %", said)
    assert re.search(r"HC +\d+\.\d mm +\(95 %: \d+\.\d to \d+\.\d mm\)", said)
    assert re.search(r"age +\d+w \dd +by Hadlock", said)
    assert re.search(r"release +fada-\S+ \d+\.\d+\.\d+ +[0-9a-f]{16}", said)
    assert re.search(r"time .*infer \d", said)
    assert re.search(r"page +http://127\.0\.0\.1:\d+/study/", said)
    assert left_over(home) == []
    _goes_on_from_its_folder_until_it_is_asked_to_end(home, tmp_path)


def _goes_on_from_its_folder_until_it_is_asked_to_end(home, tmp_path):
    """The second start of the same folder: the study is there, the key is not shown again, and an
    ultrasound machine may store, as it speaks DICOM alone."""
    (dimse,) = ports.free(1)
    started = subprocess.Popen(
        command(home, "--sample", "--dimse-port", str(dimse)), env=environment(tmp_path), cwd=tmp_path,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    assert started.stdout is not None
    said = []
    for line in started.stdout:
        said.append(line)
        if "Ctrl-C ends it" in line:
            break
    text = "".join(said)
    assert "it was here already" in text
    assert "fada_" not in text
    assert re.search(r"HC +\d+\.\d mm", text)
    second = subprocess.run(
        command(home), env=environment(tmp_path), capture_output=True, text=True, cwd=tmp_path,
        timeout=60, check=False,
    )  # fmt: skip
    assert second.returncode == 5
    _a_machine_stores(dimse, tmp_path)
    assert "runs already" in second.stderr
    assert str(started.pid) in second.stderr
    started.send_signal(signal.SIGHUP)  # as when the terminal is closed
    rest = started.stdout.read()
    assert started.wait(timeout=90) == 0, rest
    assert left_over(home) == []


def _a_machine_stores(port, folder):
    """As a scanner does it, here played by DCMTK: the study is read like any other."""
    done = subprocess.run(
        ["storescu", "-xy", "-aec", "FADA", "127.0.0.1", str(port), str(ROOT / "samples" / "nt-view.dcm")],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = []
    end = time.monotonic() + 60
    while time.monotonic() < end:
        status = subprocess.run(
            [sys.executable, "-m", "cli.main", "status", "--json"], env=environment(folder),
            capture_output=True, text=True, cwd=folder, timeout=60, check=True,
        )  # fmt: skip
        rows = [
            row
            for row in json.loads(status.stdout)["studies"]["items"]
            if row["plane"] == "nt_view"
        ]
        if rows:
            break
        time.sleep(0.5)
    assert len(rows) == 1, status.stdout
