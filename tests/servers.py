"""Real servers for the tests, started by the very code that starts them on a hub."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import combination

from services.processes.process import Process, ProcessSpec
from services.processes.process_reaper import ProcessReaper
from services.settings import Settings
from services.standalone import ports, seaweed, triton, valkey

PASSWORD = "broker-password"  # of servers that live as long as one test run, on loopback
ACCESS, SECRET = "test-access", "test-secret-of-the-store"


@contextmanager
def running(part: ProcessSpec) -> Iterator[Process]:
    """The part, ready; no process of it is left afterwards."""
    reaper = ProcessReaper()
    process = Process(part, reaper)
    try:
        process.start()
        process.wait_ready()
        yield process
    finally:
        process.stop()
        reaper.close()


@dataclass
class Valkey:
    """``process`` may be killed and started again; port and folder stay."""

    process: Process
    port: int
    password: str = PASSWORD

    @property
    def url(self) -> str:
        return self.database(0)

    def database(self, number: int) -> str:
        """Another of its sixteen: there no message of other tests waits."""
        return f"redis://:{self.password}@127.0.0.1:{self.port}/{number}"

    def restart(self) -> None:
        self.process.start()
        self.process.wait_ready()


@dataclass
class Seaweed:
    process: Process
    ports: dict[str, int]
    access_key: str = ACCESS
    secret_key: str = SECRET

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.ports['s3']}"

    def restart(self) -> None:
        self.process.start()
        self.process.wait_ready()


@dataclass
class Triton:
    process: Process
    ports: dict[str, int]

    @property
    def grpc(self) -> str:
        return f"127.0.0.1:{self.ports['triton_grpc']}"

    def stub(self) -> int:
        """The model's process, a child in the server's group."""
        for command in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                program, pid = command.read_bytes().split(b"\0")[0], int(command.parent.name)
                if program.endswith(b"backend_stub") and os.getpgid(pid) == self.process.pid:
                    return pid
            except OSError:
                continue
        raise AssertionError("the model has no process")


@contextmanager
def valkey_server(home: Path, max_memory: str = "256mb") -> Iterator[Valkey]:
    port = ports.free(1)[0]
    part = valkey.spec(home, port, PASSWORD, max_memory=max_memory, server=combination.BROKER)
    with running(part) as process:
        yield Valkey(process, port)


@contextmanager
def seaweed_server(home: Path) -> Iterator[Seaweed]:
    chosen = dict(zip(seaweed.PORTS, ports.free(len(seaweed.PORTS)), strict=True))
    with running(seaweed.spec(home, chosen, ACCESS, SECRET, "ab" * 32)) as process:
        yield Seaweed(process, chosen)


@contextmanager
def triton_server(
    home: Path, releases: Path, models: Path = triton.MODELS, release: str = ""
) -> Iterator[Triton]:
    chosen = dict(zip(triton.PORTS, ports.free(len(triton.PORTS)), strict=True))
    part = triton.spec(home, chosen, releases, models=models, release=release, threads=1)
    with running(part) as process:
        yield Triton(process, chosen)


def settings_for(
    home: Path, broker: Valkey | None = None, store: Seaweed | None = None, **more: object
) -> Settings:
    """Settings of a test, on its own folder and on the servers given. No study waits for more images."""
    given: dict[str, object] = {"home": home, "quiet_seconds": 0, **more}
    if broker is not None:
        given["broker_url"] = broker.url
    if store is not None:
        given["s3_endpoint"] = store.endpoint
        given["s3_access_key"] = store.access_key
        given["s3_secret_key"] = store.secret_key
    return Settings(**given)  # type: ignore[arg-type]
