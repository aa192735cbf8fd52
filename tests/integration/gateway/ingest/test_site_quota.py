"""A site's quota: at each door what is new is refused, what is known is not, other sites go on."""

from __future__ import annotations

import io
import zipfile
from contextlib import closing
from pathlib import Path

import httpx
import hub as hubs
import pytest
from integration.gateway.ingest.test_tus import begin, offset, patch
from integration.gateway.ingest.test_uploads import picture
from integration.gateway.sync.test_carried import device
from integration.gateway.sync.test_sync import PICTURE
from typer.testing import CliRunner

from cli.main import app
from edge.agent import carry
from edge.agent.case import CaseState
from edge.agent.hub import Hub, NoRoom
from edge.agent.sync import sync
from gateway.dimse.server import DicomServer
from services.dicom.network.scu import Peer, c_store
from services.domain.study import Role
from services.index.port import StudyQuery
from workers.usage import UsageCount

HEAD, YOUNGER = hubs.SAMPLES / "head-27w.dcm", hubs.SAMPLES / "head-14w.dcm"
FIRST, SECOND = (hubs.SAMPLES / "three-heads" / f"{number}.dcm" for number in (1, 2))


def bound(hub: hubs.Hub, site: str, **bounds: int | None) -> None:
    body = {"stored_bytes": None, "daily_studies": None, **bounds}
    with hub.client(site) as client:
        assert client.put("/api/quota", json=body).status_code == 200


def stow(client: httpx.Client, file: Path) -> httpx.Response:
    headers = {"Content-Type": "application/dicom"}
    return client.post("/dicomweb/studies", content=file.read_bytes(), headers=headers)


def refused(answer: httpx.Response) -> None:
    assert answer.status_code == 507, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "site_quota_reached"
    assert int(answer.headers["retry-after"]) > 0


def test_a_site_that_is_full_takes_nothing_new_at_any_door(hub: hubs.Hub) -> None:
    with hub.client("full") as client, hub.client("roomy") as other:
        assert stow(client, HEAD).status_code == 200
        waiting = begin(client, 9)
        bound(hub, "full", stored_bytes=1)
        refused(stow(client, YOUNGER))
        refused(client.post("/api/uploads", files={"file": picture(71)}))
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.write(YOUNGER, "a.dcm")
        refused(client.post("/api/uploads", files={"file": packed.getvalue()}))
        tus = {"Tus-Resumable": "1.0.0", "Upload-Length": "100"}
        refused(client.post("/tus/", headers=tus))
        assert offset(client, waiting) == 0, "what has begun is kept"
        assert stow(client, HEAD).status_code == 200, "known: it is told so again"
        with hub.services.index.read() as tx:
            (study,) = tx.studies.find("full", StudyQuery())
            assert tx.jobs.find("full", study_id=study.id), "what is here is read"
        assert stow(other, YOUNGER).status_code == 200
        bound(hub, "full")
        assert stow(client, YOUNGER).status_code == 200


def test_an_upload_that_met_a_full_site_goes_on_later(hub: hubs.Hub) -> None:
    data = HEAD.read_bytes()
    with hub.client("later") as client:
        path = begin(client, len(data))
        assert patch(client, path, 0, data[:-10]).status_code == 204
        bound(hub, "later", stored_bytes=1)
        refused(patch(client, path, len(data) - 10, data[-10:]))
        at = offset(client, path)
        assert at < len(data)
        bound(hub, "later", stored_bytes=10**9)
        assert patch(client, path, at, data[at:]).headers["fada-outcome"] == "complete"


def test_machines_are_told_that_there_is_no_room(hub: hubs.Hub) -> None:
    settings = hub.services.settings.model_copy(
        update={"dimse_site": "machines", "dimse_peers": "SCANNER"}
    )
    machine = DicomServer(hub.services, settings, port=0)
    try:
        peer, sent = Peer("FADA", "127.0.0.1", machine.port), [HEAD.read_bytes()]
        bound(hub, "machines", stored_bytes=1)
        (answer,) = c_store(peer, sent, "SCANNER")
        assert (answer.code, answer.again) == ("0xA700", True)
        bound(hub, "machines", daily_studies=1)
        (answer,) = c_store(peer, sent, "SCANNER")
        assert answer.code == ""
    finally:
        machine.close()


def test_phones_keep_their_case_and_hear_the_hubs_answers(hub: hubs.Hub, tmp_path: Path) -> None:
    who, outbox = device(hub, tmp_path / "phone", "field")
    carrier, _ = device(hub, tmp_path / "carrier", "field")
    cases = [outbox.capture([(PICTURE, "image/png")]), outbox.capture([(picture(7), "image/png")])]
    for case in cases:
        outbox.give_up_reading(case.id, "no release here")
    bound(hub, "field", daily_studies=1)
    said: list[str] = []
    with closing(Hub(who)) as phone:
        sync(outbox, phone, said.append)
    states = {outbox.get(case.id).state for case in cases}
    assert states == {CaseState.RECEIVED, CaseState.FAILED}, (
        "the first is here whole, the other waits"
    )
    assert any("waits" in words for words in said)
    assert outbox.fact("cursor"), "the hub's answers were fetched"
    stick = tmp_path / "stick"
    carry.pack(outbox, who, stick)
    with closing(Hub(carrier)) as other, pytest.raises(NoRoom):
        other.hand_in(next(stick.glob("*.fadacase")).read_bytes())
    bound(hub, "field", daily_studies=2)
    with closing(Hub(who)) as phone:
        sync(outbox, phone)
    assert {outbox.get(case.id).state for case in cases} == {CaseState.RECEIVED}


def test_images_of_a_study_that_is_here_come_in_on_a_full_day(hub: hubs.Hub) -> None:
    with hub.client("busy") as client:
        assert stow(client, FIRST).status_code == 200
        bound(hub, "busy", daily_studies=1)
        assert stow(client, SECOND).status_code == 200
        refused(stow(client, YOUNGER))
        with hub.services.index.read() as tx:
            assert len(tx.studies.find("busy", StudyQuery())) == 1


def test_bytes_of_this_process_count_before_they_are_added_up(hub: hubs.Hub) -> None:
    with hub.client("tight") as client:
        bound(hub, "tight", stored_bytes=HEAD.stat().st_size + 1000)
        assert stow(client, HEAD).status_code == 200
        refused(stow(client, YOUNGER))
        for _ in range(5):
            assert stow(client, HEAD).status_code == 200, "known bytes take no room"
        UsageCount(hub.services.index).run()
        used = client.get("/api/quota").json()
    assert used["used"]["stored_bytes"] == HEAD.stat().st_size
    assert used["state"] == "warning"


def test_only_administrators_set_it_and_the_command_shows_it(hub: hubs.Hub) -> None:
    with hub.client("shown", Role.MANAGER) as manager, hub.client("shown", Role.READER) as reader:
        body = {"stored_bytes": 5, "daily_studies": None}
        assert manager.put("/api/quota", json=body).status_code == 403
        assert reader.get("/api/quota").status_code == 403
        assert manager.get("/api/quota").json()["state"] == "room"
    access = ("--hub", hub.url, "--key", hub.key("shown"))
    runner = CliRunner()
    done = runner.invoke(app, ["quota", "--stored", "500GB", "--daily-studies", "7", *access])
    assert "stored: 0 bytes of 500 GB" in done.output
    assert "studies in 24 hours: 0 of 7" in done.output
    done = runner.invoke(app, ["quota", "--stored", "0", *access])
    assert "of any size" in done.output
    assert "of 7" in done.output
    assert runner.invoke(app, ["quota", "--stored", "much", *access]).exit_code == 5
