"""Passkeys: registered with the password, a way in of their own, or the second factor of a site."""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Iterator
from typing import Any

import cbor2
import httpx
import hub as hubs
import pytest
import servers
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from webauthn.helpers import bytes_to_base64url

from gateway.http.limits import LoginAttempts
from services.domain.study import Role
from services.standalone import ports

PASSWORD = "a heartbeat at 20 weeks"


class Authenticator:
    """One passkey on P-256 (WebAuthn section 6): on a security key, which ``counts``, or synchronised."""

    def __init__(self, origin: str, *, verifies: bool = True, counts: bool = True) -> None:
        self.origin, self.flags, self.count = origin, 0x05 if verifies else 0x01, 0
        self.counts = counts
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.id = hashlib.sha256(str(self.key.private_numbers().private_value).encode()).digest()

    def make(self, options: dict[str, Any]) -> dict[str, Any]:
        point = self.key.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: point.x.to_bytes(32), -3: point.y.to_bytes(32)}
        credential = bytes(16) + struct.pack(">H", len(self.id)) + self.id + cbor2.dumps(cose)
        data = self._data(options["rp"]["id"], 0x40) + credential
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        client = self._client("webauthn.create", options)
        return self._named({"clientDataJSON": client, "attestationObject": attestation})

    def show(self, options: dict[str, Any]) -> dict[str, Any]:
        self.count += self.counts
        data = self._data(options["rpId"])
        client = self._client("webauthn.get", options)
        signed = data + hashlib.sha256(client).digest()
        signature = self.key.sign(signed, ec.ECDSA(hashes.SHA256()))
        return self._named(
            {"clientDataJSON": client, "authenticatorData": data, "signature": signature}
        )

    def _data(self, rp_id: str, flags: int = 0) -> bytes:
        flags_and_count = struct.pack(">BI", self.flags | flags, self.count)
        return hashlib.sha256(rp_id.encode()).digest() + flags_and_count

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        client_data = {"type": kind, "challenge": options["challenge"], "origin": self.origin}
        return json.dumps(client_data).encode()

    def _named(self, response: dict[str, bytes]) -> dict[str, Any]:
        name = bytes_to_base64url(self.id)
        packed = {key: bytes_to_base64url(value) for key, value in response.items()}
        return {"id": name, "rawId": name, "type": "public-key", "response": packed}


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> Iterator[hubs.Hub]:
    public = f"http://localhost:{ports.free(1)[0]}"
    settings = {"public_url": public, "second_factor_sites": "strict"}
    with hubs.running(tmp_path_factory.mktemp("keys"), valkey, seaweed, **settings) as running:
        running.app.state.attempts = LoginAttempts(rate=100, burst=1000)
        yield running


def person(hub: hubs.Hub, client: httpx.Client, login: str, site: str = "a") -> str:
    """Invited, with a password, and signed in; the account's id."""
    account = {"login": login, "name": login.title(), "role": "sonographer"}
    with hub.client(site, Role.MANAGER) as manager:
        made = manager.post("/api/accounts", json=account).json()
    body = {"secret": made["url"].partition("#")[2], "password": PASSWORD}
    assert client.post("/api/invitations/accept", json=body).status_code == 200
    return str(made["id"])


def origin(hub: hubs.Hub) -> str:
    return hub.services.settings.public_url


def register(client: httpx.Client, authenticator: Authenticator, name: str = "key") -> str:
    """The id of the new passkey."""
    asked = client.post("/api/me/passkeys/options", json={"password": PASSWORD}).json()
    body = {
        "ticket": asked["ticket"],
        "name": name,
        "credential": authenticator.make(asked["options"]),
    }
    answer = client.post("/api/me/passkeys", json=body)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def shown(client: httpx.Client, authenticator: Authenticator) -> dict[str, Any]:
    """What the page would send to sign in."""
    asked = client.post("/login/passkey/options").json()
    return {"ticket": asked["ticket"], "credential": authenticator.show(asked["options"])}


def code(answer: httpx.Response) -> str:
    assert answer.status_code >= 400, answer.text
    return str(answer.json()["code"])


def test_made_listed_used_and_removed(hub: hubs.Hub) -> None:
    own = Authenticator(origin(hub), counts=False)
    with hub.browser() as client:
        person(hub, client, "amina")
        wrong = client.post("/api/me/passkeys/options", json={"password": "x" * 12})
        assert code(wrong) == "not_authenticated", "a session left open registers nothing"
        made = register(client, own, "phone")
        client.post("/logout")
        body = shown(client, own)
        assert client.post("/login/passkey", json=body).json()["role"] == "sonographer"
        (one,) = client.get("/api/me/passkeys").json()["items"]
        assert one["name"] == "phone"
        assert one["last_used_at"]
        client.post("/logout")
        assert code(client.post("/login/passkey", json=body)) == "passkey_refused", "a replay"
        assert client.post("/login/passkey", json=shown(client, own)).status_code == 200
        assert client.delete(f"/api/me/passkeys/{made}").status_code == 204
        client.post("/logout")
        assert code(client.post("/login/passkey", json=shown(client, own))) == "passkey_refused"
    with hub.client(role=Role.MANAGER) as manager:
        entries = manager.get("/api/audit").json()["items"]
    mine = {e["action"] for e in entries if e["name"] == "Amina"}
    assert {"passkey.created", "passkey.deleted", "sign_in"} <= mine


def test_what_does_not_hold_is_refused(hub: hubs.Hub) -> None:
    own, copy = Authenticator(origin(hub)), Authenticator(origin(hub))
    with hub.browser() as client, hub.browser() as other:
        person(hub, client, "baraka")
        person(hub, other, "chiku")
        register(client, own)
        asked = client.post("/api/me/passkeys/options", json={"password": PASSWORD}).json()
        theirs = {"ticket": asked["ticket"], "name": "x", "credential": copy.make(asked["options"])}
        assert code(other.post("/api/me/passkeys", json=theirs)) == "passkey_unusable"
        phished = Authenticator("https://fada.example.evil")
        theirs["credential"] = phished.make(asked["options"])
        assert code(client.post("/api/me/passkeys", json=theirs)) == "passkey_unusable"
        body = shown(other, own)
        assert code(other.post("/login/passkey", json={**body, "ticket": "x" * 20})) == (
            "not_authenticated"
        )
        copy.id = own.id  # another key under the same name
        assert code(other.post("/login/passkey", json=shown(other, copy))) == "passkey_refused"
        own.flags = 0x01  # nobody was verified: then it is one factor
        assert code(other.post("/login/passkey", json=shown(other, own))) == "passkey_refused"
        own.flags = 0x05
        own.origin = phished.origin
        assert code(other.post("/login/passkey", json=shown(other, own))) == "passkey_refused"
        own.origin = origin(hub)
        for _ in range(3):
            other.post("/login/passkey", json=shown(other, copy))
        assert code(other.post("/login/passkey", json=shown(other, own))) == "rate_limited"
        credentials = {"login": "baraka", "password": PASSWORD}
        assert code(other.post("/login/password", json=credentials)) == "rate_limited", (
            "one account"
        )


def test_a_site_asks_for_both(hub: hubs.Hub) -> None:
    own, stranger = (Authenticator(origin(hub), verifies=False) for _ in range(2))
    password = {"login": "dalila", "password": PASSWORD}
    with hub.browser() as client, hub.browser() as other:
        person(hub, client, "dalila", "strict")
        assert client.get("/api/me").json()["account"] == {"passkeys": True, "needs_passkey": True}
        assert code(other.post("/login/password", json=password)) == "forbidden", "a link only"
        register(client, own)
        assert client.get("/api/me").json()["account"]["needs_passkey"] is False
        person(hub, other, "eshe", "strict")
        register(other, stranger)
        other.post("/logout")
        client.post("/logout")
        asked = client.post("/login/password", json=password)
        assert code(asked) == "passkey_needed"
        assert "fada_session" not in client.cookies
        challenge = asked.json()
        (allowed,) = challenge["options"]["allowCredentials"]
        assert allowed["id"] == bytes_to_base64url(own.id)
        theirs = {"ticket": challenge["ticket"], "credential": stranger.show(challenge["options"])}
        assert code(client.post("/login/passkey", json=theirs)) == "passkey_refused"
        body = {"ticket": challenge["ticket"], "credential": own.show(challenge["options"])}
        assert client.post("/login/passkey", json=body).status_code == 200
        assert client.get("/api/me").json()["name"] == "Dalila"


def test_keys_have_no_passkeys_and_an_address_without_a_name_offers_none(
    hub: hubs.Hub,
) -> None:
    with hub.client() as key:
        assert key.get("/api/me").json()["account"] is None
        assert code(key.get("/api/me/passkeys")) == "forbidden"
    assert httpx.get(f"{hub.url}/login/options").json()["passkeys"] is True
    from gateway.http.passkeys import RelyingParty

    def fits(public_url: str) -> bool:
        settings = {"public_url": public_url}
        return RelyingParty.fits(hub.services.settings.model_copy(update=settings))

    assert fits("https://hub.example")
    assert not any(map(fits, ("", "http://hub.example", "https://10.0.0.7", "https://[::1]")))
