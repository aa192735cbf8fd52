"""Sign-on at a real issuer: there and back, by role, and everything that must not let anybody in."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import hub as hubs
import issuers
import pytest
import servers

from gateway.http.limits import LoginAttempts
from services.domain.study import Role
from services.standalone import ports

pytestmark = issuers.needs_issuer


@pytest.fixture(scope="module")
def places() -> tuple[str, int]:
    """The hub's public address, and the issuer's port."""
    own, other = ports.free(2)
    return f"http://127.0.0.1:{own}", other


@pytest.fixture(scope="module")
def issuer(places: tuple[str, int]) -> Iterator[issuers.Issuer]:
    with issuers.running(*places) as running:
        yield running


@pytest.fixture(scope="module")
def hub(
    tmp_path_factory: pytest.TempPathFactory,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
    issuer: issuers.Issuer,
) -> Iterator[hubs.Hub]:
    home = tmp_path_factory.mktemp("sign-on")
    with hubs.running(home, valkey, seaweed, **issuer.settings) as running:
        running.app.state.attempts = LoginAttempts(rate=100, burst=1000)
        yield running


def begun(client: httpx.Client, back: str = "/") -> str:
    """The issuer's address that the hub sends the browser to."""
    answer = client.get("/login/oidc", params={"back": back})
    assert answer.status_code == 303, answer.text
    return answer.headers["location"]


def returned(client: httpx.Client, login: str, back: str = "/") -> str:
    """The address that the issuer sends the browser back to."""
    return issuers.sign_in_there(client, begun(client, back), login)


def me(client: httpx.Client) -> dict[str, str]:
    answer = client.get("/api/me")
    return dict(answer.json()) if answer.status_code == 200 else {}


def refused(answer: httpx.Response) -> str:
    """The code that the sign-in page is told."""
    assert answer.status_code == 303
    assert "fada_session" not in answer.cookies
    target = urlsplit(answer.headers["location"])
    assert target.path == "/"
    return parse_qs(target.query)["sign_on"][0]


def test_a_person_signs_on_works_under_their_name_and_signs_out_at_both(hub: hubs.Hub) -> None:
    with hub.browser() as client:
        assert client.get("/login/options").json()["sign_on"] == {"name": "Clinic ID"}
        asked = parse_qs(urlsplit(begun(client)).query)
        assert asked["code_challenge_method"] == ["S256"]
        assert asked["redirect_uri"] == [f"{hub.url}/login/oidc/callback"]
        answer = client.get(returned(client, "amina", "/patients"))
        assert (answer.status_code, answer.headers["location"]) == (303, "/patients")
        cookies = answer.headers.get_list("set-cookie")
        session = next(c.lower() for c in cookies if c.startswith("fada_session="))
        assert "httponly" in session
        assert "samesite=strict" in session
        who = me(client)
        assert (who["name"], who["site"], who["role"]) == ("Dr. Amina Juma", "a", "sonographer")
        with hub.client(role=Role.MANAGER) as manager:
            entries = manager.get("/api/audit").json()["items"]
            (account,) = [a for a in manager.get("/api/accounts").json()["items"] if a["sign_on"]]
        signed_in = next(e for e in entries if e["action"] == "sign_in")
        assert signed_in["name"] == account["name"] == "Dr. Amina Juma"
        kept = client.cookies["fada_session"]
        out = client.post("/logout").json()["url"]
        assert httpx.get(f"{hub.url}/api/me", cookies={"fada_session": kept}).status_code == 401
        query = parse_qs(urlsplit(out).query)
        assert query["post_logout_redirect_uri"] == [f"{hub.url}/"]
        assert query["id_token_hint"][0].count(".") == 2
        assert "logout" in client.get(out).text


def test_groups_give_site_and_role(hub: hubs.Hub) -> None:
    with hub.browser() as client:
        client.get(returned(client, "chiku"))
        who = me(client)
        assert (who["site"], who["role"]) == ("a", "manager"), "the first site; its highest role"
    with hub.browser() as client:
        assert refused(client.get(returned(client, "baraka"))) == "no_role"
        assert me(client) == {}


def test_what_was_tampered_with_or_comes_twice_opens_nothing(hub: hubs.Hub) -> None:
    with hub.browser() as client, hub.browser() as other:
        back = returned(client, "amina")
        ticket = client.cookies["fada_sign_on"]
        given = {k: v[0] for k, v in parse_qs(urlsplit(back).query).items()}

        def answered(who: httpx.Client, **changed: str) -> str:
            query = {k: v for k, v in {**given, **changed}.items() if v}
            return refused(who.get("/login/oidc/callback?" + urlencode(query)))

        def again() -> None:
            client.cookies.set("fada_sign_on", ticket, domain="127.0.0.1", path="/login/oidc")

        assert answered(other) == "sign_on_over", "begun in another browser"
        assert answered(client, state=given["state"][:-2] + "xx") == "sign_on_over"
        assert answered(client) == "sign_on_over", "what was begun is over after an answer"
        again()
        assert answered(client, iss="http://localhost:1") == "sign_on_refused"
        again()
        assert answered(client, iss="") == "sign_on_refused", "this issuer always names itself"
        again()
        assert answered(client, code="", error="access_denied") == "sign_on_refused"
        begun(other)  # another state, nonce and verifier
        stolen = returned(other, "amina")
        theirs = parse_qs(urlsplit(stolen).query)["code"][0]
        again()
        assert answered(client, code=theirs) == "sign_on_refused", "PKCE binds a code to its ticket"
        again()
        assert client.get(back).cookies.get("fada_session"), "the ticket itself was sound all along"
        client.cookies.delete("fada_session")
        again()
        assert answered(client) == "sign_on_refused", "a code is good once"


@pytest.mark.parametrize(
    "back", ["https://evil.example/", "//evil.example", "/\\evil.example", "x"]
)
def test_nobody_is_sent_elsewhere_afterwards(hub: hubs.Hub, back: str) -> None:
    with hub.browser() as client:
        assert client.get(returned(client, "amina", back)).headers["location"] == "/"


def test_who_is_shut_out_here_stays_out_whatever_the_issuer_says(hub: hubs.Hub) -> None:
    with hub.browser() as client, hub.client(role=Role.ADMIN) as admin:
        client.get(returned(client, "chiku"))
        (account,) = [
            a for a in admin.get("/api/accounts").json()["items"] if a["name"] == "Chiku Mwangi"
        ]
        path = f"/api/accounts/{account['id']}"
        assert admin.patch(path, json={"role": "reader"}).json()["code"] == "named_elsewhere"
        assert admin.post(path + "/invitations").json()["code"] == "named_elsewhere"
        assert admin.patch(path, json={"disabled": True}).status_code == 200
        assert me(client) == {}
        assert refused(client.get(returned(client, "chiku"))) == "sign_on_refused"
        assert admin.patch(path, json={"disabled": False}).status_code == 200
        client.get(returned(client, "chiku"))
        assert me(client)["role"] == "manager"


def test_a_token_is_not_typed_in(hub: hubs.Hub) -> None:
    answer = httpx.post(f"{hub.url}/login", json={"key": "eyJhbGciOiJSUzI1NiJ9.e30.e30"})
    assert answer.status_code == 401


def test_new_keys_other_clocks_and_another_place_of_the_groups(
    tmp_path_factory: pytest.TempPathFactory, valkey: servers.Valkey, seaweed: servers.Seaweed
) -> None:
    own, port = ports.free(2)
    address = f"http://127.0.0.1:{own}"

    def signed_on(hub: hubs.Hub) -> str:
        with hub.browser() as client:
            answer = client.get(returned(client, "amina"))
            return me(client).get("name") or refused(answer)

    with issuers.running(address, port, GROUPS_IN="id_token") as issuer:
        started = hubs.running(
            tmp_path_factory.mktemp("changes"), valkey, seaweed, **issuer.settings
        )
        hub = started.__enter__()
        assert signed_on(hub) == "Dr. Amina Juma"
    try:
        with issuers.running(address, port, SKEW="45"):
            assert signed_on(hub) == "Dr. Amina Juma", "new keys at once, 45 s ahead"
        with issuers.running(address, port, SKEW="600"):
            assert signed_on(hub) == "sign_on_refused"
        with hub.browser() as client:
            assert refused(client.get("/login/oidc/callback?code=x&state=y")) == "sign_on_over"
            back = f"/login/oidc/callback?code=x&state={_state(begun(client))}&iss={issuer.url}"
            assert refused(client.get(back)) == "unavailable", "the issuer is down"
    finally:
        started.__exit__(None, None, None)


def _state(url: str) -> str:
    return parse_qs(urlsplit(url).query)["state"][0]


def test_an_issuer_that_hangs_holds_nobody_else(
    tmp_path_factory: pytest.TempPathFactory,
    valkey: servers.Valkey,
    seaweed: servers.Seaweed,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """60 people begin at an issuer that never answers: all but a few are told so while it still hangs."""
    monkeypatch.setattr("gateway.http.oidc.issuer._FETCH_SECONDS", 600.0)
    (own,) = ports.free(1)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = issuers.Issuer(url, f"http://127.0.0.1:{own}").settings
        home = tmp_path_factory.mktemp("hangs")
        with hubs.running(home, valkey, seaweed, **settings) as hub:
            codes: list[str] = []

            def begin() -> None:
                codes.append(refused(httpx.get(f"{hub.url}/login/oidc", timeout=60)))

            people = [threading.Thread(target=begin) for _ in range(60)]
            for person in people:
                person.start()
            end = time.monotonic() + 60
            while sum(person.is_alive() for person in people) > 4:
                assert time.monotonic() < end, "more than a few wait for the issuer"
                time.sleep(0.05)
            with hub.client() as client:
                assert client.get("/api/me").status_code == 200
            silent.accept()[0].close()  # at last
            for person in people:
                person.join()
            assert set(codes) == {"unavailable"}


def test_who_signs_out_at_the_issuer_is_signed_out_here(hub: hubs.Hub) -> None:
    with hub.browser() as client, hub.browser() as elsewhere, hub.browser() as other:
        client.get(returned(client, "amina"))
        elsewhere.get(returned(elsewhere, "amina"))
        other.get(returned(other, "chiku"))
        hint = next(cookie.value for cookie in client.cookies.jar if cookie.name == "fada_sign_out")
        issuer = hub.services.settings.oidc_issuer
        page = client.get(f"{issuer}/session/end", params={"id_token_hint": hint}).text
        secret = re.search(r'name="xsrf" value="([^"]+)"', page)
        assert secret is not None, page
        client.post(f"{issuer}/session/end/confirm", data={"xsrf": secret[1], "logout": "yes"})
        assert me(client) == {}, "the issuer told the hub, with the browser's cookie untouched"
        assert me(elsewhere)["name"] == "Dr. Amina Juma", "another session at the issuer goes on"
        assert me(other)["name"] == "Chiku Mwangi"
    with hub.client(role=Role.MANAGER) as manager:
        entries = manager.get("/api/audit").json()["items"]
    assert any(e["action"] == "sign_out" and e["detail"] == {"via": "issuer"} for e in entries)


@pytest.mark.parametrize(
    "body", [b"", b"logout_token=x", b"logout_token=a.b.c", b"\xff", b"x" * 70_000]
)
def test_what_is_no_logout_token_ends_nothing(hub: hubs.Hub, body: bytes) -> None:
    answer = httpx.post(f"{hub.url}/login/oidc/logout", content=body)
    assert answer.status_code in (400, 413)
    assert answer.headers["content-type"] == "application/problem+json"
