"""Distinct objects of two sizes, sent by STOW-RS by one or several clients at once."""

from __future__ import annotations

import http.client
import threading
import time

import numpy as np

from bench.ingest.processor_time import processor_seconds_with_children
from bench.ingest.servers import Target
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object

SIZES = {"small": (1, 250, 260), "large": (37, 250, 260)}  # 66 KB; 2.4 MB
_AFTER = 0.3  # s in which what follows an answer is done


def files(size: str, count: int, seed: int) -> list[bytes]:
    """Distinct studies of one image each: noise, so that nothing can be compressed away."""
    made, noise = [], np.random.default_rng(seed)
    for number in range(count):
        pixels = noise.integers(0, 256, SIZES[size], dtype=np.uint8)
        subject = Subject(
            f"bench {size} {seed} {number}",
            patient_name="BENCH^INGEST",
            patient_id=f"B-{seed}-{number}",
        )
        made.append(ultrasound_object(PictureFrames(pixels), subject, (0.2, 0.2)))
    return made


def send(target: Target, objects: list[bytes], clients: int) -> float:
    """Seconds until all are stored; each client keeps its connection, one object a request."""
    waiting = iter(objects)
    lock = threading.Lock()
    faults: list[str] = []

    def client() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", target.port, timeout=60)
        boundary = "bench-boundary"
        kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
        headers = {**target.headers, "Content-Type": kind, "Accept": "application/dicom+json"}
        head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n".encode()
        tail = f"\r\n--{boundary}--\r\n".encode()
        while True:
            with lock:
                data = next(waiting, None)
            if data is None:
                connection.close()
                return
            connection.request("POST", target.path, head + data + tail, headers)
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200:
                faults.append(f"{target.name} answered {answer.status}: {body[:200]!r}")
                return

    threads = [threading.Thread(target=client) for _ in range(clients)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise SystemExit(faults[0])
    return time.perf_counter() - began


def send_and_count(target: Target, objects: list[bytes], clients: int) -> tuple[float, float]:
    """(seconds until all are stored, seconds of the server's processor time, with what follows)."""
    before = processor_seconds_with_children(target.pid)
    spent = send(target, objects, clients)
    time.sleep(_AFTER)
    return spent, processor_seconds_with_children(target.pid) - before
