"""Files as real machines and archives write them: each comes in, is read, and costs nobody else.

``tests/fixtures/odd``: made from ``samples/head-27w.dcm``, one oddity each; ``expected.tsv`` says what
must come out. They go the whole way: upload, parser, index, worker, report, page and metadata.
"""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import hub as hubs
import pydicom
import pytest
import servers

from services.dicom.parser.parse import Limits, parse_file
from services.domain.study import Role
from services.inference.inprocess import InProcessInference
from services.reading.contract import Phase, RawReading
from services.reading.images.picture import Gray
from services.reading.releases.registry import Manifests
from workers.analysis.job_runner import JobRunner
from workers.resources import Resources

ROOT = Path(__file__).parents[3]
ODD = ROOT / "tests" / "fixtures" / "odd"
RELEASES = ROOT / "models" / "releases"
SAMPLES = ROOT / "samples"
HC = 250.7
EXPECTED = {
    name: value
    for name, value, *_ in csv.reader(
        (ODD / "expected.tsv").read_text().splitlines(), delimiter="\t"
    )
}


class DensePhases:
    """The release's dense network alone: what measures. Words would take minutes here."""

    def __init__(self) -> None:
        self._inner = InProcessInference(RELEASES)

    def read(
        self,
        images: list[Gray],
        phases: tuple[Phase, ...],
        *,
        request_id: str = "",
        structures: tuple[str, ...] = (),
    ) -> list[RawReading]:
        return self._inner.read(images, (), request_id=request_id)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    def canary(self) -> None:
        self._inner.canary()

    def close(self) -> None:
        self._inner.close()


@dataclass
class Odd:
    """A hub, a worker of this process, and a client at a site of the test's own."""

    hub: hubs.Hub
    resources: Resources
    runner: JobRunner
    client: httpx.Client
    sent: list[str] = field(default_factory=list)  # jobs

    def send(self, *paths: Path, **fields: str) -> dict[str, Any]:
        files = [("file", (path.name, path.read_bytes())) for path in paths]
        answer = self.client.post("/api/uploads", files=files, data=fields)
        assert answer.status_code == 200, answer.text
        self.sent += [item["job_id"] for item in answer.json()["items"] if item.get("job_id")]
        return dict(answer.json())

    def run(self, job_id: str) -> str:
        """What became of the job; a long study is read in turns."""
        while (outcome := self.runner.run(job_id)) == "turn":
            pass
        return outcome

    def read(self, item: dict[str, Any]) -> dict[str, Any]:
        """The report of the item's study, after its job."""
        if item["job_id"]:
            assert self.run(item["job_id"]) == "done"
        answer = self.client.get(f"/api/studies/{item['study_id']}/results/latest/report.json")
        assert answer.status_code == 200, answer.text
        return dict(answer.json())


@pytest.fixture(scope="module")
def parts(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[tuple[hubs.Hub, Resources, JobRunner]]:
    """The hub, and one worker for all tests: each worker keeps children that open images."""
    home = tmp_path_factory.mktemp("odd")
    with hubs.running(home, valkey, seaweed, rate_per_second=1000.0) as running:
        services = running.services
        resources = Resources(
            services.settings,
            services.index,
            services.store,
            DensePhases(),
            Manifests(RELEASES),
        )
        runner = JobRunner(resources, owner="test")
        yield running, resources, runner
        runner.close()


@pytest.fixture
def odd(
    parts: tuple[hubs.Hub, Resources, JobRunner], request: pytest.FixtureRequest
) -> Iterator[Odd]:
    """The files share their UIDs, so each test has a site of its own."""
    hub, resources, runner = parts
    site = hashlib.sha256(request.node.name.encode()).hexdigest()[:12]
    with hub.client(site, Role.ADMIN) as client:
        made = Odd(hub, resources, runner, client)
        yield made
        for (
            job_id
        ) in made.sent:  # a job that waits makes a later, long one give way again and again
            made.run(job_id)


def measured(report: dict[str, Any]) -> dict[str, float | None]:
    """HC in mm (None: pixels alone) by SOP Instance UID."""
    return {
        frame["sop_uid"]: m["mm"]
        for frame in report["frames"]
        for m in frame["measurements"]
        if m["name"] == "HC"
    }


def path_of(name: str) -> Path:
    return ODD / (name if "." in name else f"{name}.dcm")


@pytest.mark.parametrize("name", [n for n, v in EXPECTED.items() if v in (f"HC={HC}", "px only")])
def test_an_odd_image_is_read(odd: Odd, name: str) -> None:
    scale = {"pixel_mm": "0.2949"} if name.endswith(".png") else {}
    item = odd.send(path_of(name), **scale)["items"][0]
    report = odd.read(item)
    value = measured(report)[item["sop_uid"]]
    if EXPECTED[name] == "px only":
        assert value is None
    else:
        assert value == pytest.approx(HC, abs=1.5)
    _pages_answer(odd, item)


def _pages_answer(odd: Odd, item: dict[str, Any]) -> None:
    assert odd.client.get(f"/api/studies/{item['study_id']}").status_code == 200
    address = f"/dicomweb/studies/{item['study_uid']}"
    metadata = odd.client.get(f"{address}/metadata")
    assert metadata.status_code == 200, metadata.text
    assert item["sop_uid"] in {one["00080018"]["Value"][0] for one in metadata.json()}


@pytest.mark.parametrize(
    ("name", "taken", "skipped"),
    [
        ("cd_weasis", 2, {"DICOMDIR", "weasis/bundle/core.jar.xz", "weasis/app.zip"}),
        ("cd_no_viewer", 2, {"DICOMDIR"}),
        ("dot_entry", 1, set()),
        ("powershell_backslash", 2, set()),
    ],
)
def test_an_archive_gives_its_study_and_names_the_rest(
    odd: Odd, name: str, taken: int, skipped: set[str]
) -> None:
    answer = odd.send(ODD / f"{name}.zip")
    accepted = [item for item in answer["items"] if item["accepted"]]
    assert len(accepted) == taken
    assert len({item["study_id"] for item in accepted}) == 1
    refused = {
        item["name"]: item["problem"]["code"] for item in answer["items"] if not item["accepted"]
    }
    assert set(refused) == skipped
    assert set(refused.values()) <= {"unsupported_object", "unsupported_media"}
    values = measured(odd.read(accepted[-1]))
    assert values == {item["sop_uid"]: pytest.approx(HC, abs=1.5) for item in accepted}


@pytest.mark.parametrize("picture", ["head-27w.png", "gray.jpg"])
def test_a_picture_sent_again_with_a_scale_and_a_name_is_a_correction(
    odd: Odd, picture: str
) -> None:
    path = (SAMPLES if picture.startswith("head") else ODD) / picture
    first = odd.send(path)["items"][0]
    assert set(measured(odd.read(first)).values()) == {None}
    again = odd.send(path, pixel_mm="0.2949", patient_name="Roe^Jane")["items"][0]
    assert (again["sop_uid"], again["study_id"]) == (first["sop_uid"], first["study_id"])
    assert again["job_id"] not in (None, first["job_id"])
    assert measured(odd.read(again)) == {first["sop_uid"]: pytest.approx(HC, abs=1.5)}
    study = odd.client.get(f"/api/studies/{first['study_id']}").json()
    assert study["patient"]["name"] == "Roe Jane"
    the_same = odd.send(path, pixel_mm="0.2949", patient_name="Roe^Jane")["items"][0]
    assert (the_same["accepted"], the_same["new"]) == (True, False)


def test_other_bytes_of_an_instance_that_was_sent_as_dicom_are_still_refused(odd: Odd) -> None:
    sent = pydicom.dcmread(SAMPLES / "head-14w.dcm")
    odd.send(SAMPLES / "head-14w.dcm")
    sent.PatientName = "Other^Name"
    out = io.BytesIO()
    sent.save_as(out, enforce_file_format=True)
    answer = odd.client.post("/api/uploads", files={"file": ("a.dcm", out.getvalue())})
    assert (answer.status_code, answer.json()["code"]) == (409, "different_bytes")


def test_an_image_that_cannot_be_shown_costs_itself_alone(odd: Odd) -> None:
    """Two good heads and one without a palette in one study: the heads are read, the third is named."""
    bad = pydicom.dcmread(ODD / "palette_without_lut.dcm")
    files = [("file", ("bad.dcm", path_of("palette_without_lut").read_bytes()))]
    for number, name in enumerate(("head-27w.dcm", "head-35w.dcm")):
        good = pydicom.dcmread(SAMPLES / name)
        good.StudyInstanceUID = bad.StudyInstanceUID
        good.SOPInstanceUID = good.file_meta.MediaStorageSOPInstanceUID = pydicom.uid.UID(
            f"1.2.3.{number}"
        )
        out = io.BytesIO()
        good.save_as(out, enforce_file_format=True)
        files.append(("file", (name, out.getvalue())))
    answer = odd.client.post("/api/uploads", files=files)
    assert answer.status_code == 200, answer.text
    report = odd.read(answer.json()["items"][0])
    assert set(measured(report)) == {"1.2.3.0", "1.2.3.1"}
    assert report["skipped"] == [[str(bad.SOPInstanceUID), "palette_unusable"]]


def test_a_study_of_one_image_that_cannot_be_shown_says_why(odd: Odd) -> None:
    item = odd.send(path_of("palette_without_lut"))["items"][0]
    assert odd.run(item["job_id"]) == "dead"
    with odd.resources.index.read() as tx:
        job = tx.jobs.get(None, item["job_id"])
    assert job.error_code == "nothing_readable"
    assert "palette_unusable" in job.error_detail


def test_all_of_them_in_one_study_cost_the_good_images_nothing(odd: Odd) -> None:
    """Two good heads and every odd image together: one job, one report, the good ones in it."""
    study = "2.25.7"
    files = []
    for path in [*sorted(ODD.glob("*.dcm")), SAMPLES / "head-27w.dcm", SAMPLES / "head-35w.dcm"]:
        data = path.read_bytes()
        own = str(parse_file(path, Limits(2**28, 2**30, 1000)).study_uid).encode()
        if path.stem != "deflate_gzip_trailer":  # its UID is not to be seen from outside
            assert own in data
            files.append((path.name, data.replace(own, study.encode().ljust(len(own), b"\0"))))
    answer = odd.client.post("/api/uploads", files=[("file", file) for file in files])
    assert answer.status_code == 200, answer.text
    items = answer.json()["items"]
    assert [item["name"] for item in items if not item["accepted"]] == []
    assert {item["study_uid"] for item in items} == {study}
    report = odd.read(items[-1])
    values = measured(report)
    assert all(values[item["sop_uid"]] is not None for item in items[-2:])
    assert [code for _, code in report["skipped"]] == ["palette_unusable"]
