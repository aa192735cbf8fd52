"""A hub without its gateway: real index, store, broker, worker and sweeper processes."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import combination
import pydicom
import pytest
import servers

from services.dicom.objects.composite import derived_uid
from services.dicom.parser.parse import parse_bytes
from services.domain.study import IngestSource, Principal, Role
from services.index import open_index
from services.index.port import Index, Job, JobState, NewInstance
from services.processes.process import Process, ProcessSpec
from services.processes.process_reaper import ProcessReaper
from services.settings import Settings
from services.standalone import ports
from services.storage.port import ObjectStore
from services.storage.s3 import S3Store

ROOT = Path(__file__).parents[3]
RELEASES = ROOT / "models" / "releases"
SAMPLES = ROOT / "samples"
WHO = Principal("tester", "default", Role.ADMIN)
Change = Callable[[pydicom.Dataset], None]


def another(sample: str, number: str, *, study: str = "", change: Change | None = None) -> bytes:
    """A sample image as a further object: its own UIDs, the same pixels."""
    dataset = pydicom.dcmread(SAMPLES / sample)
    dataset.StudyInstanceUID = derived_uid("test study", study or number)
    dataset.SeriesInstanceUID = derived_uid("test series", study or number)
    dataset.SOPInstanceUID = derived_uid("test instance", number)
    dataset.file_meta.MediaStorageSOPInstanceUID = dataset.SOPInstanceUID
    if change is not None:
        change(dataset)
    out = pydicom.filebase.DicomBytesIO()
    dataset.save_as(out, enforce_file_format=True)
    return bytes(out.getvalue())


def receive(
    index: Index, store: ObjectStore, *objects: bytes, urgent: bool = False, who: Principal = WHO
) -> str:
    """What the intake does: object first, then one transaction. The job's id; nothing is sent."""
    new, parsed = [], None
    for data in objects:
        parsed = parse_bytes(data)
        stored = store.put(who.site, data, "application/dicom")
        new.append(
            NewInstance(
                parsed.series_uid,
                parsed.sop_uid,
                parsed.sop_class,
                parsed.transfer_syntax,
                parsed.modality,
                stored.sha256,
                stored.size,
                parsed.rows,
                parsed.columns,
                parsed.frames,
                parsed.attributes,
            )
        )
    assert parsed is not None
    with index.begin() as tx:
        answers = tx.studies.receive(
            who, parsed.study_uid, parsed.study_attributes, new,
            source=IngestSource.STOW, urgent=urgent, request_id="request-of-a-test",
        )  # fmt: skip
    assert answers[0].job_id is not None
    return answers[0].job_id


def part(name: str, module: str, settings: Settings, folder: Path) -> ProcessSpec:
    environment = {
        f"FADA_{key.upper()}": str(secret() if secret else value)
        for key, value in settings.model_dump().items()
        if not isinstance(value, bool) or value
        for secret in [getattr(value, "get_secret_value", None)]
    }
    return ProcessSpec(
        name,
        (sys.executable, "-m", module),
        folder / f"{name}.log",
        lambda: True,
        env=environment,
        cwd=ROOT,
        stop_seconds=90,
    )


@dataclass
class Hub:
    settings: Settings
    index: Index
    store: S3Store
    broker: servers.Valkey
    worker: Process
    sweeper: Process
    sent: list[str] = field(default_factory=list)

    def send(self, *objects: bytes, urgent: bool = False, who: Principal = WHO) -> str:
        job_id = receive(self.index, self.store, *objects, urgent=urgent, who=who)
        self.sent.append(job_id)
        return job_id

    def job(self, job_id: str) -> Job:
        with self.index.read() as tx:
            return tx.jobs.get(None, job_id)

    def wait(self, job_id: str, *states: JobState, seconds: float = 300) -> Job:
        until = time.monotonic() + seconds
        while (job := self.job(job_id)).state not in states:
            if time.monotonic() > until:
                raise AssertionError(
                    f"{job.state} {job.error_code}\n{self.worker.tail()}\n{self.sweeper.tail()}"
                )
            time.sleep(0.005 if JobState.LEASED in states else 0.05)
        return job

    def results(self, job_id: str) -> int:
        """How many results of the hub the job's study has."""
        job = self.job(job_id)
        with self.index.read() as tx:
            return len(tx.results.versions(job.site, job.study_id))


@contextmanager
def running(home: Path, seaweed: servers.Seaweed, **more: object) -> Iterator[Hub]:
    """Its own broker, which a test may kill; leases and delays short, so that tests are."""
    with servers.valkey_server(home) as broker:
        given: dict[str, object] = {
            "s3_bucket": "worker-tests", "index_url": combination.index_url(home),
            "runner": "inprocess", "releases": RELEASES, "lease_seconds": 8, "sweep_seconds": 0.3,
            "visibility_timeout": 2, "restore_interval": 1, "worker_processes": 2,
            "metrics_port": ports.free(1)[0],
        }  # fmt: skip
        settings = servers.settings_for(home, broker, seaweed, **{**given, **more})
        index = open_index(settings.index_url)
        index.migrate()
        store = S3Store(seaweed.endpoint, seaweed.access_key, seaweed.secret_key, "worker-tests")
        store.prepare()
        reaper = ProcessReaper()
        worker = Process(part("worker", "workers.supervisor", settings, home), reaper)
        sweeper = Process(part("sweeper", "workers.sweeper", settings, home), reaper)
        worker.start()
        sweeper.start()
        yield Hub(settings, index, store, broker, worker, sweeper)
        worker.stop()
        sweeper.stop()
        reaper.close()
        store.close()
        index.close()


@pytest.fixture(scope="module")
def hub(seaweed: servers.Seaweed, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Hub]:
    """A hub whose workers read images themselves."""
    with running(tmp_path_factory.mktemp("hub"), seaweed) as started:
        yield started


def processes_of(group: int) -> list[tuple[int, str]]:
    """(pid, command line) of a process group."""
    listed = subprocess.run(
        ["ps", "-eo", "pid=,pgid=,args="], capture_output=True, text=True, check=True
    )
    rows = (line.split(None, 2) for line in listed.stdout.splitlines())
    return [(int(pid), args) for pid, pgid, args in rows if int(pgid) == group]


def owner_pid(job: Job) -> int:
    """The process that holds a lease."""
    assert job.lease_owner is not None
    return int(job.lease_owner.split(":")[1])


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
