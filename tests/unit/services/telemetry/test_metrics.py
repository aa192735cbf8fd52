"""Labels are bounded, every figure is used, and several processes add up."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from services.telemetry import metrics, multiprocess
from services.telemetry.metrics import OTHER, Bounded

ROOT = Path(__file__).parents[4]


def value(name: str) -> dict[str, float]:
    text = metrics.exposition()[0].decode()
    return {
        line.rsplit(" ", 1)[0]: float(line.rsplit(" ", 1)[1])
        for line in text.splitlines()
        if line.startswith(name)
    }


def test_labels_outside_the_set_become_other() -> None:
    metrics.RECEIVED.labels("stow", "new").inc()
    metrics.RECEIVED.labels(source="1.2.840.99", outcome="Doe^Jane").inc()
    metrics.REFUSED.labels("Doe^Jane").inc()
    metrics.REFUSED.labels("invalid_uid").inc()
    samples = value("fada_rec") | value("fada_ref")
    assert samples['fada_received_instances_total{outcome="new",source="stow"}'] >= 1
    assert samples[f'fada_received_instances_total{{outcome="{OTHER}",source="{OTHER}"}}'] >= 1
    assert samples['fada_refusals_total{code="invalid_uid"}'] >= 1
    text = metrics.exposition()[0].decode()
    assert "Doe" not in text
    assert "1.2.840" not in text  # digits alone may be anybody's, a process's memory too


def test_routes_are_templates_and_their_number_is_bounded() -> None:
    allowed = metrics.ROUTE
    for route in (
        "/dicomweb/studies/{study_uid}/series",
        "/api/artefacts/{sha256}",
        "/",
        "/v1/x",
        "unmatched",
    ):
        assert allowed.fullmatch(route), route
    for path in (
        "/dicomweb/studies/1.2.840.1",
        "/api/studies/01a20fbb-ec52-7497",
        "/x?PatientName=Doe",
        "/Doe^J",
    ):
        assert not allowed.fullmatch(path), path
    seconds = metrics.SECONDS
    for number in range(400):
        name = "".join(chr(97 + int(digit)) for digit in str(number))
        seconds.labels("GET", f"/made/{name}").observe(0.1)
    assert (
        len(
            {
                match[1]
                for key in value("fada_gateway_request_seconds_count")
                if (match := re.search('route="([^"]*)"', key))
            }
        )
        < 130
    )


def test_wrong_label_names_are_a_programming_error() -> None:
    for wrong in ({"source": "stow"}, {"source": "stow", "outcome": "new", "patient": "x"}, {}):
        with pytest.raises(ValueError, match="labels of this metric"):
            metrics.RECEIVED.labels(**wrong)
    with pytest.raises(ValueError, match="labels of this metric"):
        metrics.RECEIVED.labels("stow", "new", "more")


def test_every_figure_is_written_somewhere() -> None:
    """A figure that nothing moves would show an operator a comfortable zero."""
    sources = [
        path.read_text()
        for folder in ("gateway", "workers", "services", "cli")
        for path in (ROOT / folder).rglob("*.py")
        if "telemetry" not in path.parts
        and "node_modules" not in path.parts
        and path != ROOT / "workers/metrics.py"
    ]
    names = [
        name for name, figure in vars(metrics).items()
        if isinstance(figure, Bounded | metrics.Counter | metrics.Gauge | metrics.Histogram)
    ]  # fmt: skip
    assert len(names) > 10
    unused = [
        name for name in names if not any(re.search(rf"\b{name}\b\.?", text) for text in sources)
    ]
    assert unused == []


def test_several_processes_add_up(tmp_path: Path) -> None:
    program = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
from pathlib import Path
from services.telemetry import multiprocess
multiprocess.prepare(Path({str(tmp_path / "m")!r}))
import os
from services.telemetry import metrics
for _ in range(3):
    if os.fork() == 0:
        metrics.JOBS.labels("done").inc(); os._exit(0)
    os.wait()
metrics.JOBS.labels("done").inc()
print(metrics.exposition()[0].decode())
"""
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert 'fada_worker_jobs_total{outcome="done"} 4.0' in done.stdout
    with pytest.raises(RuntimeError):
        multiprocess.prepare(tmp_path)  # prometheus_client is imported here
