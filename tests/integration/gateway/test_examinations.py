"""An examination over HTTP: one woman's images as one, beside her earlier examination."""

from __future__ import annotations

import io
from datetime import date, timedelta
from typing import Any

import hub as hubs
import pytest
import readings
from pydicom import dcmread
from pydicom.uid import generate_uid

from services.domain.report import FrameReading, Measurement, Scored

DAY = date(2026, 3, 1)


def send(hub: hubs.Hub, site: str, day: date, last_period: date | None = None, **more: str) -> Any:
    """A study of patient 17/A on a day; its outcome."""
    dataset = dcmread(hubs.SAMPLES / "head-27w.dcm")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.StudyDate = more.get("number", "17/A"), day.strftime("%Y%m%d")
    if last_period is not None:
        dataset.LastMenstrualDate = last_period.strftime("%Y%m%d")
    data = io.BytesIO()
    dataset.save_as(data)
    with hub.client(site) as client:
        answer = client.post("/api/uploads", files={"file": data.getvalue()})
    return answer.json()["items"][0]


def read(hub: hubs.Hub, site: str, item: Any, **mm: float) -> None:
    """A result of the hub with these measures, each on a frame of its own."""
    frames = [
        FrameReading(
            "1.2", item["sop_uid"], place, 800, 540, True, 1.0, 0.9, Scored("head", 0.99),
            measurements=(Measurement(name, value * 3, value, value - 3, value + 3, "region"),),
        )
        for place, (name, value) in enumerate(mm.items(), 1)
    ]  # fmt: skip
    report = readings.report(item["study_uid"], *frames)
    readings.finish(hub.services.index, site, item["study_id"], report)


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    return f"exam-{abs(hash(request.node.name)) % 10**8}"


def examination(hub: hubs.Hub, site: str, item: Any, **query: str) -> Any:
    with hub.client(site) as client:
        answer = client.get(f"/api/studies/{item['study_id']}/examination", params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_one_summary_with_weight_centiles_and_growth(hub: hubs.Hub, site: str) -> None:
    first = send(hub, site, DAY - timedelta(days=56), DAY - timedelta(days=210))
    read(hub, site, first, HC=200.0, AC=170.0, FL=38.0)
    now = send(hub, site, DAY)
    read(hub, site, now, HC=290.0, BPD=80.0, AC=260.0, FL=58.0)
    other = send(hub, site, DAY - timedelta(days=7), number="17*A")
    read(hub, site, other, HC=300.0)
    body = examination(hub, site, now)
    summary = body["summary"]
    assert summary["ga_days"] == 210  # by the last period that the first examination knew
    assert summary["dating"]["reason"] == "lmp_agrees"
    assert round(summary["weight"]["grams"]) == 1591
    assert summary["weight"]["centile"]["chart"].startswith("INTERGROWTH-21st")
    measures = {one["measure"]: one for one in summary["measures"]}
    assert measures["AC"]["centile"]["at_days"] == 210
    assert summary["not_assessed"] == ["OFD", "CRL", "NT"]
    grown = {one["measure"]: one for one in summary["growth"]}
    assert grown["HC"]["before"] == 200.0
    assert grown["HC"]["days"] == 56
    assert [one["study"]["id"] for one in body["earlier"]] == [first["study_id"]]
    hadlock = examination(hub, site, now, chart="Hadlock")["summary"]
    assert hadlock["weight"]["centile"]["chart"].startswith("Hadlock")


def test_no_centile_without_another_age(hub: hubs.Hub, site: str) -> None:
    alone = send(hub, site, DAY)
    read(hub, site, alone, HC=290.0)
    summary = examination(hub, site, alone)["summary"]
    assert summary["dating"]["reason"] == "scan_only"
    assert summary["measures"][0]["centile"] is None
    assert summary["discordance_days"] is None
    assert summary["weight"] is None


def test_a_study_without_a_result_has_assessed_nothing(hub: hubs.Hub, site: str) -> None:
    item = send(hub, site, DAY)
    summary = examination(hub, site, item)["summary"]
    assert summary["measures"] == []
    assert "HC" in summary["not_assessed"]
    assert summary["dating"] is None


def test_another_site_and_an_unknown_chart(hub: hubs.Hub, site: str) -> None:
    item = send(hub, site, DAY)
    with hub.client(site) as client, hub.client(f"{site}-other") as stranger:
        path = f"/api/studies/{item['study_id']}/examination"
        assert stranger.get(path).status_code == 404
        assert client.get(path, params={"chart": "Nobody"}).status_code == 422
