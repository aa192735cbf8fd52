"""The two servers compared, each on loopback with parts of its own: this hub and Debian's Orthanc."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from gateway.bootstrap import compose
from gateway.dependencies import Services
from services.domain.study import Role
from services.processes.process import running
from services.settings import Settings
from services.standalone import ports, seaweed, valkey
from services.standalone.programs import gateway_processes
from services.storage.connect import connect

PLUGIN = Path("/usr/share/orthanc/plugins/libOrthancDicomWeb.so")
ACCESS, SECRET, PASSWORD = "bench-access", "bench-secret-of-the-store", "bench-broker"
_START_SECONDS = 180.0  # for a server, on a machine under load


@dataclass(frozen=True)
class Target:
    """A STOW-RS server on loopback: where its service lies and how a client signs in."""

    name: str
    port: int
    path: str
    headers: dict[str, str]
    pid: int  # of the program


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
    stack.enter_context(running(valkey.spec(home, broker, PASSWORD, max_memory="256mb")))
    stack.enter_context(running(seaweed.spec(home, store, ACCESS, SECRET, "ab" * 32)))
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
