"""The rest of a hospital for the drill: a PACS, a receiver of HL7 v2, a FHIR server, dcmtk's machines."""

from __future__ import annotations

import json
import shutil
import socketserver
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import hl7
import httpx
import pydicom
from fhir.resources.R4B import get_fhir_model_class
from pydicom.dataset import Dataset

from bench.serving import serving
from services.processes.process import Process, ProcessSpec
from services.processes.process_reaper import ProcessReaper
from services.standalone import ports


@dataclass
class Pacs:
    """Debian's Orthanc, which can be down. AE title PACS."""

    home: Path
    dimse: int
    web: int
    _reaper: ProcessReaper = field(default_factory=ProcessReaper)
    _process: Process | None = None

    @classmethod
    def at(cls, home: Path) -> Pacs:
        """Raises SystemExit where Orthanc is not installed."""
        if shutil.which("Orthanc") is None:
            raise SystemExit("Install Debian's orthanc: make debian")
        home.mkdir(parents=True)
        dimse, web = ports.free(2)
        return cls(home, dimse, web)

    def start(self) -> None:
        """Up, and answering."""
        configuration = {
            "Name": "drill", "StorageDirectory": str(self.home), "IndexDirectory": str(self.home),
            "HttpPort": self.web, "HttpBindAddresses": ["127.0.0.1"], "RemoteAccessAllowed": False,
            "DicomPort": self.dimse, "DicomAet": "PACS", "DicomAlwaysAllowStore": True,
            "AuthenticationEnabled": False, "Plugins": [],
        }  # fmt: skip
        path = self.home / "orthanc.json"
        path.write_text(json.dumps(configuration))
        spec = ProcessSpec(
            name="orthanc", command=("Orthanc", str(path)), cwd=self.home, env={},
            log=self.home / "orthanc.log", ready=self._answers, stop_seconds=10,
        )  # fmt: skip
        self._process = Process(spec, self._reaper)
        self._process.start()

    def ready(self) -> bool:
        """Whether it answers now."""
        return self._answers()

    def stop(self) -> None:
        """Down; what it has stays on its disk."""
        if self._process is not None:
            self._process.ask_to_stop()
            self._process.finish_stop()
            self._process = None
        self._reaper.close()
        self._reaper = ProcessReaper()

    def objects(self, study_uid: str) -> list[dict[str, Any]]:
        """The tags of each object of a study."""
        query = {"Level": "Instance", "Query": {"StudyInstanceUID": study_uid}}
        answers = httpx.post(f"{self._url}/tools/find", json=query, timeout=30).json()
        return [
            httpx.get(f"{self._url}/instances/{one}/simplified-tags", timeout=30).json()
            for one in answers
        ]

    @property
    def _url(self) -> str:
        return f"http://127.0.0.1:{self.web}"

    def _answers(self) -> bool:
        try:
            return httpx.get(f"{self._url}/system", timeout=2).status_code == 200
        except httpx.TransportError:
            return False


@contextmanager
def hl7_receiver(got: list[hl7.Message]) -> Iterator[int]:
    """Accepts every message; its port."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            data = b""
            while not data.endswith(b"\x1c\r"):
                piece = self.request.recv(65536)
                if not piece:
                    return
                data += piece
            got.append(hl7.parse(data.strip(b"\x0b\x1c\r").decode()))
            self.request.sendall(b"\x0b" + str(got[-1].create_ack("AA")).encode() + b"\x1c\r")

    with serving(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@dataclass
class FhirStore:
    """What a FHIR server holds after its transactions: by type and id."""

    resources: dict[str, dict[str, Any]] = field(default_factory=dict)
    invalid: list[str] = field(default_factory=list)
    transactions: int = 0

    def take(self, bundle: dict[str, Any]) -> None:
        """Validate every resource by its R4B model, then keep it at the address of its request."""
        self.transactions += 1
        for entry in bundle.get("entry", []):
            resource = entry["resource"]
            try:
                get_fhir_model_class(resource["resourceType"]).model_validate(resource)
            except ValueError as error:
                self.invalid.append(f"{resource.get('resourceType')}: {type(error).__name__}")
            self.resources[entry["request"]["url"]] = resource

    def of(self, kind: str) -> list[dict[str, Any]]:
        """Those of one type."""
        return [one for one in self.resources.values() if one["resourceType"] == kind]


@contextmanager
def fhir_server(store: FhirStore) -> Iterator[int]:
    """Its port."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            size = int(self.headers.get("content-length", 0))
            store.take(json.loads(self.rfile.read(size)))
            body = json.dumps({"resourceType": "Bundle", "type": "transaction-response"}).encode()
            self.send_response(200)
            self.send_header("Content-Type", "application/fhir+json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            return

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield port


@dataclass(frozen=True)
class Machines:
    """dcmtk's programs against the hub, by TLS with a client's certificate."""

    folder: Path
    port: int

    def certificate(self) -> Path:
        """One file with certificate and key; the certificate is its own authority."""
        both = self.folder / "both.pem"
        if not both.exists():
            subprocess.run(
                ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
                 "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
                 "-keyout", "key.pem", "-out", "own.pem"],
                cwd=self.folder, check=True, capture_output=True,
            )  # fmt: skip
            both.write_text(self.own.read_text() + (self.folder / "key.pem").read_text())
        return both

    @property
    def own(self) -> Path:
        """The certificate alone."""
        return self.folder / "own.pem"

    def run(self, program: str, aet: str, *more: str) -> subprocess.CompletedProcess[str]:
        """One of dcmtk's users, as ``aet``."""
        key = str(self.folder / "key.pem")
        command = [program, "-v", "+tls", key, str(self.own), "+cf", str(self.own), "-aet", aet,
                   "-aec", "FADA", "127.0.0.1", str(self.port), *more]  # fmt: skip
        return subprocess.run(command, capture_output=True, text=True, timeout=120)

    def worklist(self, aet: str) -> list[Dataset]:
        """The list of this machine."""
        folder = self.folder / f"worklist-{aet}"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        step = "ScheduledProcedureStepSequence[0]"
        keys = ["PatientName", "PatientID", "PatientBirthDate", "AccessionNumber",
                "StudyInstanceUID", f"{step}.ScheduledProcedureStepID", f"{step}.Modality"]  # fmt: skip
        asked = [part for key in keys for part in ("-k", key)]
        self.run("findscu", aet, "-W", "-X", "-od", str(folder), *asked)
        return [pydicom.dcmread(one, force=True) for one in sorted(folder.iterdir())]
