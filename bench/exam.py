"""An examination of 40 images, sent one by one, while other studies come: `make bench-exam`.

30 still images and 10 clips of 60 frames are one study. What its report costs beside the time inside the
model server (``exam_overhead``; the studies read between are in both), how many versions it makes
(``versions``), and how long another study waits at most while it is read (``others_wait_s``), against the
time of such a study alone (``alone_s``).
"""

from __future__ import annotations

import argparse
import io
import json
import tempfile
import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pydicom
from rich.console import Console
from rich.table import Table

from bench.studies import SAMPLES, studies
from services.dicom.objects.composite import derived_uid
from services.standalone.local_stack import LocalStack, StackOptions

STILLS, CLIPS, FRAMES = 30, 10, 60
_QUIET = 5.0  # s; images come faster than that
_MULTIFRAME = "1.2.840.10008.5.1.4.1.1.3.1"
BAR, TIMES_ALONE = 0.25, 3.0
_PART = b"--images\r\nContent-Type: application/dicom\r\n\r\n"


def main() -> None:
    """Run the examination and the studies beside it, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stills", type=int, default=STILLS)
    parser.add_argument("--clips", type=int, default=CLIPS)
    parser.add_argument("--frames", type=int, default=FRAMES, help="of each clip")
    parser.add_argument("--others", type=int, default=3, help="studies that come meanwhile")
    parser.add_argument("--together", action="store_true", help="all images in one STOW-RS request")
    parser.add_argument("--between", type=float, default=0.0, help="s before each of the others")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="fada-bench-") as home:
        environment = {"FADA_WORKER_PROCESSES": "1", "FADA_RATE_PER_SECOND": "1000"}
        machine = LocalStack(
            StackOptions(Path(home), environment=environment, quiet_seconds=_QUIET)
        )
        try:
            machine.start()
            with Hub(machine) as hub:
                figures = measure(hub, machine, given)
        finally:
            machine.stop()
    show(figures)
    print(json.dumps(figures))


class Hub:
    """What the measurement asks of a hub, as its administrator."""

    def __init__(self, machine: LocalStack) -> None:
        self._client = httpx.Client(
            base_url=machine.address,
            headers={"Authorization": f"Bearer {machine.new_key()}"},
            timeout=60,
            trust_env=False,
        )

    def __enter__(self) -> Hub:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def send(self, data: bytes, *, urgent: bool = False) -> str:
        """The study's id."""
        headers = {"Content-Type": "application/dicom"}
        self._client.post("/dicomweb/studies", content=data, headers=headers).raise_for_status()
        uid = str(pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).StudyInstanceUID)
        studies = self._client.get("/api/studies", params={"study_uid": uid}).json()["items"]
        return str(studies[0]["id"])

    def send_together(self, images: Iterator[bytes]) -> tuple[str, float]:
        """All images of a study in one multipart request; the study's id, and the seconds it took."""
        parts, uid = [], ""
        for data in images:
            parts.append(_PART + data + b"\r\n")
            uid = uid or str(
                pydicom.dcmread(io.BytesIO(data), stop_before_pixels=True).StudyInstanceUID
            )
        body = b"".join((*parts, b"--images--\r\n"))
        headers = {"Content-Type": 'multipart/related; type="application/dicom"; boundary=images'}
        began = time.monotonic()
        answer = self._client.post("/dicomweb/studies", content=body, headers=headers, timeout=1800)
        took = time.monotonic() - began
        answer.raise_for_status()
        studies = self._client.get("/api/studies", params={"study_uid": uid}).json()["items"]
        return str(studies[0]["id"]), took

    def complete(self, study: str) -> None:
        """Read it now."""
        self._client.post(f"/api/studies/{study}/complete").raise_for_status()

    def study(self, study: str) -> dict[str, Any]:
        """With its jobs and versions."""
        answer: dict[str, Any] = self._client.get(f"/api/studies/{study}").json()
        return answer

    def report(self, study: str) -> dict[str, Any]:
        """The latest."""
        answer = self._client.get(f"/api/studies/{study}/results/latest")
        answer.raise_for_status()
        report: dict[str, Any] = answer.json()["report"]
        return report

    def wait(self, study: str, seconds: float = 7200.0) -> dict[str, Any]:
        """The study when it has its report. SystemExit when it fails, or after ``seconds``."""
        until = time.monotonic() + seconds
        while True:
            row = self._client.get(f"/api/studies/{study}/status").json()
            if row["state"] == "ready":
                return self.study(study)
            if row["state"] == "failed" or time.monotonic() > until:
                raise SystemExit(f"no report: {row}")
            time.sleep(0.1)


def triton(machine: LocalStack) -> tuple[float, float]:
    """(requests, seconds inside) of the model ``fada`` since the server's start."""
    address = f"http://127.0.0.1:{machine.ports['triton_metrics']}/metrics"
    text = httpx.get(address, trust_env=False).text
    metrics = {}
    for name in ("nv_inference_request_success", "nv_inference_request_duration_us"):
        lines = [
            line for line in text.splitlines() if line.startswith(name + "{") and '"fada"' in line
        ]
        metrics[name] = sum(float(line.rsplit(" ", 1)[1]) for line in lines)
    requests, micro = metrics.values()
    return requests, micro / 1e6


def measure(hub: Hub, machine: LocalStack, given: argparse.Namespace) -> dict[str, Any]:
    """Warm up, time a study alone, then the examination with others beside it."""
    run = uuid.uuid4().hex
    single = studies(2 + given.others, run)
    seconds_of(hub, next(single))
    alone = seconds_of(hub, next(single))

    images = examination(run, given.stills, given.clips, given.frames)
    exam, sending = sent(hub, images, together=given.together)
    began, (_, before) = time.monotonic(), triton(machine)
    waits = []
    for other in single:
        time.sleep(max(2 * alone, given.between))
        waits.append(seconds_of(hub, other))
    row = hub.wait(exam)
    took = time.monotonic() - began
    model = triton(machine)[1] - before
    report = hub.report(exam)
    reading = reading_seconds(row)
    return {
        "images": given.stills + given.clips,
        "sending_s": round(sending, 2),
        "frames_read": len(report["frames"]),
        "versions": len(row["results"]),
        "from_last_byte_s": round(took, 2),
        "reading_s": round(reading, 2),
        "model_s": round(model, 2),
        "exam_overhead": round((reading - model) / model, 4) if model else None,
        "alone_s": round(alone, 2),
        "others": len(waits),
        "others_wait_s": round(max(waits, default=0.0), 2),
        "others_times_alone": round(max(waits, default=0.0) / alone, 2),
    }


def sent(hub: Hub, images: Iterator[bytes], *, together: bool) -> tuple[str, float]:
    """The study's id, and how long its images took: in one request, or one by one as they are taken."""
    if together:
        return hub.send_together(images)
    began, exam = time.monotonic(), ""
    for image in images:
        exam = hub.send(image)
    return exam, time.monotonic() - began


def seconds_of(hub: Hub, data: bytes) -> float:
    """From sending a study to its report."""
    began = time.monotonic()
    study = hub.send(data)
    hub.complete(study)
    hub.wait(study)
    return time.monotonic() - began


def reading_seconds(row: dict[str, Any]) -> float:
    """From the end of the quiet time to the report, the studies that were read between included."""
    job = row["jobs"][0]
    due, finished = (datetime.fromisoformat(job[name]) for name in ("due_at", "finished_at"))
    return (finished - due).total_seconds()


def examination(run: str, stills: int, clips: int, frames: int) -> Iterator[bytes]:
    """The images of one study: still images of the samples, and clips in which one of them moves."""
    sources = cycle(sorted(SAMPLES.glob("*.dcm")))
    for number, source in enumerate(islice(sources, stills + clips)):
        dataset = pydicom.dcmread(source)
        if number >= stills:
            make_clip(dataset, frames)
        dataset.StudyInstanceUID = derived_uid("bench study", run, "examination")
        dataset.SeriesInstanceUID = derived_uid("bench series", run, "examination")
        dataset.SOPInstanceUID = derived_uid("bench instance", run, str(number))
        dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
        dataset.InstanceNumber = number + 1
        out = io.BytesIO()
        dataset.save_as(out, enforce_file_format=True)
        yield out.getvalue()


def make_clip(dataset: pydicom.Dataset, frames: int) -> None:
    """A real image that moves by a few pixels from frame to frame, uncompressed."""
    dataset.decompress()
    pixels = dataset.pixel_array
    clip = np.stack([np.roll(pixels, 3 * n, axis=1) for n in range(frames)])
    dataset.SOPClassUID = dataset.file_meta.MediaStorageSOPClassUID = _MULTIFRAME  # type: ignore[assignment]
    dataset.NumberOfFrames, dataset.FrameTime = frames, 40.0
    dataset.FrameIncrementPointer = 0x00181063
    dataset.PixelData = clip.tobytes()


def show(figures: dict[str, Any]) -> None:
    """A table for people."""
    table = Table(title=f"An examination of {figures['images']} images, one worker process")
    table.add_column("what")
    table.add_column("value", justify="right")
    for name, value in figures.items():
        table.add_row(name, str(value))
    held = figures["exam_overhead"] is not None and figures["exam_overhead"] <= BAR
    table.add_row(f"overhead at most {BAR}", "held" if held else "MISSED")
    quick = figures["others_times_alone"] < TIMES_ALONE
    table.add_row(f"others below {TIMES_ALONE} times alone", "held" if quick else "MISSED")
    Console().print(table)


if __name__ == "__main__":
    main()
