"""Debian's Orthanc as the PACS of the tests."""

from __future__ import annotations

import io
import json
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import pydicom
import pytest

from bench.ingest.servers import program_running
from services.standalone import ports

AE_TITLE = "ORTHANC"


@dataclass(frozen=True)
class Orthanc:
    """A running one: its REST API, and where it takes C-STORE."""

    web: int
    dimse: int

    @property
    def address(self) -> str:
        """As a destination names it."""
        return f"{AE_TITLE}@127.0.0.1:{self.dimse}"

    def objects(self, study_uid: str) -> list[pydicom.Dataset]:
        """What it holds of a study."""
        query = {"StudyInstanceUID": study_uid}
        response = self._post("/tools/find", {"Level": "Instance", "Query": query})
        files = [self._get(f"/instances/{name}/file").content for name in response.json()]
        return [pydicom.dcmread(io.BytesIO(data)) for data in files]

    def wait_for(
        self, study_uid: str, modalities: set[str], seconds: float = 120
    ) -> list[pydicom.Dataset]:
        """Until it holds an object of each modality."""
        end = time.monotonic() + seconds
        while True:
            held = self.objects(study_uid)
            seen = {one.Modality for one in held}
            if modalities <= seen:
                return held
            assert time.monotonic() < end, f"the PACS holds {seen}"
            time.sleep(0.5)

    def _get(self, path: str) -> httpx.Response:
        return httpx.get(f"http://127.0.0.1:{self.web}{path}", timeout=30).raise_for_status()

    def _post(self, path: str, body: object) -> httpx.Response:
        address = f"http://127.0.0.1:{self.web}{path}"
        return httpx.post(address, json=body, timeout=30).raise_for_status()


@contextmanager
def running(home: Path) -> Iterator[Orthanc]:
    """On loopback, empty; skips where it is not installed."""
    program = shutil.which("Orthanc")
    if program is None:
        pytest.skip("Debian's orthanc is not here")
    web, dimse = ports.free(2)
    configuration = {
        "Name": "pacs",
        "StorageDirectory": str(home / "orthanc"),
        "IndexDirectory": str(home / "orthanc"),
        "HttpPort": web,
        "HttpBindAddresses": ["127.0.0.1"],
        "RemoteAccessAllowed": False,
        "AuthenticationEnabled": False,
        "DicomServerEnabled": True,
        "DicomAet": AE_TITLE,
        "DicomPort": dimse,
        "Plugins": [],
    }
    path = home / "orthanc.json"
    path.write_text(json.dumps(configuration))
    with program_running([program, str(path)], web, home / "orthanc.log"):
        yield Orthanc(web, dimse)
