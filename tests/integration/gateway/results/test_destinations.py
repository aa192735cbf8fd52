"""Destinations, rules, test and dry run over HTTP and on the command line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import hub as hubs
import pytest
import readings
from typer.testing import CliRunner

from cli.main import app
from services.domain.report import Origin
from services.domain.study import Principal, Role
from services.standalone import ports

RUNNER = CliRunner()
EMR = {
    "name": "EMR",
    "kind": "stow",
    "address": "https://emr.example/dicomweb",
    "options": {"sign_in": "bearer"},
    "credentials": {"token": "swordfish"},
    "by_default": False,
}


def signed_study(hub: hubs.Hub, site: str) -> str:
    """A study with a result that somebody has signed."""
    with hub.client(site) as client:
        data = (hubs.SAMPLES / "head-27w.dcm").read_bytes()
        assert client.post("/api/uploads", files={"file": data}).status_code == 200
        (item,) = client.get("/api/studies").json()["items"]
    who = Principal("key:anna", site, Role.SONOGRAPHER)
    report = readings.report(item["study_uid"], readings.head("1.2.3.1", 800, 540))
    report = replace(report, origin=Origin.REVIEW, reviewed_by="Anna")
    with hub.services.index.begin() as tx:
        tx.results.add(who, item["id"], report, [], origin=Origin.REVIEW, based_on=None)
    return str(item["id"])


def test_destinations_over_http(hub: hubs.Hub) -> None:
    study = signed_study(hub, "dest")
    with hub.client("dest", Role.ADMIN) as admin, hub.client("dest", Role.MANAGER) as manager:
        assert manager.post("/api/destinations", json=EMR).status_code == 403
        made = admin.post("/api/destinations", json=EMR)
        assert made.status_code == 201, made.text
        emr = made.json()
        listed = manager.get("/api/destinations")
        assert "swordfish" not in made.text + listed.text
        assert listed.json()["items"][0]["credentials"] == ["token"]
        assert admin.post("/api/destinations", json=EMR).status_code == 409

        dry = manager.get("/api/destinations/dry-run", params={"study": study}).json()
        assert (dry["results"], dry["rule"], dry["destinations"]) == (["final"], None, [])
        rule = {"results": ["final"], "destinations": [emr["id"]]}
        assert manager.put("/api/destinations/rules", json={"rules": [rule]}).status_code == 200
        dry = manager.get("/api/destinations/dry-run", params={"study": study}).json()
        assert (dry["rule"], dry["destinations"]) == (1, [{"id": emr["id"], "name": "EMR"}])
        (sent,) = manager.post(f"/api/studies/{study}/send", json={}).json()["items"]
        assert (sent["destination"], sent["results"], sent["state"]) == (
            "EMR",
            ["final"],
            "waiting",
        )

        moved = admin.patch(f"/api/destinations/{emr['id']}", json={"address": "https://x.example"})
        assert (moved.status_code, moved.json()["code"]) == (400, "invalid_input")
        path = f"/api/destinations/{emr['id']}"
        assert admin.patch(path, json={"name": "EMR 2"}).json()["name"] == "EMR 2"
        assert admin.delete(path).status_code == 204
        assert admin.patch(path, json={"name": "EMR"}).status_code == 404
        actions = [one["action"] for one in manager.get("/api/audit").json()["items"]]
        assert {"destination.created", "destination.changed", "destination.removed"} <= set(actions)
        assert {"destination.rules", "study.sent"} <= set(actions)


def test_another_site_sees_nothing_of_it(hub: hubs.Hub) -> None:
    study = signed_study(hub, "dest2")
    with hub.client("dest2", Role.ADMIN) as admin, hub.client("dest3", Role.ADMIN) as other:
        emr = admin.post("/api/destinations", json=EMR).json()["id"]
        assert other.get("/api/destinations").json()["items"] == []
        assert other.delete(f"/api/destinations/{emr}").status_code == 404
        assert other.post(f"/api/destinations/{emr}/test").status_code == 404
        rules = {"rules": [{"destinations": [emr]}]}
        assert other.put("/api/destinations/rules", json=rules).status_code == 400
        dry = other.get("/api/destinations/dry-run", params={"study": study})
        assert dry.status_code == 404
        assert other.post(f"/api/studies/{study}/send", json={}).status_code == 404


@pytest.mark.parametrize(
    "wrong",
    [
        {"address": "ftp://emr.example"},
        {"address": "https://user:pass@emr.example"},
        {"kind": "c_store", "address": "emr.example:104"},
        {"kind": "hl7", "address": "emr.example"},
        {"kind": "webhook", "address": "http://127.0.0.1/hook"},
        {"options": {"ca": "nonsense"}},
        {"kind": "dhis2", "options": {"mapping": "format: 1"}},
        {"options": {"unknown": 1}},
        {"credentials": {"certificate": "nonsense", "key": "nonsense"}},
    ],
)
def test_what_makes_no_sense_is_refused(hub: hubs.Hub, wrong: dict[str, Any]) -> None:
    with hub.client("dest4", Role.ADMIN) as admin:
        answer = admin.post("/api/destinations", json={**EMR, **wrong})
        assert answer.status_code in (400, 422), answer.text
        assert admin.get("/api/destinations").json()["items"] == []


@pytest.fixture
def fada(hub: hubs.Hub) -> Callable[..., str]:
    """Runs a command of ``fada destinations`` against this hub; what it printed."""

    def run(*words: str, code: int = 0) -> str:
        where = ["--hub", hub.url, "--key", hub.key("dest5", Role.ADMIN)]
        result = RUNNER.invoke(app, ["destinations", *words, *where])
        assert result.exit_code == code, result.output
        return result.output

    return run


def test_the_command_line(hub: hubs.Hub, fada: Callable[..., str], tmp_path: Path) -> None:
    study = signed_study(hub, "dest5")
    assert "none" in fada("list")
    (tmp_path / "token").write_text("swordfish\n")
    fada(
        "add", "PACS", "stow", f"{hub.url}/dicomweb", "--option", "sign_in=bearer",
        "--credential", f"token={tmp_path}/token",
    )  # fmt: skip
    assert "push_not_allowed" in fada("test", "PACS", code=6)
    (tmp_path / "key").write_text(hub.key("dest5", Role.READER))
    fada(
        "add", "Good", "stow", f"{hub.url}/dicomweb", "--option", "sign_in=bearer",
        "--credential", f"token={tmp_path}/key",
    )  # fmt: skip
    assert "reached" in fada("test", "Good")
    away = f"PACS@127.0.0.1:{ports.free(1)[0]}"
    fada("add", "Away", "c_store", away, "--no-by-default")
    assert "push_failed" in fada("test", "Away", code=6)
    assert "by the default to PACS, Good" in fada("dry-run", study)
    (tmp_path / "rules.json").write_text(
        json.dumps([{"results": ["final"], "destinations": ["Away"]}])
    )
    assert "1 rules" in fada("rules", str(tmp_path / "rules.json"))
    assert "by rule 1 to Away" in fada("dry-run", study)
    listed = re.sub(r"\s+", " ", fada("list"))
    assert "rule 1: results final → Away" in listed
    assert "waiting" in fada("send", study, "--to", "Good")
    fada("remove", "Away")
    assert "nowhere" in fada("dry-run", study)
