"""Reads, sign-ins and openings of links stand in the trail; it is verified and exported."""

from __future__ import annotations

import json
from typing import Any

import httpx
import hub as hubs
from sqlalchemy import create_engine, text

from services.domain.study import Role

SITE = "audited"


def entries(hub: hubs.Hub, **query: Any) -> list[dict[str, Any]]:
    hub.app.state.access.write()
    with hub.client(SITE, Role.MANAGER) as manager:
        items: list[dict[str, Any]] = manager.get("/api/audit", params=query).json()["items"]
    return items


def sent(hub: hubs.Hub) -> str:
    with hub.client(SITE, Role.SONOGRAPHER) as client:
        picture = (hubs.SAMPLES / "head-27w.png").read_bytes()
        item = client.post("/api/uploads", files={"file": picture}).json()["items"][0]
    return str(item["study_id"])


def test_who_looked_at_a_study_stands_there_once(hub: hubs.Hub) -> None:
    study = sent(hub)
    with hub.client(SITE, Role.READER) as reader:
        for _ in range(5):
            assert reader.get(f"/api/studies/{study}").status_code == 200
        assert reader.get(f"/api/studies/{study[::-1]}").status_code == 404
    (read,) = [e for e in entries(hub, subject=study) if e["action"] == "study.read"]
    assert read["name"] == f"reader of {SITE}"
    assert read["detail"]["route"] == "/api/studies/{study_id}"


def test_searches_stand_there_with_their_number_alone(hub: hubs.Hub) -> None:
    sent(hub)
    site, words = "searched", "Amina"
    paths = {
        "/api/studies": "studies.searched",
        "/api/patients": "patients.searched",
        "/api/orders": "orders.searched",
        "/api/orders/unmatched": "studies.searched",
        "/api/patient-news": "patients.searched",
        "/dicomweb/studies": "studies.searched",
        "/dicomweb/series": "series.searched",
        "/dicomweb/instances": "instances.searched",
    }
    with hub.client(site, Role.SONOGRAPHER) as client:
        picture = (hubs.SAMPLES / "head-27w.png").read_bytes()
        client.post("/api/uploads", files={"file": picture})
        for path in paths:
            for _ in range(3):
                assert client.get(path).status_code in (200, 204)
        client.get("/api/patients", params={"q": words})
        client.get("/dicomweb/studies", params={"PatientName": f"{words}*"})
    hub.app.state.access.close()  # those too whose five minutes are not over
    with hub.client(site, Role.MANAGER) as manager:
        trail = manager.get("/api/audit").json()["items"]
    searches = [e for e in trail if e["action"].endswith(".searched")]
    assert {e["detail"]["route"]: e["action"] for e in searches} == paths

    def total(path: str, of: str) -> int:
        return sum(e["detail"][of] for e in searches if e["detail"]["route"] == path)

    assert total("/dicomweb/instances", "searches") == 3
    assert total("/dicomweb/instances", "given") == 3
    assert total("/api/studies", "given") == 3
    assert total("/api/patients", "searches") == 4
    assert len(searches) <= 2 * len(paths)
    assert words not in json.dumps(trail)


def test_orders_and_wado_uri_stand_there(hub: hubs.Hub) -> None:
    sent(hub)
    with hub.client(SITE, Role.SONOGRAPHER) as client:
        order = client.post("/api/orders", json={"number": "audited-1"}).json()["id"]
        assert client.get(f"/api/orders/{order}").status_code == 200
        assert client.get(f"/api/fhir/ServiceRequest/{order}").status_code == 200
        (one,) = client.get("/dicomweb/instances", params={"limit": 1}).json()
        uids = [one[tag]["Value"][0] for tag in ("0020000D", "0020000E", "00080018")]
        named = dict(zip(("studyUID", "seriesUID", "objectUID"), uids, strict=True))
        given = {"contentType": "application/dicom", **named}
        assert client.get("/dicomweb/wado", params=given).status_code == 200
    assert "order.read" in [e["action"] for e in entries(hub, subject=order)]
    (read,) = [e for e in entries(hub, subject=uids[0]) if e["action"] == "study.read"]
    assert read["detail"]["route"] == "/dicomweb/wado"


def test_sign_ins_and_refusals_stand_there(hub: hubs.Hub) -> None:
    key = hub.key(SITE, Role.SONOGRAPHER)
    identity = key.split("_")[1]
    assert httpx.post(f"{hub.url}/login", json={"key": key}, timeout=60).status_code == 200
    wrong = {"key": f"fada_{identity}_wrong"}
    assert httpx.post(f"{hub.url}/login", json=wrong, timeout=60).status_code == 401
    actions = [e["action"] for e in entries(hub, subject=identity)]
    assert actions == ["sign_in.refused", "sign_in"]


def test_wrong_keys_of_requests_stand_there_once(hub: hubs.Hub) -> None:
    identity = hub.key(SITE, Role.READER).split("_")[1]
    with httpx.Client(base_url=hub.url, timeout=60) as client:
        for number in range(5):
            wrong = {"Authorization": f"Bearer fada_{identity}_wrong{number}"}
            assert client.get("/api/me", headers=wrong).status_code == 401
        unknown = {"Authorization": "Bearer fada_0000000000000000_wrong"}
        assert client.get("/api/me", headers=unknown).status_code == 401
    (refused,) = [e for e in entries(hub, subject=identity) if e["action"] == "sign_in.refused"]
    assert refused["detail"] == {}


def test_an_opened_link_stands_there(hub: hubs.Hub) -> None:
    study = sent(hub)
    with hub.client(SITE, Role.SONOGRAPHER) as client:
        url = client.post(f"/api/studies/{study}/shares", json={}).json()["url"]
    httpx.get(url.replace("/share/", "/api/shared/"), timeout=60)
    opened = [e for e in entries(hub, subject=study) if e["action"] == "share.opened"]
    assert len(opened) <= 1  # there is no result yet: nothing was shown
    with hub.client(SITE, Role.SONOGRAPHER) as client:
        assert client.get(f"/api/studies/{study}/results/latest").status_code == 404


def test_the_trail_is_verified_and_a_change_shows(hub: hubs.Hub) -> None:
    sent(hub)
    with hub.client(SITE, Role.ADMIN) as admin, hub.client(SITE, Role.MANAGER) as manager:
        verification = admin.get("/api/audit/verify").json()
        assert verification["holds"]
        assert verification["entries"] > 0
        assert verification["unsealed"] == 0
        assert len(verification["mac"]) == 64
        assert manager.get("/api/audit/verify").status_code == 403
        engine = create_engine(hub.services.settings.index_url)
        with engine.begin() as raw:
            raw.execute(text("DROP TRIGGER audit_no_update"))
            (seq, was) = raw.execute(text("SELECT seq, actor FROM audit LIMIT 1")).one()
            raw.execute(text("UPDATE audit SET actor = 'nobody' WHERE seq = :s"), {"s": seq})
        verification = admin.get("/api/audit/verify").json()
        assert not verification["holds"]
        assert "not those that were sealed" in verification["fault"]
        with engine.begin() as raw:
            values = {"s": seq, "was": was}
            raw.execute(text("UPDATE audit SET actor = :was WHERE seq = :s"), values)
        engine.dispose()
        assert admin.get("/api/audit/verify").json()["holds"]


def test_the_export_is_fhir(hub: hubs.Hub) -> None:
    from fhir.resources.R4B.auditevent import AuditEvent

    study = sent(hub)
    with hub.client(SITE, Role.READER) as reader:
        reader.get(f"/api/studies/{study}")
    hub.app.state.access.write()
    with hub.client(SITE, Role.MANAGER) as manager, hub.client("b", Role.MANAGER) as stranger:
        answer = manager.get("/api/audit/export")
        assert study not in stranger.get("/api/audit/export").text
    assert answer.headers["content-type"].startswith("application/fhir+ndjson")
    events = [json.loads(line) for line in answer.text.splitlines()]
    for event in events:
        AuditEvent.model_validate(event)
    (read,) = [
        e
        for e in events
        if e["entity"][0]["what"]["identifier"]["value"] == study
        and e["subtype"][0]["code"] == "study.read"
    ]
    assert read["action"] == "R"
    assert read["agent"][0]["who"]["display"] == f"reader of {SITE}"
