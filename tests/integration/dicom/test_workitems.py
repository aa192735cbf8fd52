"""UPS-RS as a client uses it (httpx: dicomweb-client has none): items, states, events, and our reading."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import httpx
import pydicom
import pytest
from integration.dicom.open_gateway import SAMPLES, OpenGateway
from integration.dicom.test_companion_objects import companion
from integration.workers.worker_hub import another
from typer.testing import CliRunner
from websockets.exceptions import ConnectionClosedError, InvalidStatus
from websockets.sync.client import connect as websocket

from cli.main import app
from gateway.dicomweb import notifications, subscribers
from gateway.http import connection_limits
from services.dicom import native_model
from services.domain.orders import workitem
from services.domain.report import Origin, ReleaseId, Report
from services.domain.study import Principal, Role
from services.index.database.connection import utc_now
from services.index.port import Artefact, AuditEntry, Job
from services.workitems import ReadingPerformer

SITE = "items"
WHO = Principal("key:tests", SITE, Role.ADMIN)
JSON = {"Content-Type": "application/dicom+json"}
CAD = workitem.code("110004", "DCM", "Computer Aided Detection")


@pytest.fixture(scope="module")
def clients(gateway: OpenGateway) -> Iterator[dict[str, httpx.Client]]:
    made = {}
    for name, site, role in (
        ("work", SITE, Role.SONOGRAPHER), ("look", SITE, Role.READER), ("far", "items2", Role.ADMIN)
    ):  # fmt: skip
        with gateway.services.index.begin() as tx:
            _, key = tx.keys.create(site, role, "tests")
        headers = {"Authorization": f"Bearer {key}", **JSON}
        made[name] = httpx.Client(base_url=f"{gateway.url}/dicomweb", headers=headers, timeout=60)
    yield made
    for one in made.values():
        one.close()


def item(label: str, study: str = "", **more: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
        "00741200": {"vr": "CS", "Value": ["MEDIUM"]},
        "00741204": {"vr": "LO", "Value": [label]},
        "00404005": {"vr": "DT", "Value": ["20260301080000"]},
        "00404041": {"vr": "CS", "Value": ["READY"]},
        "00100020": {"vr": "LO", "Value": [f"P-{label}"]},
        **more,
    }
    if study:
        given["00404018"] = {"vr": "SQ", "Value": [CAD]}
        reference = {"0020000D": {"vr": "UI", "Value": [study]}}
        given["00404021"] = {"vr": "SQ", "Value": [reference]}
    return given


def state(uid: str, wanted: str, transaction: str) -> dict[str, Any]:
    return {
        "url": f"/workitems/{uid}/state",
        "json": [{"00741000": {"vr": "CS", "Value": [wanted]},
                  "00081195": {"vr": "UI", "Value": [transaction]}}],
    }  # fmt: skip


def shown(client: httpx.Client, uid: str) -> dict[str, Any]:
    answer = client.get(f"/workitems/{uid}")
    assert answer.headers["content-type"].startswith("application/dicom+json")
    (dataset,) = answer.raise_for_status().json()
    return dict(dataset)


def test_an_item_goes_from_scheduled_to_completed(clients: dict[str, httpx.Client]) -> None:
    work, look = clients["work"], clients["look"]
    made = work.post("/workitems?2.25.500", json=[item("one")])
    assert made.status_code == 201, made.text
    assert made.headers["location"].endswith("/dicomweb/workitems/2.25.500")
    assert "modifications" in made.headers["warning"]
    assert work.post("/workitems?2.25.500", json=[item("one")]).status_code == 201, "once"
    assert work.post("/workitems?2.25.500", json=[item("other")]).status_code == 409
    assert look.post("/workitems?2.25.501", json=[item("no")]).status_code == 403
    assert clients["far"].get("/workitems/2.25.500").status_code == 404
    assert work.put(**state("2.25.500", "COMPLETED", "2.25.7")).status_code == 409
    assert work.put(**state("2.25.500", "IN PROGRESS", "2.25.7")).status_code == 200
    assert "Value" not in shown(look, "2.25.500")["00081195"], "it is its performer's alone"
    change: list[Any] = [{"00741204": {"vr": "LO", "Value": ["changed"]}}]
    assert work.post("/workitems/2.25.500", json=change).status_code == 409
    mine = {"transaction-uid": "2.25.7"}
    assert work.post("/workitems/2.25.500", json=change, params=mine).status_code == 200
    done: dict[str, Any] = {
        "00404028": {"vr": "SQ", "Value": [workitem.code("X", "99T", "A station")]},
        "00404019": {"vr": "SQ", "Value": [CAD]},
        "00404050": {"vr": "DT", "Value": ["20260301080100"]},
        "00404051": {"vr": "DT", "Value": ["20260301080200"]},
        "00404033": {"vr": "SQ"},
    }
    refused = work.put(**state("2.25.500", "COMPLETED", "2.25.7"))
    assert (refused.status_code, refused.json()["code"]) == (409, "final_state_incomplete")
    change = [{"00741216": {"vr": "SQ", "Value": [done]}}]
    assert work.post("/workitems/2.25.500", json=change, params=mine).status_code == 200
    assert work.put(**state("2.25.500", "COMPLETED", "2.25.8")).status_code == 409
    assert work.put(**state("2.25.500", "COMPLETED", "2.25.7")).status_code == 200
    again = work.put(**state("2.25.500", "COMPLETED", "2.25.7"))
    assert (again.status_code, "already" in again.headers["warning"]) == (200, True)
    assert shown(look, "2.25.500")["00741204"]["Value"] == ["changed"]
    assert work.post("/workitems/2.25.500/cancelrequest").status_code == 409


def test_items_are_found_within_the_site(clients: dict[str, httpx.Client]) -> None:
    work, look = clients["work"], clients["look"]
    for number in range(3):
        answer = work.post(f"/workitems?2.25.51{number}", json=[item(f"find{number}")])
        assert answer.status_code == 201
    response = look.get(
        "/workitems", params={"ProcedureStepLabel": "find*", "00741000": "SCHEDULED"}
    )
    assert {one["00080018"]["Value"][0] for one in response.json()} == {
        "2.25.510", "2.25.511", "2.25.512",
    }  # fmt: skip
    page = look.get("/workitems", params={"PatientID": "P-find*", "limit": 1, "offset": 1})
    assert len(page.json()) == 1
    assert look.get("/workitems", params={"PatientID": "P-none"}).status_code == 204
    assert clients["far"].get("/workitems").status_code == 204
    strange = look.get("/workitems", params={"Nonsense": "1", "PatientID": "P-find1"})
    assert (len(strange.json()), "ignored" in strange.headers["warning"]) == (1, True)
    assert look.get("/workitems", params={"limit": "some"}).status_code == 400


def test_subscribers_are_told_and_may_be_asked_to_cancel(clients: dict[str, httpx.Client]) -> None:
    work, look = clients["work"], clients["look"]
    assert look.post("/workitems/2.25.520/subscribers/WATCH").status_code == 404
    assert work.post("/workitems?2.25.520", json=[item("told")]).status_code == 201
    made = look.post("/workitems/2.25.520/subscribers/WATCH")
    assert made.status_code == 201
    assert made.headers["content-location"].endswith("/dicomweb/subscribers/WATCH")
    first = look.get("/subscribers/WATCH", params={"wait": 5})
    (report,) = first.json()
    assert report["00001002"]["Value"] == [1]
    assert report["00741000"]["Value"] == ["SCHEDULED"]
    after = first.headers["x-last-event"]

    def claim() -> None:
        work.put(**state("2.25.520", "IN PROGRESS", "2.25.9"))

    later = threading.Timer(0.3, claim)
    later.start()
    response = look.get("/subscribers/WATCH", params={"after": after, "wait": 20})
    later.join()
    assert [one["00741000"]["Value"] for one in response.json()] == [["IN PROGRESS"]]
    asked = {"00741238": {"vr": "LT", "Value": ["wrong study"]}}
    assert work.post("/workitems/2.25.520/cancelrequest", json=[asked]).status_code == 202
    response = look.get(
        "/subscribers/WATCH", params={"after": response.headers["x-last-event"], "wait": 5}
    )
    (report,) = response.json()
    assert (report["00001002"]["Value"], report["00741238"]["Value"]) == ([2], ["wrong study"])
    assert shown(look, "2.25.520")["00741000"]["Value"] == ["IN PROGRESS"]
    assert look.delete("/workitems/2.25.520/subscribers/WATCH").status_code == 200
    assert look.delete("/workitems/2.25.520/subscribers/WATCH").status_code == 404
    assert work.post("/workitems/2.25.520/cancelrequest").status_code == 409, "nobody listens"
    assert clients["far"].get("/subscribers/WATCH", params={"wait": 0}).status_code == 204


def test_a_notification_connection_carries_what_happens(
    gateway: OpenGateway, clients: dict[str, httpx.Client], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_limits, "HEADER_SECONDS", 0.3)
    work, look = clients["work"], clients["look"]
    assert work.post("/workitems?2.25.561", json=[item("socket")]).status_code == 201
    key = {"Authorization": look.headers["Authorization"]}
    address = f"{gateway.url}/dicomweb/subscribers/SOCKET".replace("http", "ws", 1)
    with websocket(address, additional_headers=key) as line:
        made = look.post("/workitems/2.25.561/subscribers/SOCKET")
        assert made.headers["content-location"] == address
        first = json.loads(line.recv(timeout=60))
        assert first["00000100"] == {"vr": "US", "Value": [0x0100]}
        assert first["00001000"]["Value"] == ["2.25.561"]
        assert first["00741000"]["Value"] == ["SCHEDULED"]
        time.sleep(1)  # longer than a request's headers may take
        work.put(**state("2.25.561", "IN PROGRESS", "2.25.9"))
        second = json.loads(line.recv(timeout=60))
        assert second["00741000"]["Value"] == ["IN PROGRESS"]
        assert second["00000110"] != first["00000110"]
    with websocket(address, additional_headers=key) as line, pytest.raises(TimeoutError):
        line.recv(timeout=1)  # what was sent is not sent again
    for wrong, code in (
        ({}, (401, "not_authenticated")),
        ({"Authorization": "Bearer wrong"}, (401, "not_authenticated")),
        ({"Cookie": "fada_session=wrong"}, (403, "forbidden")),
    ):
        with pytest.raises(InvalidStatus) as refused, websocket(address, additional_headers=wrong):
            pass
        answer = refused.value.response
        assert (answer.status_code, json.loads(answer.body)["code"]) == code


@pytest.mark.parametrize("way", ["websocket", "long polling"])
def test_what_a_subscriber_is_told_stands_in_the_audit_trail(
    gateway: OpenGateway, clients: dict[str, httpx.Client], way: str
) -> None:
    uid, aet = ("2.25.591", "TRAIL1") if way == "websocket" else ("2.25.592", "TRAIL2")
    with gateway.services.index.begin() as tx:
        made, key = tx.keys.create(SITE, Role.READER, "who listens")
    given = {"Authorization": f"Bearer {key}"}
    address = f"{gateway.url}/dicomweb/subscribers/{aet}"
    assert clients["work"].post(f"/workitems?{uid}", json=[item("trail")]).status_code == 201
    if way == "websocket":
        with websocket(address.replace("http", "ws", 1), additional_headers=given) as line:
            clients["look"].post(f"/workitems/{uid}/subscribers/{aet}")
            line.recv(timeout=60)
    else:
        clients["look"].post(f"/workitems/{uid}/subscribers/{aet}")
        assert httpx.get(address, headers=given, timeout=60).status_code == 200
    trail: list[AuditEntry] = []
    while len(trail) < 2:  # written every second; the test's own time limit ends it
        time.sleep(0.1)
        with gateway.services.index.read() as tx:
            trail = [one for one in tx.audit.find(SITE, limit=500) if one.actor == f"key:{made.id}"]
    assert [(one.action, one.subject) for one in reversed(trail)] == [
        ("workitem_events.read", aet), ("workitem.read", uid),
    ]  # fmt: skip


def test_one_caller_cannot_wait_for_events_without_end(
    gateway: OpenGateway, clients: dict[str, httpx.Client]
) -> None:
    address = f"{gateway.url}/dicomweb/subscribers/MANY".replace("http", "ws", 1)
    key = {"Authorization": clients["look"].headers["Authorization"]}
    with ExitStack() as lines:
        for _ in range(subscribers.MOST_OPEN):
            lines.enter_context(websocket(address, additional_headers=key, open_timeout=120))
        refused = clients["look"].get("/subscribers/MANY", params={"wait": 0})
        assert (refused.status_code, refused.json()["code"]) == (429, "too_many_at_once")
        with pytest.raises(InvalidStatus) as second, websocket(address, additional_headers=key):
            pass
        answer = second.value.response
        assert (answer.status_code, answer.headers["Retry-After"]) == (429, "10")
        assert json.loads(answer.body)["code"] == "too_many_at_once"
        assert clients["far"].get("/subscribers/MANY", params={"wait": 0}).status_code == 204
    while clients["look"].get("/subscribers/MANY", params={"wait": 0}).status_code == 429:
        time.sleep(
            0.05
        )  # until it is noticed that the lines are closed; the test's own limit ends it


def test_a_revoked_key_ends_its_notification_connection(
    gateway: OpenGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifications, "_IDENTIFY_EVERY", 1)
    with gateway.services.index.begin() as tx:
        made, key = tx.keys.create(SITE, Role.READER, "to be revoked")
        _, admin = tx.keys.create(SITE, Role.ADMIN, "who revokes")
    address = f"{gateway.url}/dicomweb/subscribers/GONE".replace("http", "ws", 1)
    with websocket(address, additional_headers={"Authorization": f"Bearer {key}"}) as line:
        headers = {"Authorization": f"Bearer {admin}"}
        gone = httpx.delete(f"{gateway.url}/api/keys/{made.id}", headers=headers, timeout=60)
        assert gone.status_code == 204
        with pytest.raises(ConnectionClosedError) as closed:
            line.recv(timeout=60)
        assert closed.value.rcvd is not None
        assert closed.value.rcvd.code == 1008


def test_who_subscribes_to_all_is_told_of_new_ones(clients: dict[str, httpx.Client]) -> None:
    work, look = clients["work"], clients["look"]
    every = f"/workitems/{workitem.GLOBAL}/subscribers/ALL"
    assert look.post(every).status_code == 201
    before = look.get("/subscribers/ALL", params={"wait": 0}).headers["x-last-event"]
    assert work.post("/workitems?2.25.530", json=[item("new")]).status_code == 201
    assert work.post("/workitems/2.25.530/cancelrequest").status_code == 202
    events = look.get("/subscribers/ALL", params={"after": before, "wait": 5}).json()
    assert [one["00741000"]["Value"][0] for one in events] == ["SCHEDULED", "CANCELED"]
    assert events[1]["0074100E"]["Value"], "why, beside the state"
    assert work.post("/workitems/2.25.530/cancelrequest").status_code == 202
    assert look.post(f"{every}/suspend").status_code == 200
    assert work.post("/workitems?2.25.531", json=[item("later")]).status_code == 201
    last = look.get("/subscribers/ALL", params={"wait": 0})
    assert all(one["00001000"]["Value"] != ["2.25.531"] for one in last.json())
    assert look.delete(every).status_code == 200


def received(gateway: OpenGateway, clients: dict[str, httpx.Client], name: str) -> tuple[str, Job]:
    """A study of the site: its UID and its job."""
    data = another("head-27w.dcm", f"workitem-{name}")
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + data + b"\r\n--b--\r\n"
    answer = clients["work"].post("/studies", content=body, headers={"Content-Type": kind})
    assert answer.status_code == 200, answer.text
    uid = str(pydicom.dcmread(io.BytesIO(data)).StudyInstanceUID)
    with gateway.services.index.read() as tx:
        study = tx.studies.by_uid(SITE, uid)
        (job,) = tx.jobs.find(SITE, study_id=study.id)
    return uid, job


def performer(gateway: OpenGateway) -> ReadingPerformer:
    return ReadingPerformer(gateway.services.index, "FADA")


def test_an_item_asks_for_our_reading_and_names_its_outputs(
    gateway: OpenGateway, clients: dict[str, httpx.Client]
) -> None:
    work, index = clients["work"], gateway.services.index
    uid, job = received(gateway, clients, "read")
    made = work.post("/workitems?2.25.540", json=[item("reading", uid)])
    assert made.status_code == 201, made.text
    assert shown(work, "2.25.540")["00741000"]["Value"] == ["IN PROGRESS"]
    with index.begin() as tx:
        due = tx.jobs.get(SITE, job.id).due_at
        assert due is None or due <= utc_now(), "the item says that all images are there"
        assert tx.jobs.lease(job.id, "tests", 60) is not None
    assert performer(gateway).advance(SITE, "2.25.540")
    (progress,) = shown(work, "2.25.540")["00741002"]["Value"]
    assert progress["00741004"]["Value"] == [10]
    refused = work.put(**state("2.25.540", "CANCELED", "2.25.1"))
    assert refused.json()["code"] == "wrong_transaction"
    document = _report(uid)
    kind = 'multipart/related; type="application/dicom"; boundary=b'
    body = b"--b\r\nContent-Type: application/dicom\r\n\r\n" + document + b"\r\n--b--\r\n"
    assert work.post("/studies", content=body, headers={"Content-Type": kind}).status_code == 200
    with index.begin() as tx:
        stored = _artefact(gateway, document)
        release = ReleaseId("a", "1.0.0", "0" * 64)
        report = Report(uid, Origin.HUB, release, utc_now(), ())
        tx.jobs.finish(job.id, "tests", report, [stored], score=0.0, reasons=())
    assert performer(gateway).run() >= 1
    done = shown(work, "2.25.540")
    assert done["00741000"]["Value"] == ["COMPLETED"]
    (performed,) = done["00741216"]["Value"]
    assert performed["00404019"]["Value"] == [CAD]
    (output,) = performed["00404033"]["Value"]
    (reference,) = output["00081199"]["Value"]
    assert (output["0020000D"]["Value"], output["0020000E"]["Value"]) == ([uid], ["2.25.47.1"])
    assert reference["00081155"]["Value"] == ["2.25.47.1.1"]
    assert output["0040E021"]["Value"] == [{"00080054": {"vr": "AE", "Value": ["FADA"]}}]
    assert not performer(gateway).advance(SITE, "2.25.540"), "it has ended"
    with index.read() as tx:
        trail = [one.action for one in tx.audit.find(SITE, subject="2.25.540")]
    assert trail.count("workitem.state") == 2


def _report(study_uid: str) -> bytes:
    """A document of the study, which stands for its SR."""
    made = pydicom.dcmread(io.BytesIO(companion("KO", 1, "2.25.47")))
    image = pydicom.dcmread(SAMPLES / "head-27w.dcm")
    made.StudyInstanceUID = study_uid
    made.PatientID, made.PatientName = image.PatientID, image.PatientName
    out = io.BytesIO()
    made.save_as(out, enforce_file_format=True)
    return out.getvalue()


def _artefact(gateway: OpenGateway, data: bytes) -> Artefact:
    stored = gateway.services.store.put(SITE, data, "application/dicom")
    return Artefact("sr", stored.sha256, "application/dicom", stored.size)


def test_an_item_waits_for_its_images_and_ends_with_a_job_that_died(
    gateway: OpenGateway, clients: dict[str, httpx.Client]
) -> None:
    work, index = clients["work"], gateway.services.index
    data = pydicom.dcmread(io.BytesIO(another("head-27w.dcm", "workitem-late")))
    uid = str(data.StudyInstanceUID)
    assert work.post("/workitems?2.25.550", json=[item("late", uid)]).status_code == 201
    assert shown(work, "2.25.550")["00741000"]["Value"] == ["SCHEDULED"]
    _, job = received(gateway, clients, "late")
    assert performer(gateway).advance(SITE, "2.25.550")
    assert shown(work, "2.25.550")["00741000"]["Value"] == ["IN PROGRESS"]
    with index.begin() as tx:
        tx.studies.complete(WHO, job.study_id)
        assert tx.jobs.lease(job.id, "tests", 60) is not None
        tx.jobs.fail(job.id, "tests", "invalid_dicom", "", attempts=1, retryable=False)
    assert performer(gateway).advance(SITE, "2.25.550")
    ended = shown(work, "2.25.550")
    assert ended["00741000"]["Value"] == ["CANCELED"]
    (progress,) = ended["00741002"]["Value"]
    assert "invalid_dicom" in progress["00741238"]["Value"][0]


def test_an_erased_study_leaves_no_item(
    gateway: OpenGateway, clients: dict[str, httpx.Client]
) -> None:
    uid, job = received(gateway, clients, "erased")
    assert clients["work"].post("/workitems?2.25.560", json=[item("gone", uid)]).status_code == 201
    with gateway.services.index.begin() as tx:
        tx.erasures.of_study(WHO, job.study_id, "asked for")
    assert clients["work"].get("/workitems/2.25.560").status_code == 404


def test_people_see_and_cancel_items_by_api_and_command(
    gateway: OpenGateway, clients: dict[str, httpx.Client]
) -> None:
    work, look = clients["work"], clients["look"]
    for uid, label in (("2.25.601", "free"), ("2.25.602", "claimed"), ("2.25.603", "done")):
        assert work.post(f"/workitems?{uid}", json=[item(label)]).status_code == 201
    with gateway.services.index.begin() as tx:
        _, key = tx.keys.create(SITE, Role.MANAGER, "manager of items")
    access = ("--hub", gateway.url, "--key", key)

    def fada(*words: str) -> tuple[int, str]:
        done = CliRunner().invoke(app, ["workitems", *words, *access], env={"COLUMNS": "220"})
        return done.exit_code, done.output

    claim = {"00741000": {"vr": "CS", "Value": ["IN PROGRESS"]},
             "00081195": {"vr": "UI", "Value": ["2.25.9"]}}  # fmt: skip
    assert work.put("/workitems/2.25.602/state", json=[claim]).status_code == 200
    code, listed = fada("list", "--state", "in progress")
    assert code == 0
    assert "2.25.602" in listed
    assert "tests" in listed, "who has claimed it"
    assert "2.25.601" not in listed
    assert fada("cancel", "2.25.601", "--reason", "asked twice") == (0, "canceled\n")
    code, shown_ = fada("show", "2.25.601")
    assert (code, json.loads(shown_)["reason"]) == (0, "asked twice")
    code, _ = fada("cancel", "2.25.602")
    assert code == 5, "nobody listens"
    assert look.post("/workitems/2.25.602/subscribers/ONE").status_code == 201
    code, words = fada("cancel", "2.25.602", "--reason", "wrong woman")
    assert "was asked to cancel it" in words
    event = look.get("/subscribers/ONE", params={"wait": 5}).json()[-1]
    assert event["00001002"]["Value"] == [2]
    assert event["00741236"]["Value"] == ["FADA"], "the requesting AE is required (CC.2.4-1)"
    assert event["00741238"]["Value"] == ["wrong woman"]
    wrong = {**claim, "00741000": {"vr": "CS", "Value": ["CANCELED"]},
             "00081195": {"vr": "UI", "Value": ["2.25.8"]}}  # fmt: skip
    refused = work.put("/workitems/2.25.602/state", json=[wrong])
    assert "Transaction UID is incorrect" in refused.headers["warning"]
    far = httpx.get(f"{gateway.url}/api/workitems", headers=clients["far"].headers)
    assert [one["uid"] for one in far.json()["items"] if one["uid"].startswith("2.25.60")] == []
    assert httpx.get(f"{gateway.url}/api/workitems", headers=look.headers).status_code == 403


def test_items_are_spoken_of_in_xml(clients: dict[str, httpx.Client]) -> None:
    work, look = clients["work"], clients["look"]
    xml = {"Content-Type": "application/dicom+xml"}
    named: dict[str, Any] = {"00100010": {"vr": "PN", "Value": ["Doe^Jane"]}}
    body = native_model.to_xml({**item("xml"), **named})
    assert work.post("/workitems?2.25.570", content=body, headers=xml).status_code == 201
    assert work.post("/workitems?2.25.571", content=body, headers=xml).status_code == 201
    wanted = shown(look, "2.25.570")
    alone = look.get("/workitems/2.25.570", headers={"Accept": "application/dicom+xml"})
    assert alone.headers["content-type"] == "application/dicom+xml"
    assert native_model.from_xml(alone.content) == wanted
    parts = {
        "Accept": 'multipart/related; type="application/dicom+xml", application/dicom+json;q=0.5'
    }
    response = look.get("/workitems", params={"ProcedureStepLabel": "xml"}, headers=parts)
    assert response.headers["content-type"].startswith(
        'multipart/related; type="application/dicom+xml"'
    )
    assert response.content.count(b"<NativeDicomModel") == 2
    claim = state("2.25.570", "IN PROGRESS", "2.25.7")
    change = native_model.to_xml(claim["json"][0])
    assert work.put(claim["url"], content=change, headers=xml).status_code == 200
    assert shown(look, "2.25.570")["00741000"]["Value"] == ["IN PROGRESS"]
    refused = work.put(claim["url"], content=b"<x/>", headers=xml)
    assert (refused.status_code, refused.json()["code"]) == (400, "invalid_input")
