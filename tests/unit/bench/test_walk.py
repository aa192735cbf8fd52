"""What the trace of a study's way records, and what of it counts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from bench.walk.__main__ import TRACE
from bench.walk.report import PHONE, Record, figures, read_records, way_of

PROGRAM = """
import pathlib, sys, threading
from services.domain.biometry import ellipse_perimeter
window = pathlib.Path(sys.argv[1]) / "window"
def record(number):
    with window.open("r+b") as file:
        file.write(bytes([number]))
ellipse_perimeter(3.0, 2.0)
record(7)
import services.domain.calibration
thread = threading.Thread(target=ellipse_perimeter, args=(3.0, 2.0))
thread.start()
thread.join()
record(0)
ellipse_perimeter(3.0, 2.0)
"""


def test_records_calls_of_all_threads_in_the_window_and_no_imports(tmp_path: Path) -> None:
    (tmp_path / "window").write_bytes(b"\0")
    environment = {**os.environ, "PYTHONPATH": str(TRACE), "FADA_WALK": str(tmp_path)}

    subprocess.run([sys.executable, "-c", PROGRAM, tmp_path], env=environment, check=True)

    records = read_records(tmp_path)
    assert [(r.window, r.file, r.function) for r in records] == [
        (7, "services/domain/biometry.py", "ellipse_perimeter")
    ]


CONFINED = """
import pathlib, sys
from services.dicom.parser.child import bound, shut_in
from services.domain.biometry import ellipse_perimeter
bound(2**30, 0)
shut_in()
ellipse_perimeter(3.0, 2.0)
"""


def test_a_child_that_has_shut_itself_in_is_recorded(tmp_path: Path) -> None:
    (tmp_path / "window").write_bytes(b"\7")
    environment = {**os.environ, "PYTHONPATH": str(TRACE), "FADA_WALK": str(tmp_path)}

    subprocess.run([sys.executable, "-c", CONFINED], env=environment, check=True)

    assert [r.function for r in read_records(tmp_path)][-1] == "ellipse_perimeter"


def record(window: int, process: str, root: str, file: str, function: str) -> Record:
    return Record(window, 0, process, root, file, function, 1)


def test_what_runs_while_nothing_comes_in_counts_only_beneath_another_root() -> None:
    records = [
        record(1, "gateway", "tick", "index.py", "read"),
        record(2, "gateway", "tick", "index.py", "read"),
        record(2, "gateway", "request", "routes.py", "store"),
        record(2, "worker", "task", "index.py", "read"),
        record(2, PHONE, "main", "sync.py", "sync"),
    ]

    way = way_of(records, 2, 1)

    assert [(step.process, step.file) for step in way.steps] == [
        ("gateway", "routes.py"),
        ("worker", "index.py"),
        (PHONE, "sync.py"),
    ]
    counted = figures(way_of(records[:4], 2, 1), way)
    assert (counted["study_files"], counted["case_files"], counted["phone_files"]) == (2, 2, 1)
