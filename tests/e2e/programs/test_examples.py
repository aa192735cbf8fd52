"""The programs under ``examples/`` do what they say, run as a reader of them would."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from pydicom import dcmread
from pydicom.uid import generate_uid
from unit.models.folder import draw_folder

ROOT = Path(__file__).parents[3]
EXAMPLES = ROOT / "examples"


@pytest.fixture
def environment(hub):
    return {**os.environ, "FADA_URL": hub.address, "FADA_KEY": hub.key, "PYTHONPATH": str(ROOT)}


def run(name, *arguments, environment, code=0):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / name), *map(str, arguments)],
        env=environment, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture
def new_study(tmp_path):
    """A sample under UIDs of its own, so that no other test has sent it."""
    dataset = dcmread(ROOT / "samples" / "head-27w.dcm")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    path = tmp_path / "scan.dcm"
    dataset.save_as(path)
    return path


@pytest.fixture
def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def added(output):
    (first, second) = output.splitlines()
    return first.removeprefix("id "), second.removeprefix("secret ")


def test_send_study_and_receive_its_webhook(environment, new_study, free_port):
    url = f"http://127.0.0.1:{free_port}/"
    output = run("add_destination.py", "add", url, "study.ready", environment=environment)
    identity, secret = added(output)
    assert url in run("add_destination.py", "list", environment=environment)
    process = subprocess.Popen(
        [sys.executable, str(EXAMPLES / "receive_webhook.py"), str(free_port)],
        env={**environment, "WEBHOOK_SECRET": secret}, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert process.stdout is not None
        assert url in process.stdout.readline()
        report = run("send_study.py", new_study, environment=environment)
        assert "not for diagnosis" in report
        assert "HC: 250.7 mm" in report
        assert process.stdout.readline().startswith("study.ready: study ")
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()
    assert "removed" in run("add_destination.py", "remove", identity, environment=environment)
    assert url not in run("add_destination.py", "list", environment=environment)


def test_a_destination_that_cannot_be_is_refused_in_a_sentence(environment):
    done = subprocess.run(
        [sys.executable, str(EXAMPLES / "add_destination.py"), "add", "ftp://example.org/"],
        env=environment, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "http" in done.stderr


def test_evaluate_release(environment, tmp_path):
    release = next((ROOT / "models" / "releases").glob("fada-nano-*"))
    out = tmp_path / "figures.json"
    output = run(
        "evaluate_release.py", release, draw_folder(tmp_path), out, environment=environment
    )
    assert release.name in output
    assert out.stat().st_size > 100
