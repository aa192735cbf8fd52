"""``fada exams`` and ``fada patients`` against the gateway."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import hub as hubs
import pytest
import readings
from pydicom import dcmread
from pydicom.uid import generate_uid
from typer.testing import CliRunner

from cli.hub import HubConnection
from cli.main import app
from services.domain.report import FrameReading, Measurement, Scored

SITE = "exams-command"
Fada = Callable[..., str]


@pytest.fixture
def fada(hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch) -> Fada:
    """Runs a command against the gateway of this process."""

    def connect(_hub: str = "", _key: str = "") -> HubConnection:
        made = HubConnection("http://testserver", "")
        made.http.close()
        made.http = hub.client(SITE)
        return made

    monkeypatch.setattr(HubConnection, "of", connect)

    def run(*words: str, code: int = 0) -> str:
        done = CliRunner().invoke(app, list(words), env={"COLUMNS": "200"})
        assert done.exit_code == code, done.output
        return done.output

    return run


@pytest.fixture
def study(hub: hubs.Hub) -> str:
    dataset = dcmread(hubs.SAMPLES / "head-27w.dcm")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.PatientName = "E-1[/]", "Doe^Jane"
    dataset.StudyDate, dataset.LastMenstrualDate = "20260301", "20250803"
    data = io.BytesIO()
    dataset.save_as(data)
    with hub.client(SITE) as client:
        item: Any = client.post("/api/uploads", files={"file": data.getvalue()}).json()["items"][0]
    frame = FrameReading(
        "1.2", item["sop_uid"], 1, 800, 540, True, 1.0, 0.9, Scored("head", 0.99),
        measurements=tuple(
            Measurement(name, mm * 3, mm, mm - 3, mm + 3, "region")
            for name, mm in {"HC": 285.0, "BPD": 80.0, "AC": 225.0, "FL": 58.0}.items()
        ),
    )  # fmt: skip
    report = readings.report(item["study_uid"], frame)
    readings.finish(hub.services.index, SITE, item["study_id"], report)
    return str(item["study_id"])


def test_lists_and_one_in_full(fada: Fada, study: str) -> None:
    listed = fada("exams", "--from", "2026-03-01")
    assert study in listed
    assert "AC below 3rd centile" in listed
    assert study not in fada("exams", "--from", "2026-03-02")
    hers = fada("exams", "jane")
    assert "E-1[/]" in hers
    assert "30w 0d" in hers
    assert "HC 285.0" in hers
    assert "nobody found" in fada("exams", "nobody")
    assert "Doe Jane" in fada("patients", "e-1")
    full = fada("exams", study, "--claim")
    assert "age 30w 0d by last period; the earliest scan agrees" in full
    assert "weight" in full
    assert "not assessed: OFD, CRL, NT" in full
    assert '"claim": null' not in fada("exams", "--json")
    fada("exams", study, "--unclaim")
    assert "usage" in fada("exams", "jane", "--claim", code=2).lower()
