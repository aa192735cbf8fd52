"""People: invited by a link, signed in by password, locked out for a while, shut out for good."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import hub as hubs
import pytest

from services.domain.study import Role

pytestmark = pytest.mark.usefixtures("many_sign_ins")
PASSWORD = "a heartbeat at 20 weeks"


def invited(
    hub: hubs.Hub, login: str, role: str = "sonographer", site: str = "a"
) -> dict[str, str]:
    with hub.client(site, Role.MANAGER) as manager:
        answer = manager.post(
            "/api/accounts", json={"login": login, "name": f"Dr. {login}", "role": role}
        )
        assert answer.status_code == 201, answer.text
        made: dict[str, str] = answer.json()
    address, _, secret = made["url"].partition("#")
    assert address == f"{hub.url}/invitation", "the secret is sent to no server with the address"
    return {**made, "secret": secret}


def accepted(hub: hubs.Hub, login: str, client: httpx.Client, **more: str) -> dict[str, str]:
    made = invited(hub, login, **more)
    body = {"secret": made["secret"], "password": PASSWORD}
    assert client.post("/api/invitations/accept", json=body).status_code == 200
    return made


def sign_in(client: httpx.Client, login: str, password: str = PASSWORD) -> httpx.Response:
    return client.post("/login/password", json={"login": login, "password": password})


def test_from_invitation_to_work_under_ones_own_name(hub: hubs.Hub) -> None:
    made = invited(hub, "Amina@clinic.example")
    with hub.browser() as client:
        invitation = client.post("/api/invitations/look", json={"secret": made["secret"]}).json()
        assert invitation == {
            "login": "amina@clinic.example",
            "name": "Dr. Amina@clinic.example",
            "site": "a",
        }
        body = {"secret": made["secret"], "password": PASSWORD}
        assert (
            client.post("/api/invitations/accept", json={**body, "password": "short"}).status_code
            == 422
        )
        assert client.post("/api/invitations/accept", json=body).status_code == 200
        me = client.get("/api/me").json()
        assert (me["name"], me["role"]) == ("Dr. Amina@clinic.example", "sonographer")
        assert client.post("/api/invitations/accept", json=body).status_code == 410, "good once"
        client.post("/logout")
        assert client.get("/api/me").status_code == 401
        assert sign_in(client, "AMINA@clinic.example").status_code == 200
        picture = (hubs.SAMPLES / "head-27w.png").read_bytes()
        item = client.post("/api/uploads", files={"file": picture}).json()["items"][0]
        assert client.post(f"/api/studies/{item['study_id']}/shares", json={}).status_code == 201
    with hub.client(role=Role.MANAGER) as manager:
        entries = manager.get("/api/audit", params={"subject": item["study_id"]}).json()["items"]
    assert {e["name"] for e in entries} == {"Dr. Amina@clinic.example"}


def test_a_wrong_password_says_no_more_than_a_wrong_name(hub: hubs.Hub) -> None:
    with hub.browser() as client:
        accepted(hub, "baraka", client)
        client.cookies.clear()
        wrong, nobody = sign_in(client, "baraka", "x" * 12), sign_in(client, "nobody", "x" * 12)
    assert wrong.status_code == nobody.status_code == 401
    assert wrong.json()["detail"] == nobody.json()["detail"]


def test_an_account_waits_longer_each_time_and_its_own_browser_does_not(hub: hubs.Hub) -> None:
    with hub.browser() as own, hub.browser() as attacker:
        accepted(hub, "chausiku", own)
        own.post("/logout")
        assert sign_in(own, "chausiku").status_code == 200, "this browser is known from here on"
        answers = [sign_in(attacker, "chausiku", f"guess number {n}") for n in range(7)]
        assert [a.status_code for a in answers] == [401] * 6 + [429]
        assert int(answers[-1].headers["retry-after"]) >= 1
        assert sign_in(attacker, "chausiku").status_code == 429, "the right one must wait too"
        own.post("/logout")
        assert sign_in(own, "chausiku").status_code == 200
    with hub.services.index.begin() as tx:
        account = tx.accounts.by_login("chausiku")
        assert account is not None
        now = datetime.now(UTC)
        waits = [(tx.accounts.failed(account) or now) - now for _ in range(20)]
        tx.accounts.succeeded(account)
    assert waits == sorted(waits)
    assert waits[-1] <= timedelta(minutes=15, seconds=5)


def test_who_is_shut_out_is_out_at_once(hub: hubs.Hub) -> None:
    with hub.browser() as client, hub.client(role=Role.MANAGER) as manager:
        made = accepted(hub, "dalila", client)
        changed = manager.patch(f"/api/accounts/{made['id']}", json={"role": "reader"})
        assert changed.status_code == 200
        assert client.get("/api/me").json()["role"] == "reader", "a role holds from now on"
        assert (
            manager.patch(f"/api/accounts/{made['id']}", json={"disabled": True}).status_code == 200
        )
        assert client.get("/api/me").status_code == 401
        assert sign_in(client, "dalila").status_code == 401
        assert (
            manager.patch(f"/api/accounts/{made['id']}", json={"disabled": False}).status_code
            == 200
        )
        assert sign_in(client, "dalila").status_code == 200


def test_a_new_link_takes_the_place_of_the_old_and_of_a_password(hub: hubs.Hub) -> None:
    with hub.browser() as client, hub.client(role=Role.MANAGER) as manager:
        first = invited(hub, "eshe")
        again = manager.post(f"/api/accounts/{first['id']}/invitations").json()["url"]
        body = {"secret": first["secret"], "password": PASSWORD}
        assert client.post("/api/invitations/accept", json=body).status_code == 410
        body["secret"] = again.partition("#")[2]
        assert client.post("/api/invitations/accept", json=body).status_code == 200
        new = "another good password"
        wrong = client.post("/api/me/password", json={"current": "no", "new": new})
        assert wrong.status_code == 401
        with hub.browser() as elsewhere:
            assert sign_in(elsewhere, "eshe").status_code == 200
            passwords = {"current": PASSWORD, "new": new}
            assert client.post("/api/me/password", json=passwords).status_code == 200
            assert elsewhere.get("/api/me").status_code == 401, "other sessions end"
        assert client.get("/api/me").status_code == 200
        client.post("/logout")
        assert sign_in(client, "eshe").status_code == 401
        assert sign_in(client, "eshe", new).status_code == 200


def test_nobody_is_raised_above_who_invites_and_sites_stay_apart(hub: hubs.Hub) -> None:
    with hub.client(role=Role.MANAGER) as manager, hub.client("b", Role.ADMIN) as stranger:
        above = {"login": "farida", "name": "F", "role": "admin"}
        assert manager.post("/api/accounts", json=above).status_code == 403
        assert manager.post("/api/accounts", json={**above, "role": "device"}).status_code == 403
        made = invited(hub, "farida")
        assert manager.post("/api/accounts", json={**above, "role": "reader"}).status_code == 409
        with hub.client(role=Role.ADMIN) as admin:
            admin.patch(f"/api/accounts/{made['id']}", json={"role": "admin"})
        change = manager.patch(f"/api/accounts/{made['id']}", json={"role": "reader"})
        assert change.status_code == 403
        assert stranger.patch(f"/api/accounts/{made['id']}", json={"name": "x"}).status_code == 404
        assert made["id"] not in stranger.get("/api/accounts").text
        assert stranger.post(f"/api/accounts/{made['id']}/invitations").status_code == 404
    with hub.client(role=Role.SONOGRAPHER) as sonographer:
        assert sonographer.get("/api/accounts").status_code == 403
    with hub.client(role=Role.READER) as key:
        passwords = {"current": "x", "new": PASSWORD}
        assert key.post("/api/me/password", json=passwords).status_code == 403


def test_no_password_is_stored_or_shown(hub: hubs.Hub) -> None:
    with hub.browser() as client:
        accepted(hub, "gamba", client)
    with hub.services.index.read() as tx:
        account = tx.accounts.by_login("gamba")
    assert account is not None
    assert account.password_hash.startswith("$argon2id$")
    with hub.client(role=Role.MANAGER) as manager:
        listed = manager.get("/api/accounts").text
    assert "argon2" not in listed
    assert PASSWORD not in listed
