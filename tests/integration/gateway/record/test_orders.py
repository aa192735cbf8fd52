"""Orders over HTTP and MLLP: placed, changed, met by studies, matched by people; each site its own."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from datetime import date
from typing import Any

import hub as hubs
import pytest
from integration.gateway.record.test_patients import file, send

from gateway.hl7.server import Hl7Server
from services.domain.study import Role
from services.publish import mllp
from services.publish.outcomes import PushRejected


@pytest.fixture
def site(request: pytest.FixtureRequest) -> str:
    return f"orders-{abs(hash(request.node.name)) % 10**8}"


@pytest.fixture
def listener(hub: hubs.Hub, site: str) -> Iterator[Hl7Server]:
    settings = hub.services.settings.model_copy(
        update={"hl7_site": "nowhere", "hl7_sites": {"WARD9": site}, "hl7_senders": "HIS"}
    )
    made = Hl7Server(hub.services.index, settings, port=0)
    yield made
    made.close()


def hl7(kind: str, *segments: str, sender: str = "HIS") -> str:
    head = f"MSH|^~\\&|{sender}|WARD9|FADA|X|20260301080000||{kind}|42|P|2.5.1||||||UNICODE UTF-8\r"
    return head + "".join(segments)


def person(number: str = "P-77", name: str = "Doe^Jane") -> str:
    return f"PID|1||{number}^^^HIS^MR||{name}||19900201|F\r"


def order(control: str = "NW", accession: str = "A77") -> str:
    obr = f"OBR|1|77^HIS||US1^Growth scan{'|' * 14}{accession}|||US1\r"
    return f"ORC|{control}|77^HIS\r{obr}"


def test_an_order_by_hl7_is_met_by_its_study(
    hub: hubs.Hub, site: str, listener: Hl7Server, today: date
) -> None:
    address = ("127.0.0.1", listener.port)
    for _ in range(2):  # messages come twice
        mllp.send(address, hl7("ORM^O01", person(), order()))
    with hub.client(site) as client:
        (one,) = client.get("/api/orders").json()["items"]
        assert (one["accession"], one["number"], one["state"]) == ("A77", "P-77", "scheduled")
        assert (one["source"], one["station"], one["day"]) == ("hl7", "US1", str(today))
        (item,) = send(hub, site, file(AccessionNumber="A77"))
        got = client.get(f"/api/orders/{one['id']}").json()
        assert [s["id"] for s in got["studies"]] == [item["study_id"]]
        assert (got["state"], got["steps"]) == ("in_progress", [])
        assert client.get("/api/orders/unmatched").json()["items"] == []
        refused = client.patch(f"/api/orders/{one['id']}", json={"state": "cancelled"})
        assert refused.status_code == 409
        done = client.patch(f"/api/orders/{one['id']}", json={"state": "completed"}).json()
        assert done["state"] == "completed"
    with pytest.raises(PushRejected):
        mllp.send(address, hl7("ORM^O01", person(), order("CA")))
    with pytest.raises(PushRejected):  # it has begun for her
        mllp.send(address, hl7("ORM^O01", person(name="Roe^Ann"), order("XO")))
    with pytest.raises(PushRejected):
        mllp.send(address, hl7("ORM^O01", person(), order(), sender="STRANGER"))
    with hub.client(f"{site}-other") as stranger:
        assert stranger.get("/api/orders").json()["items"] == []
        assert stranger.get(f"/api/orders/{one['id']}").status_code == 404


def test_news_of_a_patient_wait_for_a_person(hub: hubs.Hub, site: str, listener: Hl7Server) -> None:
    address = ("127.0.0.1", listener.port)
    send(hub, site, file())
    mllp.send(address, hl7("ADT^A08", person(name="Doe^Janet")))
    with hub.client(site) as client:
        (one,) = client.get("/api/patient-news").json()["items"]
        assert (one["name"], one["recorded"]["name"]) == ("Doe^Janet", "Doe^Jane")
        path = f"/api/patient-news/{one['id']}"
        with hub.client(site, Role.READER) as reader:
            assert reader.post(path, json={"accept": True}).status_code == 403
        assert client.post(path, json={"accept": True}).status_code == 204
        assert client.post(path, json={"accept": True}).status_code == 409
        assert client.get("/api/patients").json()["items"][0]["name"] == "Doe^Janet"
        mllp.send(address, hl7("ADT^A40", person("N-1", "Doe^Janet"), "MRG|P-77^^^HIS^MR\r"))
        (one,) = client.get("/api/patient-news").json()["items"]
        assert (one["number"], one["prior"]) == ("N-1", "P-77")
        assert client.post(f"/api/patient-news/{one['id']}", json={"accept": False}).is_success
        (row,) = client.get("/api/studies").json()["items"]
        assert row["patient"]["id"] == "P-77"


def test_the_listener_keeps_its_bounds(listener: Hl7Server) -> None:
    with socket.create_connection(("127.0.0.1", listener.port), timeout=60) as link:
        for frame in (hl7("ORU^R01", person()), "no message at all"):
            link.sendall(b"\x0b" + frame.encode() + b"\x1c\r")
            assert b"MSA|AR|" in link.recv(4096)
        both = b"".join(b"\x0b" + hl7("ADT^A08", person()).encode() + b"\x1c\r" for _ in range(2))
        link.sendall(both)
        answers = b""
        while answers.count(b"MSA|AA|42") < 2:
            answers += link.recv(4096)
    with socket.create_connection(("127.0.0.1", listener.port), timeout=60) as link:
        link.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert link.recv(100) == b""


def fhir(**more: Any) -> dict[str, Any]:
    patient = {"resourceType": "Patient", "id": "p", "identifier": [{"value": "P-9"}]}
    return {
        "resourceType": "ServiceRequest", "status": "active", "intent": "order",
        "identifier": [{"system": "urn:emr", "value": "SR-1"}], "contained": [patient],
        "subject": {"reference": "#p"}, **more,
    }  # fmt: skip


def test_an_order_by_fhir_is_one_however_often_it_comes(hub: hubs.Hub, site: str) -> None:
    headers = {"Content-Type": "application/fhir+json"}
    with hub.client(site) as client:
        made = client.post("/api/fhir/ServiceRequest", json=fhir(), headers=headers)
        assert made.status_code == 201, made.text
        again = client.post("/api/fhir/ServiceRequest", json=fhir(priority="stat"))
        assert (again.status_code, again.json()["id"]) == (200, made.json()["id"])
        assert again.json()["priority"] == "urgent"
        got = client.get(made.headers["location"])
        assert got.headers["content-type"].startswith("application/fhir+json")
        wrong = client.post("/api/fhir/ServiceRequest", json={"resourceType": "Patient"})
        assert (wrong.status_code, wrong.json()["code"]) == (400, "invalid_input")
        revoked = client.post("/api/fhir/ServiceRequest", json=fhir(status="revoked"))
        assert revoked.json()["status"] == "revoked"


def test_a_study_is_matched_by_a_person_and_parted_again(
    hub: hubs.Hub, site: str, today: date
) -> None:
    (item,) = send(hub, site, file(PatientName="Roe^Ann", StudyDate=f"{today:%Y%m%d}"))
    body = {"number": "P-78", "name": "Roe^Ann", "time": "09:30", "procedure": "Growth scan"}
    with hub.client(site) as client:
        made = client.post("/api/orders", json=body)
        assert made.status_code == 201, made.text
        (row,) = client.get("/api/orders/unmatched").json()["items"]
        assert row["id"] == item["study_id"]
        path = f"/api/orders/{made.json()['id']}"
        changed = client.patch(path, json={"number": "P-77", "birth_date": "1990-02-02"})
        assert changed.json()["number"] == "P-77"
        matched = client.post(f"{path}/studies", json={"study_id": item["study_id"]}).json()
        assert [one["field"] for one in matched["clash"]["fields"]] == ["birth_date"]
        decided = client.post(
            f"/api/studies/{item['study_id']}/identity", json={"decision": "take_new"}
        )
        assert decided.json()["order_id"] == made.json()["id"]
        got = client.get(path).json()
        assert (got["birth_date"], len(got["studies"])) == ("1990-02-01", 1)
        assert client.delete(f"/api/studies/{item['study_id']}/order").status_code == 204
        assert len(client.get("/api/orders/unmatched").json()["items"]) == 1
        for wrong in ({}, {"number": " "}, {"number": "1", "accession": "x" * 17}):
            assert client.post("/api/orders", json=wrong).status_code in (400, 422)
