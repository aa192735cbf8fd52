"""Erasure by API: everywhere, signed, with what is left to do outside; retention and the disk's watermark."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import hub as hubs
import pytest
import servers
from typer.testing import CliRunner

from cli.main import app
from services import certificates
from services.domain.errors import InvalidInput
from services.domain.study import Role
from services.index.port import StudyQuery
from services.storage import disks
from workers.erasure import delete_erased

SAMPLE = (hubs.SAMPLES / "head-27w.dcm").read_bytes()


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    home = tmp_path_factory.mktemp("erasure")
    originals = (home / "originals").as_uri()
    with hubs.running(home, valkey, seaweed, originals=originals, s3_bucket="erasure") as running:
        yield running


def send(hub: hubs.Hub, site: str) -> tuple[str, dict[str, Any]]:
    """A study with its woman; their ids."""
    with hub.client(site) as client:
        headers = {"Content-Type": "application/dicom"}
        answer = client.post("/dicomweb/studies", content=SAMPLE, headers=headers)
        assert answer.status_code == 200, answer.text
        with hub.services.index.read() as tx:
            (study,) = tx.studies.find(site, StudyQuery())
        other = {"number": "4711", "name": "Doe^Jane", "reason": "test"}
        assert client.post(f"/api/studies/{study.id}/patient", json=other).status_code == 200
        (her,) = client.get("/api/patients", params={"q": "4711"}).json()["items"]
        return study.id, her


def objects(hub: hubs.Hub, site: str) -> set[str]:
    return {sha256 for _, sha256, _ in hub.services.store.list(site)}


def test_a_woman_leaves_index_and_store_and_the_certificate_says_so(hub: hubs.Hub) -> None:
    study_id, her = send(hub, "north")
    send(hub, "south")
    kept = objects(hub, "south")
    assert objects(hub, "north")
    path = f"/api/patients/{her['id']}/erasure"
    with hub.client("north", Role.SONOGRAPHER) as person:
        assert person.post(path, json={"number": "4711", "reason": "x"}).status_code == 403
    with hub.client("south") as stranger:
        assert stranger.post(path, json={"number": "4711", "reason": "x"}).status_code == 404
    with hub.client("north", Role.MANAGER) as client:
        assert client.post(path, json={"number": "4712", "reason": "x"}).status_code == 409
        made = client.post(path, json={"number": "4711", "reason": "she asked"})
        assert made.status_code == 202, made.text
        erasure = made.json()
        assert erasure["studies"] == [study_id]
        assert client.get(f"/api/studies/{study_id}").status_code == 404
        assert client.get("/api/patients", params={"q": "4711"}).json()["items"] == []
        assert objects(hub, "north"), "the sweeper deletes them"
        delete_erased(hub.services.index, hub.services.store)
        assert objects(hub, "north") == set()
        assert objects(hub, "south") == kept
        document = client.get(f"/api/erasures/{erasure['id']}/certificate").json()
    statement = certificates.verified(document, document["public_key"])
    assert statement["finished_at"] is not None
    assert statement["objects"]["waiting"] == 0
    text = json.dumps(document)
    assert "4711" not in text
    assert "Doe" not in text
    changed = json.loads(text.replace('"all": 1', '"all": 2'))
    for wrong, key in ((changed, ""), (document, "AAAA"), ({}, ""), ([], "")):
        with pytest.raises(InvalidInput):
            certificates.verified(wrong, key)


@pytest.fixture
def sweeping(hub: hubs.Hub) -> Iterator[None]:
    """What the sweeper does, in a thread of this test."""
    ended = threading.Event()

    def sweep() -> None:
        while not ended.wait(0.2):
            delete_erased(hub.services.index, hub.services.store)

    thread = threading.Thread(target=sweep)
    thread.start()
    yield
    ended.set()
    thread.join()


def fada(hub: hubs.Hub, *words: object) -> str:
    access = ("--hub", hub.url, "--key", hub.key("east"))
    done = CliRunner().invoke(app, [*map(str, words), *access], env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    return done.output


@pytest.mark.usefixtures("sweeping")
def test_the_command_erases_and_erases_again_after_a_restore(hub: hubs.Hub, tmp_path: Path) -> None:
    send(hub, "east")
    out, later = tmp_path / "certificate.json", tmp_path / "later.json"
    said = fada(hub, "erasures", "patient", "4711", "--reason", "asked", "--yes", "--out", out)
    assert "1 studies are erased" in said
    assert "patient" in fada(hub, "erasures", "list")
    done = CliRunner().invoke(app, ["erasures", "verify", str(out)])
    assert "0 left" in done.output
    assert "nothing of it is here" in fada(hub, "erasures", "again", out)
    study_id, her = send(hub, "east")  # as a restored backup brings them back
    statement = {
        **json.loads(out.read_text())["statement"],
        "subject": her["id"],
        "studies": [study_id],
    }
    later.write_text(json.dumps(certificates.sign(hub.services.settings, statement)))
    assert "erased" in fada(hub, "erasures", "again", later)
    with hub.client("east") as client:
        assert client.get(f"/api/studies/{study_id}").status_code == 404


def test_retention_is_set_and_seen(hub: hubs.Hub) -> None:
    assert "reviewed: for ever" in fada(hub, "retention")
    assert "withdrawn: 90 days" in fada(hub, "retention", "--withdrawn-days", 90)
    assert "reviewed: 7300 days" in fada(hub, "retention", "--reviewed-days", 7300)
    said = fada(hub, "retention", "--withdrawn-days", 0)
    assert "withdrawn: for ever" in said
    assert "disk of originals" in said
    with hub.client("east") as client:
        body = {"reviewed_days": 0, "withdrawn_days": None}
        assert client.put("/api/retention", json=body).status_code == 422


def test_above_the_watermark_nothing_new_is_taken(
    hub: hubs.Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = type(shutil.disk_usage("/"))(1000, 960, 40)
    monkeypatch.setattr(disks.shutil, "disk_usage", lambda _folder: full)
    hub.services.ingest._room_until = 0.0
    with hub.client("west") as client:
        headers = {"Content-Type": "application/dicom"}
        refused = client.post("/dicomweb/studies", content=SAMPLE, headers=headers)
        assert refused.status_code == 507
        assert refused.json()["code"] == "disk_nearly_full"
        assert "96%" in refused.json()["detail"]
        monkeypatch.undo()
        assert client.post("/dicomweb/studies", content=SAMPLE, headers=headers).status_code == 200
