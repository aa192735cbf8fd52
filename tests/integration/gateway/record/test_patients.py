"""Patients over HTTP: found, shown, corrected everywhere; a clash decided; a study withdrawn, claimed."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import hub as hubs
import pytest
import readings
from pydicom import dcmread
from pydicom.uid import generate_uid

from services.domain.report import FrameReading, Measurement, Scored

NUMBER, BIRTH = "P-77", "19900201"


def file(study_uid: str = "", **tags: str) -> bytes:
    dataset = dcmread(hubs.SAMPLES / "head-27w.dcm")
    dataset.StudyInstanceUID = study_uid or generate_uid()
    dataset.SeriesInstanceUID = generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.SpecificCharacterSet = "ISO_IR 192"
    values = {"PatientID": NUMBER, "PatientName": "Doe^Jane", "PatientBirthDate": BIRTH}
    for name, value in {**values, "StudyDate": "20260301", **tags}.items():
        setattr(dataset, name, value)
    data = io.BytesIO()
    dataset.save_as(data)
    return data.getvalue()


def send(hub: hubs.Hub, site: str, *files: bytes) -> list[Any]:
    with hub.client(site) as client:
        answer = client.post("/api/uploads", files=[("file", one) for one in files])
    assert answer.status_code == 200, answer.text
    items: list[Any] = answer.json()["items"]
    return items


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    return f"patients-{abs(hash(request.node.name)) % 10**8}"


def test_found_shown_and_corrected_everywhere(hub: hubs.Hub, site: str) -> None:
    (item,) = send(hub, site, file())
    frame = FrameReading(
        "1.2", item["sop_uid"], 1, 800, 540, True, 1.0, 0.9, Scored("head", 0.99),
        measurements=(Measurement("HC", 870.0, 290.0, 287.0, 293.0, "region"),),
    )  # fmt: skip
    report = readings.report(item["study_uid"], frame)
    readings.finish(hub.services.index, site, item["study_id"], report)
    with hub.client(site) as client:
        (patient,) = client.get("/api/patients", params={"q": "doe p-77"}).json()["items"]
        assert (patient["number"], patient["name"]) == (NUMBER, "Doe^Jane")
        woman = client.get(f"/api/patients/{patient['id']}").json()
        (pregnancy,) = woman["pregnancies"]
        (shown,) = pregnancy["examinations"]
        assert (shown["study"]["id"], shown["mm"]) == (item["study_id"], {"HC": 290.0})
        assert (shown["day"], shown["plane"]) == ("2026-03-01", "head")
        assert pregnancy["dating"]["reason"] == "scan_only"
        body = {
            "number": "P-78",
            "name": "=山田^花子",
            "birth_date": "1991-02-01",
            "reason": "slip",
        }
        answer = client.patch(f"/api/patients/{patient['id']}", json=body)
        assert answer.status_code == 200, answer.text
        (again,) = client.get("/api/patients", params={"q": "花子"}).json()["items"]
        assert again["id"] == patient["id"]
        qido = client.get("/dicomweb/studies", params={"PatientID": "P-78"}).json()
        assert qido[0]["00100010"]["Value"] == [{"Ideographic": "山田^花子"}]
        path = f"/dicomweb/studies/{item['study_uid']}"
        metadata = client.get(f"{path}/metadata").json()[0]
        assert metadata["00100020"]["Value"] == ["P-78"]
        series = client.get(f"{path}/instances").json()[0]["0020000E"]["Value"][0]
        one = f"{path}/series/{series}/instances/{item['sop_uid']}"
        for accept in ("", "; transfer-syntax=1.2.840.10008.1.2.1"):
            answer = client.get(one, headers={"Accept": f"application/dicom{accept}"})
            assert answer.status_code == 200, answer.text
            given = dcmread(io.BytesIO(answer.content))
            assert (given.PatientID, given.PatientBirthDate) == ("P-78", "19910201")
            assert given.PatientName.ideographic == "山田^花子"
            assert given.SOPInstanceUID == item["sop_uid"]
            sent = dcmread(hubs.SAMPLES / "head-27w.dcm")
            assert (given.pixel_array == sent.pixel_array).all()
        fhir = client.get(f"/api/studies/{item['study_id']}/results/latest/fhir.json")
        assert "P-78" in fhir.text
        assert NUMBER not in fhir.text
        assert (
            client.patch(f"/api/patients/{patient['id']}", json={"reason": "x"}).status_code == 400
        )
    with hub.client(f"{site}-other") as stranger:
        assert stranger.get(f"/api/patients/{patient['id']}").status_code == 404
        assert stranger.get("/api/patients").json() == {"items": [], "cursor": None}


def test_two_numbers_in_one_request_are_no_silent_merge(hub: hubs.Hub, site: str) -> None:
    uid = generate_uid()
    mine, hers = send(hub, site, file(uid), file(uid, PatientID="P-99", PatientName="Roe^Ann"))
    assert mine["study_id"] == hers["study_id"]
    with hub.client(site) as client:
        path = f"/api/studies/{mine['study_id']}"
        clash = client.get(f"{path}/examination").json()["clash"]
        assert {one["field"] for one in clash["fields"]} == {"number", "name"}
        (row,) = client.get("/api/studies").json()["items"]
        assert row["headline"] == {"code": "identity_clash"}
        answer = client.post(f"{path}/identity", json={"decision": "other_patient"})
        assert answer.status_code == 200, answer.text
        assert client.get(f"{path}/examination").json()["clash"] is None
        rows = client.get("/api/studies").json()["items"]
        assert {one["patient"]["id"] for one in rows} == {NUMBER, "P-99"}
        (other,) = [one for one in rows if one["patient"]["id"] == "P-99"]
        retrieved = client.get(f"/dicomweb/studies/{other['study_uid']}/metadata").json()
        assert retrieved[0]["0020000D"]["Value"] == [other["study_uid"]]
        assert client.post(f"{path}/identity", json={"decision": "take_new"}).status_code == 409


def test_withdrawn_and_restored(hub: hubs.Hub, site: str) -> None:
    (item,) = send(hub, site, file())
    with hub.client(site) as client:
        path = f"/api/studies/{item['study_id']}"
        readings.finish(
            hub.services.index, site, item["study_id"], readings.report(item["study_uid"])
        )
        link = client.post(f"{path}/shares", json={}).json()["url"].rpartition("/")[2]
        assert client.get(f"/api/shared/{link}").status_code == 200
        assert client.post(f"{path}/withdraw", json={"reason": ""}).status_code == 422
        assert client.post(f"{path}/withdraw", json={"reason": "a phantom"}).status_code == 200
        assert client.get("/api/studies").json()["total"] == 0
        assert client.get("/api/studies", params={"withdrawn": True}).json()["total"] == 1
        assert client.get(f"/api/shared/{link}").status_code == 410
        for where in ("studies", f"studies/{item['study_uid']}/series", "instances"):
            assert client.get(f"/dicomweb/{where}").status_code == 204
        assert client.post(f"{path}/restore").json()["withdrawn_at"] is None
        assert len(client.get("/dicomweb/instances").json()) == 1


def test_moved_claimed_and_found_by_day(hub: hubs.Hub, site: str) -> None:
    first, second = send(hub, site, file(), file(PatientID="P-5", PatientName="Roe^Ann"))
    with hub.client(site) as client:
        path = f"/api/studies/{first['study_id']}"
        body = {"number": "P-5", "reason": "mixed up"}
        moved = client.post(f"{path}/patient", json=body).json()
        assert moved["patient"]["name"] == "Roe Ann"
        there = client.get(f"/api/studies/{second['study_id']}").json()
        assert moved["patient_id"] == there["patient_id"]
        own = client.post(f"{path}/pregnancy", json={"pregnancy_id": "new"}).json()
        assert own["pregnancy_id"] != there["pregnancy_id"]
        claimed = client.post(f"{path}/claim").json()["claim"]
        assert claimed["name"]
        assert client.delete(f"{path}/claim").json()["claim"] is None
        days = {"date_from": str(date(2026, 3, 1)), "date_to": str(date(2026, 3, 1))}
        assert client.get("/api/studies", params=days).json()["total"] == 2
        assert client.get("/api/studies", params={"date_from": "2026-03-02"}).json()["total"] == 0
