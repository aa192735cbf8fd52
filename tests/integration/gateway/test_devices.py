"""A programme's phones: what they say of themselves, what they are given, and erasing a lost one."""

from __future__ import annotations

import time

import hub as hubs
import pytest
from integration.gateway.test_sync import code

from edge.agent.hub import Hub as Client
from edge.agent.hub import enrol
from services.domain.errors import NotAuthenticated
from services.domain.study import Role


def said(**more: int) -> dict[str, int]:
    return {"clock_ms": int((time.time() + 7200) * 1000), "waiting": 3, "storage_used": 5, **more}


def test_a_phone_is_heard_given_settings_and_erased(hub: hubs.Hub) -> None:
    who = enrol(hub.url, code(hub, "fleet"), "Nurse 7")
    phone = Client(who)
    given = {"language": "sw", "wait_for_wifi": True, "daily_mb": 20, "locked": True}
    with hub.client("fleet") as manager, hub.client("other") as elsewhere:
        told = phone._ask("POST", "/api/sync/status", json=said()).json()
        assert told == {"settings": {}, "erase": False}
        (listed,) = manager.get("/api/devices").json()["items"]
        assert listed["status"]["waiting"] == 3
        assert listed["status"]["clock_drift_s"] == pytest.approx(7200, abs=60)

        assert manager.put("/api/devices/settings", json=given).json() == given
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


def test_people_do_not_speak_for_phones(hub: hubs.Hub) -> None:
    with hub.client("fleet") as manager, hub.client("fleet", Role.READER) as reader:
        assert manager.post("/api/sync/status", json=said()).status_code == 403
        assert reader.put("/api/devices/settings", json={}).status_code == 403
