"""What runs when a study comes in: ``python -m bench.walk [--page FILE]`` (``make walk``).

A hub of its own, started as ``fada up`` does, takes one study by STOW-RS and one case of a phone
(``fada-edge``) to a published result, with a webhook to a receiver here. Every process is watched
(``trace``). A function counts when it runs between the first byte and the delivered result and
does not run, beneath the same root, while nothing comes in. A study and a case before them warm all
up, so that what is done once (starting, importing, filling a cache) does not count; the watched ones
come from a new key and a new phone. The last line is one JSON object.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
from rich.console import Console

from bench.walk.report import Way, figures, page, read_records, show, way_of

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"
TRACE = ROOT / "bench" / "walk" / "trace"
PROGRAMS = Path(sys.executable).parent
QUIET, STUDY, CASE = 1, 2, 3  # windows
LONGEST_TICK = 65.0  # s; what the hub does by itself it does at least so often, orphans excepted
SETTLE = 5.0  # s after the result was delivered: what is noted down then belongs to it
_PIN = "246813"
# One process of a kind, so that the study before the watched one warms the very process.
_SETTINGS = {"FADA_GATEWAY_PROCESSES": "1", "FADA_WORKER_PROCESSES": "1"}


class Receiver:
    """A webhook's receiver on this machine; counts results."""

    def __init__(self) -> None:
        self.ready = 0
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(204)
                self.end_headers()
                outer.ready += body["type"] == "study.ready"

            def log_message(self, *_: object) -> None:
                return

        self._server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/hook"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def wait(self, count: int, seconds: float = 900.0) -> None:
        """Until ``count`` results were delivered in all."""
        until = time.monotonic() + seconds
        while self.ready < count:
            if time.monotonic() > until:
                raise SystemExit(f"{count} results were awaited, {self.ready} were delivered")
            time.sleep(0.1)


class WatchedHub:
    """``fada up`` with a home of its own and all its processes watched."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._records = folder / "records"
        self._records.mkdir()
        (self._records / "window").write_bytes(b"\0")
        (folder / "home").mkdir()
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("FADA_")},
            "PYTHONPATH": str(TRACE),
            "PYTHONDONTWRITEBYTECODE": "1",
            "FADA_WALK": str(self._records),
            "FADA_WALK_SET": json.dumps(_SETTINGS),
            "FADA_CONFIG": str(folder / "config"),
            "FADA_WEBHOOK_ALLOW_PRIVATE": "true",
            "FADA_EDGE_PIN": _PIN,
        }
        self._log = (folder / "hub.log").open("wb")
        self._hub = subprocess.Popen(
            [PROGRAMS / "fada", "up", "--home", folder / "home"],
            env=self.environment, cwd=folder, stdout=self._log, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.address, self.key = self._remembered(180.0)

    def _remembered(self, seconds: float) -> tuple[str, str]:
        """Address and key, which the hub writes down when it serves."""
        until, path = time.monotonic() + seconds, self.folder / "config" / "hub.json"
        while time.monotonic() < until and self._hub.poll() is None:
            if path.is_file() and path.stat().st_size:
                kept = json.loads(path.read_text())
                return kept["hub"], kept["key"]
            time.sleep(0.2)
        self.stop()
        raise SystemExit((self.folder / "hub.log").read_text())

    @contextmanager
    def window(self, number: int) -> Iterator[None]:
        """Record as ``number``. Meanwhile the keeper sleeps, so that no health check is recorded."""
        self._hub.send_signal(signal.SIGSTOP)
        time.sleep(1.0)  # what it asked last is answered
        self._record_as(number)
        try:
            yield
            time.sleep(SETTLE)
        finally:
            self._record_as(0)
            self._hub.send_signal(signal.SIGCONT)

    def _record_as(self, number: int) -> None:
        """In place: all processes have mapped this byte into their memory."""
        with (self._records / "window").open("r+b") as window:
            window.write(bytes([number]))

    def client(self, key: str = "") -> httpx.Client:
        """An HTTP client that signs in with ``key``, or as the hub's administrator."""
        headers = {"Authorization": f"Bearer {key or self.key}"}
        return httpx.Client(base_url=self.address, headers=headers, timeout=60, trust_env=False)

    def new(self, path: str, **body: object) -> dict[str, str]:
        """Make something at the hub as its administrator; returns the answer."""
        with self.client() as client:
            made: dict[str, str] = client.post(path, json=body).raise_for_status().json()
        return made

    def stop(self) -> None:
        """End the hub and wait for it."""
        self._hub.send_signal(signal.SIGCONT)
        self._hub.terminate()
        self._hub.wait(timeout=120)
        self._log.close()

    def ways(self) -> tuple[Way, Way]:
        """The study's and the case's."""
        records = read_records(self._records)
        return way_of(records, STUDY, QUIET), way_of(records, CASE, QUIET)


def new_key(hub: WatchedHub) -> str:
    """A sender's, which no process has seen yet."""
    return hub.new("/api/keys", name="walk", role="sonographer")["key"]


def send_study(hub: WatchedHub, path: Path, key: str) -> None:
    """By STOW-RS."""
    boundary = uuid.uuid4().hex
    head = f"--{boundary}\r\nContent-Type: application/dicom\r\n\r\n"
    body = head.encode() + path.read_bytes() + f"\r\n--{boundary}--\r\n".encode()
    kind = f'multipart/related; type="application/dicom"; boundary={boundary}'
    with hub.client(key) as client:
        answer = client.post("/dicomweb/studies", content=body, headers={"Content-Type": kind})
    answer.raise_for_status()


class Phone:
    """``fada-edge`` with a home of its own."""

    def __init__(self, hub: WatchedHub, name: str) -> None:
        self._hub, self._name = hub, name
        self._home = hub.folder / name
        self._code = hub.new("/api/devices/codes")["code"]

    def run(self, *words: str | Path) -> None:
        """Run one command of ``fada-edge`` on this phone; SystemExit with its output when it fails."""
        command = [PROGRAMS / "fada-edge", *words, "--home", self._home]
        done = subprocess.run(
            command, cwd=ROOT, env=self._hub.environment, capture_output=True, text=True
        )
        if done.returncode:
            raise SystemExit(f"fada-edge {words[0]}: {done.stdout}{done.stderr}")

    def case(self, image: Path, receiver: Receiver, results: int) -> None:
        """Enrol, read an image, send report and image, fetch what the hub says to them."""
        self.run("enrol", self._hub.address, self._code, "--name", self._name)
        self.run("analyse", image)
        self.run("sync")
        receiver.wait(results)
        self.run("sync")


def walk(folder: Path) -> tuple[Way, Way]:
    """Both ways; takes about four minutes."""
    hub, receiver = WatchedHub(folder), Receiver()
    try:
        hub.new("/api/webhooks", url=receiver.url)
        send_study(hub, SAMPLES / "head-35w.dcm", new_key(hub))
        receiver.wait(1)
        Phone(hub, "first").case(SAMPLES / "head-27w.png", receiver, 2)
        key, phone = new_key(hub), Phone(hub, "second")
        with hub.window(STUDY):
            began = time.monotonic()
            send_study(hub, SAMPLES / "head-27w.dcm", key)
            receiver.wait(3)
            longest = time.monotonic() - began
        with hub.window(CASE):
            began = time.monotonic()
            phone.case(SAMPLES / "head-27w.jpg", receiver, 4)
            longest = max(longest, time.monotonic() - began, LONGEST_TICK)
        with hub.window(QUIET):
            time.sleep(longest)
        return hub.ways()
    finally:
        hub.stop()


def main() -> None:
    """Record both walks, print them, and write the page of the docs where one is named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", type=Path, help="write a page of the docs, too")
    options = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # the hub is to end with us
    with tempfile.TemporaryDirectory(prefix="fada-walk-") as folder:
        study, case = walk(Path(folder))
    console = Console()
    show(console, "A study by STOW-RS", study)
    show(console, "A case of a phone", case)
    if options.page is not None:
        options.page.write_text(page(study, case))
    print(json.dumps(figures(study, case)))


if __name__ == "__main__":
    main()
