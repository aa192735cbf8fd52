"""A programme's phones: what they say of themselves, what they are given, and erasing a lost one."""

from __future__ import annotations

import base64
import json
import time

import httpx
import hub as hubs
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from integration.gateway.sync.test_sync import code

from edge.agent.hub import Hub as Client
from edge.agent.hub import enrol
from edge.agent.identity import new_key
from services.device_settings import PREFIX
from services.domain.errors import NotAuthenticated
from services.domain.study import Role


def said(**more: int) -> dict[str, int]:
    return {"clock_ms": int((time.time() + 7200) * 1000), "waiting": 3, "storage_used": 5, **more}


def test_a_phone_is_heard_given_settings_and_erased(hub: hubs.Hub) -> None:
    who = enrol(hub.url, code(hub, "fleet"), "Nurse 7")
    phone = Client(who)
    given = {"language": "sw", "wait_for_wifi": True, "daily_mb": 20, "locked": True}
    with hub.client("fleet") as manager, hub.client("other") as elsewhere:
        body = phone._ask("POST", "/api/sync/status", json=said()).json()
        assert (body["settings"], body["erase"], body["group"]) == ({}, False, "")
        (listed,) = manager.get("/api/devices").json()["items"]
        assert listed["status"]["waiting"] == 3
        assert listed["status"]["clock_drift_s"] == pytest.approx(7200, abs=60)

        kept = manager.put("/api/devices/settings", json=given).json()
        assert {name: value for name, value in kept.items() if value is not None} == given
        assert manager.put("/api/devices/settings", json={"daily_mb": 0}).status_code == 422
        assert phone._ask("POST", "/api/sync/status", json=said()).json()["settings"] == given
        assert elsewhere.get("/api/devices/settings").json()["language"] is None

        assert elsewhere.post(f"/api/devices/{who.device_id}/erase").status_code == 404
        assert manager.post(f"/api/devices/{who.device_id}/erase").status_code == 202
        assert phone._ask("POST", "/api/sync/status", json=said()).json()["erase"] is True
        phone._ask("POST", "/api/sync/erased")
        with pytest.raises(NotAuthenticated):
            phone._ask("POST", "/api/sync/status", json=said())
        (listed,) = manager.get("/api/devices").json()["items"]
        assert listed["revoked_at"] is not None
    phone.close()


def test_a_group_has_settings_of_its_own_over_the_sites(hub: hubs.Hub) -> None:
    who = enrol(hub.url, code(hub, "grouped"), "Nurse 8")
    phone = Client(who)
    site = {"language": "fr", "quiet_from": "21:00", "quiet_to": "06:00", "pin_length": 8}
    group = {"language": "sw", "keep_days": 14, "locked": True}
    with hub.client("grouped") as manager, hub.client("other") as elsewhere:
        manager.put("/api/devices/settings", json=site)
        manager.put("/api/devices/settings?group=Coast", json=group)
        where = f"/api/devices/{who.device_id}/group?group=Coast"
        assert elsewhere.put(where).status_code == 404
        assert manager.put(where).status_code == 204
        assert manager.get("/api/devices/groups").json() == {"items": ["Coast"]}
        assert elsewhere.get("/api/devices/groups").json() == {"items": []}
        body = phone._ask("POST", "/api/sync/status", json=said()).json()
        assert body["group"] == "Coast"
        assert body["settings"] == {**site, **group}
        for wrong in (
            {"quiet_from": "21:00"},
            {"pin_length": 4},
            {"quiet_from": "9", "quiet_to": "8"},
        ):
            assert manager.put("/api/devices/settings", json=wrong).status_code == 422
        made = manager.post("/api/devices/codes?group=Coast").json()["code"]
        answer = httpx.post(
            f"{hub.url}/api/sync/enrol",
            json={"code": made, "name": "Nurse 9", "public_key": new_key()[1]},
        ).json()
        assert (answer["group"], answer["settings"]) == ("Coast", {**site, **group})
    phone.close()


def test_settings_for_a_qr_code_are_signed_for_one_site_and_group(hub: hubs.Hub) -> None:
    with hub.client("scanned") as manager, hub.client("scanned", Role.READER) as reader:
        manager.put("/api/devices/settings?group=Hills", json={"daily_mb": 7})
        assert reader.get("/api/devices/settings/qr").status_code == 403
        made = manager.get("/api/devices/settings/qr?group=Hills").json()
        who = enrol(hub.url, code(hub, "scanned"), "Nurse 10")
    body, _, signature = made["url"].partition("#settings=")[2].partition(".")
    data, raw = (base64.urlsafe_b64decode(text + "==") for text in (body, signature))
    content = json.loads(data)
    assert (content["site"], content["group"]) == ("scanned", "Hills")
    assert content["settings"] == {"daily_mb": 7, "locked": False}
    key = ec.EllipticCurvePublicKey.from_encoded_point(
        ec.SECP256R1(), base64.b64decode(who.receipt_key)
    )
    halves = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    key.verify(encode_dss_signature(*halves), PREFIX + data, ec.ECDSA(SHA256()))


def test_people_do_not_speak_for_phones(hub: hubs.Hub) -> None:
    with hub.client("fleet") as manager, hub.client("fleet", Role.READER) as reader:
        assert manager.post("/api/sync/status", json=said()).status_code == 403
        assert reader.put("/api/devices/settings", json={}).status_code == 403
