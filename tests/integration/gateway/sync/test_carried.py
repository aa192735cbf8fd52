"""Carried cases: read by nobody on the way, received once whichever ways they come, receipts back."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import hub as hubs
import pytest
from integration.gateway.sync.test_sync import PICTURE, code
from pydantic import SecretStr

from edge.agent import carry
from edge.agent.case import CapturedCase, CaseState
from edge.agent.hub import Hub, enrol
from edge.agent.identity import DeviceIdentity
from edge.agent.link import LinkRules, Metered
from edge.agent.storage.outbox import CaseOutbox
from edge.agent.storage.vault import Vault
from edge.agent.sync import body_of, sync
from services import bundle
from services.credentials import next_secret
from services.domain.errors import FadaError


def device(hub: hubs.Hub, home: Path, site: str = "a") -> tuple[DeviceIdentity, CaseOutbox]:
    who = enrol(hub.url, code(hub, site), home.name)
    return who, CaseOutbox(home, Vault.create(home, "246813"))


def unread(outbox: CaseOutbox) -> CapturedCase:
    """A case that is to be sent, though nobody has read it here."""
    case = outbox.capture([(PICTURE, "image/png")])
    outbox.give_up_reading(case.id, "no release here")
    return case


def test_a_case_is_carried_by_two_and_arrives_once(hub: hubs.Hub, tmp_path: Path) -> None:
    maker, outbox = device(hub, tmp_path / "maker")
    carrier, _ = device(hub, tmp_path / "carrier")
    case = unread(outbox)
    stick = tmp_path / "stick"
    assert carry.pack(outbox, maker, stick) == 1
    (sealed,) = stick.glob("*.fadacase")
    raw = sealed.read_bytes()
    assert PICTURE[:64] not in raw, "a carrier can read nothing"
    assert maker.device_id.encode() not in raw
    assert outbox.get(case.id).state is CaseState.FAILED, "packed is not sent"

    assert carry.hand_in(Hub(carrier), stick).received == 1
    again = Hub(carrier).hand_in(raw)["receipt"]
    assert Hub(maker).hand_in(raw)["receipt"]["case"] == again["case"] == case.id
    sync(outbox, Hub(maker))  # and by itself, at the same time
    assert outbox.get(case.id).state is CaseState.RECEIVED
    with hub.client() as client:
        study = Hub(maker).case(case.id)["study_id"]
        images = client.get(f"/api/studies/{study}").json()["instances_list"]
        assert len(images) == 1
        assert client.get(f"/api/studies/{study}").json()["source"] == "phone"


def test_receipts_come_back_the_same_way(hub: hubs.Hub, tmp_path: Path) -> None:
    maker, outbox = device(hub, tmp_path / "maker")
    carrier, others = device(hub, tmp_path / "carrier")
    case = unread(outbox)
    stick = tmp_path / "stick"
    carry.pack(outbox, maker, stick)
    carry.hand_in(Hub(carrier), stick)
    (receipt,) = stick.glob("*.receipt")
    assert carry.take_receipts(others, carrier, stick) == 0, "another device's"
    forged = json.loads(receipt.read_text()) | {"version": 2}
    (stick / "forged.receipt").write_text(json.dumps(forged))
    said: list[str] = []
    assert carry.take_receipts(outbox, maker, stick, said.append) == 1
    assert any("not from this device's hub" in words for words in said)
    assert outbox.get(case.id).state is CaseState.RECEIVED
    assert carry.take_receipts(outbox, maker, stick) == 0
    assert carry.hand_in(Hub(carrier), stick).received == 0, "what has a receipt is not sent again"


def test_receipts_that_a_phone_gives_back_are_a_list(hub: hubs.Hub, tmp_path: Path) -> None:
    """A phone's page writes all its receipts into one file (web/phone/src/ui/panels/CarryPanel.tsx)."""
    maker, outbox = device(hub, tmp_path / "maker")
    carrier, others = device(hub, tmp_path / "carrier")
    own, foreign = unread(outbox), unread(others)
    stick = tmp_path / "stick"
    carry.pack(outbox, maker, stick)
    carry.pack(others, carrier, stick)
    sealed = [path.read_bytes() for path in sorted(stick.glob("*.fadacase"))]
    receipts = [Hub(carrier).hand_in(raw)["receipt"] for raw in sealed]
    (stick / "fada.receipt").write_text(json.dumps([receipts[0] | {"version": 7}, *receipts]))
    said: list[str] = []
    assert carry.take_receipts(outbox, maker, stick, said.append) == 1
    assert outbox.get(own.id).state is CaseState.RECEIVED
    assert others.get(foreign.id).state is CaseState.FAILED
    assert [words for words in said if "not from this device's hub" in words]
    (stick / "fada.receipt").write_text('["nothing", 3]')
    assert carry.take_receipts(others, carrier, stick) == 0


def test_carried_cases_wait_where_the_network_costs(hub: hubs.Hub, tmp_path: Path) -> None:
    maker, outbox = device(hub, tmp_path / "maker")
    carrier, _ = device(hub, tmp_path / "carrier")
    unread(outbox)
    stick, home = tmp_path / "stick", tmp_path / "carrier"
    carry.pack(outbox, maker, stick)
    LinkRules(wait_for_wifi=True, daily_mb=1, metered=Metered.YES).save(home)
    said: list[str] = []
    done = carry.hand_in(Hub(carrier), stick, said.append, home=home)
    assert (done.received, done.waiting) == (0, 1)
    assert any("waits for a network that costs nothing" in words for words in said)
    assert carry.hand_in(Hub(carrier), stick, home=home, anyway=True).received == 1
    (sealed,) = stick.glob("*.fadacase")
    assert LinkRules.load(home).sent_today() == sealed.stat().st_size


def test_a_case_that_no_hub_would_take_is_named_and_not_packed(
    hub: hubs.Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, outbox = device(hub, tmp_path / "maker")
    case = unread(outbox)
    monkeypatch.setattr(bundle, "MOST_BYTES", 2**20 + len(PICTURE) - 1)
    said: list[str] = []
    assert carry.pack(outbox, maker, tmp_path / "stick", said.append) == 0
    assert case.id in said[0]
    assert "waits for a network" in said[0]
    assert not list((tmp_path / "stick").iterdir())
    monkeypatch.setattr(bundle, "MOST_BYTES", 2**20 + len(PICTURE))
    assert carry.pack(outbox, maker, tmp_path / "stick") == 1


def test_a_report_counts_as_bytes_of_a_network_that_costs(hub: hubs.Hub, tmp_path: Path) -> None:
    maker, outbox = device(hub, tmp_path / "maker")
    case = unread(outbox)
    LinkRules(daily_mb=1, metered=Metered.YES).save(outbox.folder)
    sync(outbox, Hub(maker))
    report = len(body_of(outbox.get(case.id)))
    assert LinkRules.load(outbox.folder).sent_today() == report + len(PICTURE)


def test_a_case_sealed_before_the_secret_changed_is_taken(
    hub: hubs.Hub, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker, outbox = device(hub, tmp_path / "maker")
    carrier, _ = device(hub, tmp_path / "carrier")
    case = unread(outbox)
    stick = tmp_path / "stick"
    carry.pack(outbox, maker, stick)
    before = hub.services.settings
    changed = SecretStr(next_secret(before.secret_key.get_secret_value()))
    settings = before.model_copy(update={"secret_key": changed})
    monkeypatch.setitem(hub.app.state._state, "services", replace(hub.services, settings=settings))
    assert carry.hand_in(Hub(carrier), stick).received == 1
    assert carry.take_receipts(outbox, maker, stick) == 1, "signed as the phone knows the hub"
    assert outbox.get(case.id).state is CaseState.RECEIVED


def test_what_is_forged_or_changed_is_refused(hub: hubs.Hub, tmp_path: Path) -> None:
    maker, outbox = device(hub, tmp_path / "maker")
    carrier, _ = device(hub, tmp_path / "carrier")
    stranger, _ = device(hub, tmp_path / "stranger", site="b")
    unread(outbox)
    stick = tmp_path / "stick"
    carry.pack(outbox, maker, stick)
    raw = next(stick.glob("*.fadacase")).read_bytes()
    changed = raw[:-1] + bytes([raw[-1] ^ 1])
    claims = replace(carrier, device_id=maker.device_id)  # the carrier signs in the maker's name
    folder = tmp_path / "forged"
    carry.pack(outbox, claims, folder)
    forged = next(folder.glob("*.fadacase")).read_bytes()
    for wrong in (changed, forged, b"FADACASE1\n" + bytes(200), b"nothing"):
        with pytest.raises(FadaError):
            Hub(carrier).hand_in(wrong)
    with pytest.raises(FadaError, match="not enrolled at this site"):
        Hub(stranger).hand_in(raw)
    with hub.client() as client:
        client.delete(f"/api/devices/{maker.device_id}")
    with pytest.raises(FadaError, match="not enrolled"):
        Hub(carrier).hand_in(raw)


def test_a_bundle_is_for_its_hub_alone() -> None:
    ours, other = bundle.hub_key(b"a" * 32), bundle.hub_key(b"b" * 32)
    content = bundle.Bundle("d", "c", 1, b"{}", ())
    sealed = bundle.seal(content, lambda message: bytes(64), bundle.public_bytes(ours))
    assert bundle.unseal(sealed, ours).body == b"{}"
    with pytest.raises(FadaError, match="another hub"):
        bundle.unseal(sealed, other)
