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
from services.domain.study import Role

DAY = date(2026, 3, 1)


def send(hub: hubs.Hub, site: str, day: date, last_period: date | None = None, **more: str) -> Any:
    """A study of patient 17/A on a day; its outcome."""
    dataset = dcmread(hubs.SAMPLES / "head-27w.dcm")
    dataset.StudyInstanceUID, dataset.SeriesInstanceUID = generate_uid(), generate_uid()
    dataset.SOPInstanceUID = dataset.file_meta.MediaStorageSOPInstanceUID = generate_uid()
    dataset.PatientID, dataset.StudyDate = more.get("number", "17/A"), day.strftime("%Y%m%d")
    dataset.PatientName = more.get("name", "Doe^Jane")
    dataset.Manufacturer, dataset.ManufacturerModelName = more.get("machine", "FADA/").split("/")
    dataset.OperatorsName = more.get("operator", "")
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
    with hub.client(site) as client:
        rows = {one["id"]: one for one in client.get("/api/studies").json()["items"]}
    assert rows[now["study_id"]]["ga_text"] == "30w 0d", "the worklist says the page's age"
    assert rows[first["study_id"]]["ga_text"] == "22w 0d"
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


def enter(hub: hubs.Hub, site: str, item: Any, based_on: int, **values: Any) -> Any:
    with hub.client(site) as client:
        path = f"/api/studies/{item['study_id']}/facts"
        return client.put(path, json={"based_on": based_on, "values": values})


def test_facts_change_the_summary_and_are_versions(hub: hubs.Hub, site: str) -> None:
    first = send(hub, site, DAY - timedelta(days=56))
    read(hub, site, first, HC=200.0, AC=170.0, FL=38.0)
    now = send(hub, site, DAY)
    read(hub, site, now, HC=290.0, BPD=80.0, AC=225.0, FL=58.0)
    assert examination(hub, site, now)["facts"]["version"] == 0
    made = enter(
        hub, site, first, 0, last_period=str(DAY - timedelta(days=210)), fetuses=1,
        anatomy={"spine": "seen"}, fluid={"kind": "index", "mm": 140}, comment="",
    )  # fmt: skip
    assert made.status_code == 200, made.text
    assert (made.json()["version"], "comment" in made.json()["values"]) == (1, False)
    assert enter(hub, site, first, 0, indication="pain").json()["code"] == "stale_version"
    body = examination(hub, site, now)
    assert body["summary"]["dating"]["reason"] == "lmp_agrees"
    assert body["patient"]["number"] == "17/A"
    assert body["pregnancy"] == {
        "id": body["pregnancy"]["id"], "last_period": str(DAY - timedelta(days=210)), "fetuses": 1,
        "examinations": 2,
    }  # fmt: skip
    assert (body["facts"]["version"], body["clash"]) == (0, None)
    (earlier,) = body["earlier"]
    assert (earlier["day"], earlier["ga_days"]) == (str(DAY - timedelta(days=56)), 154)
    assert earlier["mm"]["HC"] == 200.0
    assert earlier["summary"]["measures"]
    assert body["state"] == {"quiet_until": None, "reading": False, "complete": True}
    chosen = {"AC": {"sop_uid": now["sop_uid"], "frame": 3}}
    assert enter(hub, site, now, 0, chosen=chosen).status_code == 200
    with hub.client(site) as client:
        row = client.get(f"/api/studies/{now['study_id']}").json()
        history = client.get(f"/api/studies/{first['study_id']}/facts").json()["items"]
    assert row["headline"]["code"] == "below_3rd"
    assert row["headline"]["measure"] == "AC"
    assert [one["version"] for one in history] == [1]


def test_each_fact_names_who_said_it(hub: hubs.Hub, site: str) -> None:
    item = send(hub, site, DAY, DAY - timedelta(days=210))
    read(hub, site, item, HC=290.0)
    enter(hub, site, item, 0, anatomy={"heart": "seen"}, impression="Growing.")
    path = f"/api/studies/{item['study_id']}"
    with hub.client(site) as ann, hub.client(site, Role.SONOGRAPHER) as ben:
        values = {"anatomy": {"heart": "seen", "spine": "not_seen"}, "impression": "Growing."}
        body = {"based_on": 1, "values": values}
        assert ben.put(f"{path}/facts", json=body).status_code == 200
        order = {"number": "17/A", "name": "Doe^Jane", "day": str(DAY), "reason": "Small for age"}
        placed = ann.post("/api/orders", json=order)
        assert placed.status_code == 201, placed.text
        to_order = f"/api/orders/{placed.json()['id']}/studies"
        assert ann.post(to_order, json={"study_id": item["study_id"]}).is_success
        bundle = ann.get(f"{path}/results/latest/fhir.json").json()
    body = examination(hub, site, item)
    said = {(one["kind"], one["name"]): set(one["facts"]) for one in body["said"]}
    assert said["person", f"admin of {site}"] == {"anatomy", "impression"}
    assert said["person", f"sonographer of {site}"] == {"anatomy"}
    assert said["images", ""] == {"last_period"}
    assert said["order", placed.json()["accession"]] == {"indication"}
    assert body["order"]["reason"] == "Small for age"
    assert body["last_period"] == str(DAY - timedelta(days=210))
    texts = [entry["resource"].get("valueString") for entry in bundle["entry"]]
    assert {"Growing.", "Small for age"} <= set(texts)


def test_twins_are_told_apart_by_the_images_that_people_name(hub: hubs.Hub, site: str) -> None:
    item = send(hub, site, DAY, DAY - timedelta(days=210))
    read(hub, site, item, HC=290.0, AC=260.0)
    assert enter(hub, site, item, 0, fetuses=2).status_code == 200
    body = examination(hub, site, item)
    assert body["summary"]["measures"] == []
    assert {one["measure"] for one in body["summary"]["unassigned"]} == {"HC", "AC"}
    assert [one["summary"]["measures"] for one in body["fetuses"]] == [[], []]
    images = {item["sop_uid"]: "B"}
    assert enter(hub, site, item, 1, fetuses=2, fetus_images=images).status_code == 200
    body = examination(hub, site, item)
    first, second = body["fetuses"]
    assert first["summary"]["measures"] == []
    assert {one["measure"] for one in second["summary"]["measures"]} == {"HC", "AC"}
    assert second["summary"]["measures"][0]["centile"]["at_days"] == 210
    with hub.client(site) as client:
        path = f"/api/studies/{item['study_id']}/results/latest"
        bundle = client.get(f"{path}/fhir.json").json()
        assert client.get(f"{path}/report.pdf").status_code == 200
    focus = [e["resource"].get("focus") for e in bundle["entry"]]
    assert [{"display": "Fetus B"}] in focus


def test_the_image_that_a_person_chose_counts(hub: hubs.Hub, site: str) -> None:
    item = send(hub, site, DAY)
    frames = [
        FrameReading(
            "1.2", item["sop_uid"], place, 800, 540, True, 1.0, 0.9, Scored("head", 0.99),
            measurements=(Measurement("HC", mm * 3, mm, mm - 3, mm + 3, "region"),),
        )
        for place, mm in enumerate((290.0, 280.0), 1)
    ]  # fmt: skip
    report = readings.report(item["study_uid"], *frames)
    readings.finish(hub.services.index, site, item["study_id"], report)
    assert examination(hub, site, item)["summary"]["measures"][0]["mm"] == 285.0
    enter(hub, site, item, 0, chosen={"HC": {"sop_uid": item["sop_uid"], "frame": 2}})
    assert examination(hub, site, item)["summary"]["measures"][0]["mm"] == 280.0


def test_facts_are_held_to_their_words(hub: hubs.Hub, site: str) -> None:
    item = send(hub, site, DAY)
    assert enter(hub, site, item, 0, gender="x").status_code == 422
    assert enter(hub, site, item, 0, fluid={"kind": "index", "mm": -1}).status_code == 422
    assert enter(hub, site, item, 0, comment="x" * 4001).status_code == 422
    refused = enter(hub, site, item, 0, comment="It is a boy")
    assert (refused.status_code, refused.json()["code"]) == (400, "text_withheld")
    with hub.client(f"{site}-other") as stranger:
        path = f"/api/studies/{item['study_id']}/facts"
        assert stranger.get(path).status_code == 404
        assert stranger.put(path, json={"based_on": 0, "values": {}}).status_code == 404


def test_machine_and_operator_are_those_of_the_images(hub: hubs.Hub, site: str) -> None:
    item = send(hub, site, DAY, machine="Acme/Probe 9", operator="Mwangi^Asha")
    read(hub, site, item, HC=250.0)
    acquired = examination(hub, site, item)["acquired"]
    assert acquired == {"machine": "Acme Probe 9", "operator": "Mwangi^Asha"}
    picture = send(hub, site, DAY, number="18/A")
    read(hub, site, picture, HC=250.0)
    assert examination(hub, site, picture)["acquired"] == {"machine": "", "operator": ""}
