"""What the pipeline costs beside the model: ``python -m bench.pipeline``.

A hub of its own; the studies are received while no worker runs; then a worker reads them all, with
as many processes as it has by itself or as ``--processes`` says. ``overhead_share`` = (total − model) /
total, where total runs from the first lease to the last result, and the model's time is what the same
images take when the same model server is asked in a plain loop (``plain_seconds`` an image), before and
after, nothing else running. The server reads two images at once where there are two processors:
``at_once_seconds`` is what an image takes then, and what a pipeline without any cost would reach. What
the server itself notes in its answers (``triton_seconds``) holds overlapping readings twice.
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from statistics import fmean
from typing import Any

import httpx
import pydicom
from rich.console import Console
from rich.table import Table

from bench.studies import studies
from services.composition import Adapters
from services.domain.report import Report
from services.index import open_index
from services.index.port import Index, JobState
from services.publish.stow import multipart
from services.reading.contract import ALL_PHASES
from services.reading.images.picture import square
from services.reading.releases.registry import Manifests
from services.standalone.local_stack import LocalStack, StackOptions

BAR = 0.15
SITE = "default"
_FIRST = 4  # studies that are read before the measuring begins
_MODEL = ("model_vision", "model_interpret")
_LOOP = 20  # images that the model is asked for in a plain loop


def main() -> None:
    """Run the studies through a hub and print what the pipeline costs beside the model."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=100)
    parser.add_argument("--processes", type=int, default=0, help="0: the worker's own default")
    parser.add_argument("--data", type=Path, help="folder of PNG or JPEG images")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fada-bench-") as home:
        environment = {
            "FADA_WORKER_PROCESSES": str(options.processes),
            "FADA_RATE_PER_SECOND": "1000",
        }
        machine = LocalStack(StackOptions(Path(home), environment=environment, quiet_seconds=0))
        try:
            machine.start()
            figures = measure(machine, options.studies, options.data)
        finally:
            machine.stop()
    show(figures)


def measure(machine: LocalStack, count: int, data: Path | None) -> dict[str, Any]:
    """Run ``count`` studies through the worker; a few before them warm it up."""
    index = open_index(machine.settings.index_url)
    key, run = machine.new_key(), uuid.uuid4().hex
    send(machine, key, list(studies(3, f"{run}-warm", data)))
    wait(machine, index, 3)
    machine.processes["worker"].stop()
    loops = [plain_loop(machine, data)]
    at_once = plain_loop(machine, data, callers=2)
    send(machine, key, list(studies(count + _FIRST, run, data)))
    machine.processes["worker"].start()
    wait(machine, index, 4)  # it is up and warm again
    at = datetime.now().astimezone()
    wait(machine, index, count + _FIRST + 3)
    machine.processes["worker"].stop()
    loops.append(plain_loop(machine, data))
    plain = fmean(loops)
    of_jobs = figures(index, count, at)
    return {
        **of_jobs,
        "overhead_share": round(1 - plain / of_jobs["seconds_per_study"], 4),
        "plain_seconds": round(plain, 4),
        "at_once_seconds": round(at_once, 4),
    }


def plain_loop(machine: LocalStack, data: Path | None, *, callers: int = 1) -> float:
    """Seconds for an image when so many ask the model server in a loop, and nothing else is done."""
    inference = Adapters(machine.settings).inference
    side = Manifests(machine.settings.releases).active().side
    pictures = [
        square(pydicom.dcmread(io.BytesIO(one)).pixel_array, side).pixels
        for one in studies(_LOOP, "plain", data)
    ]
    try:
        inference.read(pictures[:1], ALL_PHASES)
        began = time.perf_counter()
        with ThreadPoolExecutor(callers) as pool:
            list(pool.map(lambda picture: inference.read([picture], ALL_PHASES), pictures))
        return (time.perf_counter() - began) / len(pictures)
    finally:
        inference.close()


def send(machine: LocalStack, key: str, objects: list[bytes]) -> None:
    """By STOW-RS, one study a request."""
    with httpx.Client(timeout=60, trust_env=False) as client:
        for data in objects:
            boundary = uuid.uuid4().hex
            kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
            answer = client.post(
                f"{machine.address}/dicomweb/studies",
                content=multipart([data], boundary),
                headers={"Authorization": f"Bearer {key}", "Content-Type": kind},
            )
            answer.raise_for_status()


def wait(machine: LocalStack, index: Index, done: int, seconds: float = 900.0) -> None:
    """Return when ``done`` jobs are done or dead; SystemExit after ``seconds``."""
    until = time.monotonic() + seconds
    while True:
        with index.read() as tx:
            depth = tx.jobs.depth()
        if depth[JobState.DONE.value] + depth[JobState.DEAD.value] >= done:
            return
        if time.monotonic() > until:
            raise SystemExit(f"the jobs do not end: {depth}\n{machine.processes['worker'].tail()}")
        time.sleep(0.1)


def figures(index: Index, count: int, at: datetime) -> dict[str, Any]:
    """Of the jobs that began after ``at``."""
    with index.read() as tx:
        events = tx.events.since(SITE, 0, limit=1_000_000)
        begun = {e.payload["job_id"]: e.created_at for e in events if e.type == "study.analysing"}
        jobs = [
            job
            for job in tx.jobs.find(None, states=(JobState.DONE, JobState.DEAD), limit=count + 10)
            if begun[job.id] >= at
        ]
        reports = [tx.results.get(SITE, job.study_id).report for job in jobs]
    first = min(begun[job.id] for job in jobs)
    last = max(job.finished_at for job in jobs if job.finished_at is not None)
    held = sum((job.finished_at - begun[job.id]).total_seconds() for job in jobs if job.finished_at)
    total = (last - first).total_seconds()
    inside = sum(sum(r.seconds.get(name, 0.0) for name in _MODEL) for r in reports)
    return {
        "studies": len(jobs),
        "failed": sum(job.state is JobState.DEAD for job in jobs),
        "total_seconds": round(total, 2),
        "triton_seconds": round(inside, 2),
        "seconds_per_study": round(total / len(jobs), 4),
        "phases": phases(reports, held),
    }


def phases(reports: list[Report], held: float) -> dict[str, float]:
    """Mean seconds of each phase of a job; ``confirm`` is what follows: storing, finishing."""
    names = {name for report in reports for name in report.seconds}
    means = {name: fmean(r.seconds.get(name, 0.0) for r in reports) for name in sorted(names)}
    ours = sum(value for name, value in means.items() if not name.startswith("model_"))
    means["confirm"] = held / len(reports) - ours
    return {name: round(value, 4) for name, value in means.items()}


def show(figures: dict[str, Any]) -> None:
    """A table for people, and one line of JSON."""
    console = Console()
    table = Table(title=f"Pipeline: {figures['studies']} single-frame studies")
    table.add_column("what")
    table.add_column("seconds", justify="right")
    table.add_row("total, first lease to last result", f"{figures['total_seconds']:.2f}")
    table.add_row("readings of the model, sum", f"{figures['triton_seconds']:.2f}")
    for name, words in (
        ("plain_seconds", "the model alone, asked in a plain loop"),
        ("at_once_seconds", "the model alone, asked by two at once"),
    ):
        table.add_row(words, f"{figures[name] * figures['studies']:.2f}")
    for name, value in figures["phases"].items():
        table.add_row(f"mean of phase {name}", f"{value:.4f}")
    verdict = "held" if figures["overhead_share"] <= BAR else "MISSED"
    table.add_row(f"overhead share (at most {BAR}: {verdict})", f"{figures['overhead_share']:.4f}")
    console.print(table)
    print(json.dumps(figures))


if __name__ == "__main__":
    main()
