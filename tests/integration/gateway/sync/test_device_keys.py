"""A phone's key is changed at the hub's word, whatever is cut on the way, and no case is lost by it."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import hub as hubs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from integration.gateway.sync.test_sync import PICTURE, code

from edge.agent import carry
from edge.agent.case import CaseState
from edge.agent.hub import Hub as Client
from edge.agent.hub import enrol
from edge.agent.hub.session import HubSession
from edge.agent.identity import DeviceIdentity, new_key
from edge.agent.session import SealedKey, connected
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import sync
from gateway.uploads import bundles
from services.domain.errors import FadaError, InvalidInput, NotAuthenticated, Unavailable
from services.domain.study import Role


def device(hub: hubs.Hub, home: Path, site: str) -> tuple[DeviceIdentity, CaseOutbox]:
    who = enrol(hub.url, code(hub, site), home.name)
    return who, CaseOutbox(home, Vault.create(home, "246813"))


def ask(hub: hubs.Hub, site: str, path: str = "rotate") -> list[str]:
    with hub.client(site) as manager:
        answer = manager.post(f"/api/devices/{path}")
    assert answer.status_code == 202
    return list(answer.json()["ids"])


def listed(hub: hubs.Hub, who: DeviceIdentity) -> dict[str, Any]:
    with hub.client(who.site) as manager:
        items = manager.get("/api/devices").json()["items"]
    return next(one for one in items if one["id"] == who.device_id)


def test_a_new_key_at_the_next_contact_and_the_case_goes_with_it(
    hub: hubs.Hub, tmp_path: Path
) -> None:
    who, outbox = device(hub, tmp_path / "turned", "turned")
    before = Client(who)
    before.changes("")  # a session by the first key
    case = outbox.capture([(PICTURE, "image/png")])
    outbox.give_up_reading(case.id, "no release here")
    assert ask(hub, "turned") == [who.device_id]
    assert listed(hub, who)["rotate_at"] is not None

    phone = connected(outbox, who)
    assert sync(outbox, phone).sent == 1
    now = phone.keys()
    assert now.private_key != who.private_key
    assert outbox.get(case.id).state is CaseState.RECEIVED
    row = listed(hub, who)
    assert row["rotate_at"] is None
    with pytest.raises(NotAuthenticated):
        before.changes("")  # its session ended, and its key opens no other
    assert connected(outbox, now).changes("")["items"][0]["case_id"] == case.id
    with hub.services.index.read() as tx:
        actions = [one.action for one in tx.audit.find("turned", subject=who.device_id)]
    assert {"device.rotate", "device.key"} <= set(actions)


def test_an_answer_that_is_lost_locks_nobody_out(
    hub: hubs.Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    who, outbox = device(hub, tmp_path / "cut", "cut")
    ask(hub, "cut", f"{who.device_id}/rotate")
    whole = HubSession.send

    def cut(self: HubSession, method: str, path: str, **more: Any) -> Any:
        answer = whole(self, method, path, **more)
        if path == "/api/sync/key":
            raise Unavailable("The link broke.")
        return answer

    with monkeypatch.context() as patch:
        patch.setattr(HubSession, "send", cut)
        with pytest.raises(Unavailable):
            connected(outbox, who).changes("")
    phone = connected(outbox, who)  # its file still has the key that the hub knows no more
    assert phone.changes("")["items"] == []
    assert phone.keys().private_key == SealedKey(outbox, who.device_id).read()


def test_a_case_packed_before_is_taken_for_a_while(
    hub: hubs.Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, outbox = device(hub, tmp_path / "maker", "packed")
    carrier, _ = device(hub, tmp_path / "carrier", "packed")
    case = outbox.capture([(PICTURE, "image/png")])
    outbox.give_up_reading(case.id, "no release here")
    stick = tmp_path / "stick"
    carry.pack(outbox, maker, stick)
    (sealed,) = (path.read_bytes() for path in stick.glob("*.fadacase"))
    ask(hub, "packed", f"{maker.device_id}/rotate")
    connected(outbox, maker).changes("")
    with monkeypatch.context() as patch:
        patch.setattr(bundles, "ON_THE_WAY", timedelta(0))
        with pytest.raises(FadaError):
            Client(carrier).hand_in(sealed)
    assert Client(carrier).hand_in(sealed)["receipt"]["case"] == case.id
    with hub.services.index.read() as tx:
        known = tx.devices.get(maker.device_id)
    assert known.key_at is not None
    assert known.key_at <= datetime.now(UTC)


def test_nobody_else_gives_a_phone_a_key(hub: hubs.Hub, tmp_path: Path) -> None:
    who = enrol(hub.url, code(hub, "forged"), "phone")
    phone = Client(who)
    phone.changes("")
    private, public = new_key()
    other = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private))
    words = f"fada-key-1:{who.device_id}:{public}".encode()
    by_itself = base64.b64encode(other.sign(words)).decode()
    for signature, proof in ((by_itself, by_itself), (who.sign_key(public), who.sign_key(public))):
        body = {"public_key": public, "signature": signature, "proof": proof}
        with pytest.raises(InvalidInput, match="signed by the present"):
            phone._ask("POST", "/api/sync/key", json=body)
    with hub.client("forged", Role.SONOGRAPHER) as reader, hub.client("no phones") as stranger:
        assert reader.post("/api/devices/rotate").status_code == 403
        assert stranger.post(f"/api/devices/{who.device_id}/rotate").status_code == 404
        assert stranger.post("/api/devices/rotate").json() == {"ids": []}
        assert reader.post("/api/sync/key", json=body).status_code == 403
