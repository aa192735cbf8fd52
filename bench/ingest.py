"""How fast objects come in: the same files by STOW-RS to this gateway and to Debian's Orthanc.

Run: python -m bench.ingest [--rounds 8]. Rounds alternate between the two. Each file is a study of its
own. Both write to the same disk. The gateway runs as `fada up` runs it: the file and its name are flushed
(fsync), then the index's commit, then it answers. Orthanc is as Debian ships it: it flushes the file
(SyncStorageArea, one fdatasync each), not its name and not its index (SQLite, synchronous = NORMAL), and
it parses but queues nothing. The processor time of both, with their children, is told too: on a machine
that does other work it is worth more than the rates. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import http.client
import json
import os
import random
import shutil
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench.ingest_report import Figures, report
from bench.processor_time import processor_seconds_with_children
from gateway.bootstrap import compose
from gateway.dependencies import Services
from services.dicom.objects.ultrasound import PictureFrames, Subject, ultrasound_object
from services.domain.study import IngestSource, Principal, Role
from services.index.port import NewInstance
from services.processes.process import Process, ProcessSpec
from services.processes.process_reaper import ProcessReaper
from services.settings import Settings
from services.standalone import ports, seaweed, valkey
from services.standalone.programs import gateway_processes
from services.storage.connect import connect

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
ACCESS, SECRET, PASSWORD = "bench-access", "bench-secret-of-the-store", "bench-broker"
SIZES = {"small": (1, 250, 260), "large": (37, 250, 260)}  # 66 KB; 2.4 MB
COUNTS = {"small": 60, "large": 16}
_START_SECONDS = 180.0  # for a server, on a machine under load
_AFTER = 0.3  # s in which what follows an answer is done


@dataclass(frozen=True)
class Target:
    """A STOW-RS server on loopback: where its service lies and how a client signs in."""

    name: str
    port: int
    path: str
    headers: dict[str, str]
    pid: int  # of the program


def files(size: str, count: int, seed: int) -> list[bytes]:
    """Distinct studies of one image each: noise, so that nothing can be compressed away."""
    made, noise = [], np.random.default_rng(seed)
    for number in range(count):
        pixels = noise.integers(0, 256, SIZES[size], dtype=np.uint8)
        subject = Subject(
            f"bench {size} {seed} {number}", patient_name="BENCH^INGEST", patient_id=f"B-{number}"
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


@contextmanager
def part_running(part: ProcessSpec) -> Iterator[None]:
    """A program that is ready inside the block and ended after it."""
    reaper = ProcessReaper()
    process = Process(part, reaper)
    try:
        process.start()
        process.wait_ready()
        yield
    finally:
        process.stop()
        reaper.close()


@contextmanager
def program_running(command: list[str], port: int, log: Path, **more: object) -> Iterator[int]:
    """A server's process id, ready when it answers HTTP at all."""
    with log.open("wb") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, **more)  # type: ignore[call-overload]
    try:
        end = time.monotonic() + _START_SECONDS
        while True:
            try:
                probe = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
                try:
                    probe.request("GET", "/")
                    probe.getresponse().read()
                    break
                finally:
                    probe.close()
            except OSError:
                if time.monotonic() > end or process.poll() is not None:
                    raise SystemExit(f"{command[0]} did not start; see {log}") from None
                time.sleep(0.1)
        yield process.pid
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()


def hub_settings(home: Path, stack: ExitStack) -> Settings:
    """SeaweedFS and Valkey, started as `fada up` starts them."""
    broker = ports.free(1)[0]
    store = dict(zip(seaweed.PORTS, ports.free(len(seaweed.PORTS)), strict=True))
    stack.enter_context(part_running(valkey.spec(home, broker, PASSWORD, max_memory="256mb")))
    stack.enter_context(part_running(seaweed.spec(home, store, ACCESS, SECRET, "ab" * 32)))
    given = {
        "home": str(home / "hub"),
        "index_url": f"sqlite:///{home}/fada.db",
        "broker_url": f"redis://:{PASSWORD}@127.0.0.1:{broker}/0",
        "originals": (home / "hub" / "originals").as_uri(),
        "s3_endpoint": f"127.0.0.1:{store['s3']}",
        "s3_access_key": ACCESS,
        "s3_secret_key": SECRET,
        "rate_per_second": "1000000",
    }
    os.environ.update({f"FADA_{name.upper()}": value for name, value in given.items()})
    settings = Settings()
    connect(settings).prepare()
    return settings


@contextmanager
def hub(home: Path) -> Iterator[tuple[Target, Services]]:
    """A gateway on SQLite with a store and a broker of its own, and its services."""
    with ExitStack() as stack:
        settings = hub_settings(home, stack)
        services = compose(settings)
        services.index.migrate()
        with services.index.begin() as tx:
            _, key = tx.keys.create("bench", Role.SONOGRAPHER, "bench")
        port = ports.free(1)[0]
        os.environ["FADA_PORT"] = str(port)
        os.environ["FADA_GATEWAY_PROCESSES"] = str(gateway_processes())
        command = [sys.executable, "-m", "cli.main", "serve", "gateway"]
        pid = stack.enter_context(program_running(command, port, home / "gateway.log"))
        headers = {"Authorization": f"Bearer {key}"}
        yield Target("FADA", port, "/dicomweb/studies", headers, pid), services
        services.ingest.close()
        services.parser.close()
        services.index.close()


@contextmanager
def orthanc(home: Path) -> Iterator[Target]:
    """Debian's, bound to loopback, with its DICOMweb plugin."""
    program = shutil.which("Orthanc")
    if program is None or not PLUGIN.exists():
        raise SystemExit("Install Debian's orthanc and orthanc-dicomweb to compare with.")
    web, dimse = ports.free(2)
    configuration = {
        "Name": "bench",
        "StorageDirectory": str(home / "orthanc"),
        "IndexDirectory": str(home / "orthanc"),
        "HttpPort": web,
        "HttpBindAddresses": ["127.0.0.1"],
        "RemoteAccessAllowed": False,
        "DicomServerEnabled": False,
        "DicomPort": dimse,
        "AuthenticationEnabled": False,
        "Plugins": [str(PLUGIN)],
        "DicomWeb": {"Enable": True, "Root": "/dicom-web/"},
    }
    path = home / "orthanc.json"
    path.write_text(json.dumps(configuration))
    with program_running([program, str(path)], web, home / "orthanc.log") as pid:
        yield Target("Orthanc", web, "/dicom-web/studies", {}, pid)


def breakdown(services: Services, size: str, seed: int) -> dict[str, float]:
    """Milliseconds of each step for one object, one after another, in this process."""
    who, spent = Principal("bench", "bench", Role.SONOGRAPHER), {}
    steps: dict[str, list[float]] = {"spool and hash": [], "parse": [], "object": [], "index": []}
    for data in files(size, 12, seed):
        with services.spool.request_files() as request_files:
            t0 = time.perf_counter()
            with services.spool.writer(1 << 30) as out:
                out.write(data)
                spooled = out.finish()
            request_files.append(spooled)
            t1 = time.perf_counter()
            parsed = services.parser.parse(spooled.path)
            t2 = time.perf_counter()
            services.store.put_file("bench", spooled.path, spooled.sha256, "application/dicom")
            t3 = time.perf_counter()
            instance = NewInstance(
                parsed.series_uid, parsed.sop_uid, parsed.sop_class, parsed.transfer_syntax,
                parsed.modality, spooled.sha256, spooled.size, parsed.rows, parsed.columns,
                parsed.frames, parsed.attributes,
            )  # fmt: skip
            with services.index.begin() as tx:
                tx.studies.receive(
                    who, parsed.study_uid, parsed.study_attributes, [instance], source=IngestSource.STOW,
                    urgent=False, request_id="bench",
                )  # fmt: skip
            t4 = time.perf_counter()
            for name, value in zip(steps, (t1 - t0, t2 - t1, t3 - t2, t4 - t3), strict=True):
                steps[name].append(value * 1000)
    for name, values in steps.items():
        spent[name] = statistics.median(values)
    return spent


def main() -> None:
    """Measure hub and Orthanc in turns and print objects per second."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=8)
    given = parser.parse_args()
    home = Path(tempfile.mkdtemp(prefix="fada-bench-ingest-"))
    draw = random.Random(7)
    figures: Figures = {}
    used: Figures = {}
    try:
        with hub(home) as (ours, services), orthanc(home) as theirs:
            for target in (ours, theirs):
                send(target, files("small", 60, seed=1) + files("large", 4, seed=2), 4)  # warm
            seed = 10
            for _ in range(given.rounds):
                for size in SIZES:
                    for clients in (1, 4):
                        seed += 1
                        objects = files(size, COUNTS[size], seed)
                        pair = [ours, theirs]
                        draw.shuffle(pair)
                        for target in pair:
                            key = (size, clients, target.name)
                            spent, seconds = send_and_count(target, objects, clients)
                            figures.setdefault(key, []).append(len(objects) / spent)
                            used.setdefault(key, []).append(1000 * seconds / len(objects))
            steps = {size: breakdown(services, size, 900 + n) for n, size in enumerate(SIZES)}
        report(figures, used, steps, given.rounds)
    finally:
        shutil.rmtree(home, ignore_errors=True)


if __name__ == "__main__":
    main()
