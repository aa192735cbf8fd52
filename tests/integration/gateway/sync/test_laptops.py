"""A laptop of a programme: what it says of itself, the rules that it is given, and erasing a lost one."""

from __future__ import annotations

from pathlib import Path

import hub as hubs
import pytest
from integration.gateway.sync.test_carried import device, unread

from edge.agent.hub import Hub
from edge.agent.link import LinkRules
from edge.agent.programme import speak
from edge.agent.storage import vault as vaults
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import sync
from services.domain.errors import NotAuthenticated


def test_a_laptop_is_heard_and_takes_the_rules_of_its_network(
    hub: hubs.Hub, tmp_path: Path
) -> None:
    who, outbox = device(hub, tmp_path / "clinic", "laptops")
    unread(outbox)
    client = Hub(who)
    with hub.client("laptops") as manager:
        manager.put("/api/devices/settings", json={"daily_mb": 20, "language": "sw"})
        assert speak(outbox, client) is False
        (listed,) = manager.get("/api/devices").json()["items"]
        assert (listed["status"]["waiting"], abs(listed["status"]["clock_drift_s"]) < 60) == (
            1,
            True,
        )
        assert listed["status"]["storage_used"] > 0
        assert LinkRules.load(outbox.folder) == LinkRules(daily_mb=20)

        LinkRules(daily_mb=5).save(outbox.folder)  # by a person
        speak(outbox, client)
        assert LinkRules.load(outbox.folder).daily_mb == 5, "not locked, and nothing new"
        locked = {"daily_mb": 20, "wait_for_wifi": True, "locked": True}
        manager.put("/api/devices/settings", json=locked)
        speak(outbox, client, every=60)
        assert LinkRules.load(outbox.folder).daily_mb == 5, "it spoke a moment ago"
        speak(outbox, client)
        assert LinkRules.load(outbox.folder) == LinkRules(True, 20, locked=True)
    client.close()


def test_a_lost_laptop_erases_itself_at_its_next_contact(hub: hubs.Hub, tmp_path: Path) -> None:
    who, outbox = device(hub, tmp_path / "lost", "lost laptops")
    who.save(outbox.folder)
    unread(outbox)
    client = Hub(who)
    sync(outbox, client)
    unread(outbox)
    with hub.client("lost laptops") as manager:
        assert manager.post(f"/api/devices/{who.device_id}/erase").status_code == 202
        assert speak(outbox, client) is True
        (listed,) = manager.get("/api/devices").json()["items"]
        assert listed["revoked_at"] is not None
        assert manager.get("/api/studies").json()["total"] == 1, "what was sent stays"
    assert not vaults.exists(outbox.folder)
    assert list(outbox.folder.iterdir()) == []
    with pytest.raises(NotAuthenticated):
        client.status({"clock_ms": 0})
    client.close()


def test_a_laptop_that_could_not_say_that_it_erased_itself_is_asked_again(
    hub: hubs.Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, outbox = device(hub, tmp_path / "cut", "cut laptops")
    who.save(outbox.folder)
    unread(outbox)
    client = Hub(who)

    def cut() -> None:
        raise ConnectionError

    with hub.client("cut laptops") as manager:
        manager.post(f"/api/devices/{who.device_id}/erase")
        with monkeypatch.context() as line:
            line.setattr(client, "erased", cut)
            with pytest.raises(ConnectionError):
                speak(outbox, client)
        assert [path.name for path in outbox.folder.iterdir()] == ["identity.json"]
        again = CaseOutbox(outbox.folder, Vault.create(outbox.folder, "246813"))
        assert speak(again, client) is True
        (listed,) = manager.get("/api/devices").json()["items"]
        assert listed["revoked_at"] is not None
    client.close()
