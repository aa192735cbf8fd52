"""Who may do what, and that one site never sees another (cases 45 to 48)."""

from __future__ import annotations

import io
import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import httpx
import hub as hubs
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from gateway.app import create_app
from gateway.audit.reads import unaudited
from gateway.bootstrap import compose
from gateway.http.authorization import unguarded
from gateway.http.limits import LoginAttempts
from gateway.http.oidc.tokens import Oidc
from services.domain.errors import Forbidden, NotAuthenticated
from services.domain.study import Role
from services.telemetry import logs


def test_every_route_says_who_may_use_it(hub: hubs.Hub) -> None:
    assert unguarded(hub.app) == []


def test_a_route_without_a_guard_stops_the_start(hub: hubs.Hub) -> None:
    app = create_app(hub.services)

    @app.post("/api/open")
    def forgotten() -> None: ...

    assert unguarded(app) == ["POST /api/open"]


def test_every_route_says_what_it_gives_of_patients(hub: hubs.Hub) -> None:
    assert unaudited(hub.app) == []


def test_a_route_that_is_not_audited_stops_the_start(hub: hubs.Hub) -> None:
    app = create_app(hub.services)

    @app.get("/api/women/{number}")
    def forgotten(number: str) -> None: ...

    @app.get("/api/studies/{study_id}/anything")
    def named(study_id: str) -> None: ...

    @app.websocket("/api/studies/{study_id}/follow")
    async def followed(study_id: str) -> None: ...

    assert unaudited(app) == ["/api/studies/{study_id}/follow", "/api/women/{number}"]


def test_nothing_is_read_without_a_principal(hub: hubs.Hub) -> None:
    paths = hub.app.openapi()["paths"]
    public = {"/health/live", "/health/ready", "/health/serving"}
    public |= {"/login", "/login/password", "/logout"}
    public |= {"/login/options", "/login/oidc", "/login/oidc/callback", "/login/oidc/logout"}
    public |= {"/login/passkey", "/login/passkey/options"}
    public |= {"/api/invitations/look", "/api/invitations/accept"}
    checked = 0
    with httpx.Client(base_url=hub.url) as client:
        for path, operations in paths.items():
            for method in operations:
                if path in public or path.startswith(("/api/shared/", "/api/sync/enrol")):
                    continue
                if path in ("/api/sync/challenge", "/api/sync/session"):
                    continue
                answer = client.request(method.upper(), path.replace("{", "").replace("}", ""))
                assert answer.status_code == 401, (method, path)
                if method != "head":
                    assert answer.json()["code"] == "not_authenticated"
                checked += 1
    assert checked > 40


@pytest.mark.parametrize(
    ("role", "method", "path", "status"),
    [
        (Role.READER, "GET", "/api/studies", 200),
        (Role.READER, "POST", "/api/uploads", 403),
        (Role.READER, "GET", "/api/keys", 403),
        (Role.DEVICE, "GET", "/api/studies", 403),
        (Role.DEVICE, "GET", "/api/me", 200),
        (Role.SONOGRAPHER, "GET", "/api/audit", 403),
        (Role.MANAGER, "GET", "/api/audit", 200),
        (Role.MANAGER, "POST", "/api/releases/x-1.0.0/activate", 403),
        (Role.ADMIN, "POST", "/api/releases/x-1.0.0/activate", 404),
    ],
)
def test_roles(hub: hubs.Hub, role: Role, method: str, path: str, status: int) -> None:
    with hub.client(role=role) as client:
        assert client.request(method, path).status_code == status


def test_a_revoked_key_is_refused_at_once(hub: hubs.Hub) -> None:
    with hub.client() as admin:
        made = admin.post("/api/keys", json={"name": "for a day", "role": "reader"}).json()
        headers = {"X-Api-Key": made["key"]}
        assert httpx.get(f"{hub.url}/api/me", headers=headers).status_code == 200
        assert made["key"] not in admin.get("/api/keys").text
        assert admin.delete(f"/api/keys/{made['id']}").status_code == 204
        assert httpx.get(f"{hub.url}/api/me", headers=headers).status_code == 401


def test_no_key_above_ones_own_role(hub: hubs.Hub) -> None:
    with hub.client(role=Role.MANAGER) as manager:
        answer = manager.post("/api/keys", json={"name": "x", "role": "admin"})
    assert answer.status_code == 403


# --- the page's session --------------------------------------------------------------------------
def test_the_session_cookie_is_for_our_own_pages(hub: hubs.Hub) -> None:
    with httpx.Client(base_url=hub.url) as client:
        answer = client.post("/login", json={"key": hub.key(role=Role.MANAGER)})
        cookie = answer.headers["set-cookie"].lower()
        assert "httponly" in cookie
        assert "samesite=strict" in cookie
        assert client.get("/api/me").json()["via"] == "session"
        body = {"name": "x", "role": "reader"}
        assert client.post("/api/keys", json=body).status_code == 403, "no origin"
        evil = {"Origin": "https://evil.example"}
        assert client.post("/api/keys", json=body, headers=evil).status_code == 403
        assert (
            client.post(
                "/api/keys", json=body, headers={"Sec-Fetch-Site": "cross-site"}
            ).status_code
            == 403
        )
        own = {"Origin": hub.url}
        assert client.post("/api/keys", json=body, headers=own).status_code == 201


def test_a_session_is_not_forged_and_ends_with_its_key(hub: hubs.Hub) -> None:
    with hub.client() as admin, httpx.Client(base_url=hub.url) as client:
        made = admin.post("/api/keys", json={"name": "y", "role": "reader"}).json()
        assert client.post("/login", json={"key": made["key"]}).status_code == 200
        value = client.cookies["fada_session"]
        head, claims, mac = value.split(".")
        for forged in (
            f"{head}.{claims}x.{mac}",
            f"{head}.{claims}.{mac[:-4]}AAAA",
            f"{head}.{claims}",
            ".",
            "a.b",
        ):
            answer = httpx.get(f"{hub.url}/api/me", cookies={"fada_session": forged})
            assert answer.status_code == 401
        admin.delete(f"/api/keys/{made['id']}")
        assert client.get("/api/me").status_code == 401


def test_guessing_keys_is_slowed_down(hub: hubs.Hub) -> None:
    hub.app.state.attempts = LoginAttempts(rate=0.001, burst=20)
    codes = [
        httpx.post(f"{hub.url}/login", json={"key": f"fada_{n:016x}_wrong"}).status_code
        for n in range(30)
    ]
    assert codes[0] == 401
    assert codes[-1] == 429
    hub.app.state.attempts = LoginAttempts(rate=0.5, burst=1000)


# --- OpenID Connect (case 47) --------------------------------------------------------------------
ISSUER, AUDIENCE = "https://login.example", "fada"


@pytest.fixture(scope="module")
def key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture(scope="module")
def jwks(key: rsa.RSAPrivateKey) -> Iterator[str]:
    """A real issuer of keys on loopback."""
    public = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(key.public_key()))
    document = json.dumps(
        {"keys": [{**public, "kid": "k1", "use": "sig", "alg": "RS256"}]}
    ).encode()

    class Answer(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *_: object) -> None: ...

    server = HTTPServer(("127.0.0.1", 0), Answer)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/jwks"
    server.shutdown()


@pytest.fixture(scope="module")
def oidc(hub: hubs.Hub, jwks: str) -> Oidc:
    settings = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks_url": jwks}
    return Oidc(hub.services.settings.model_copy(update=settings))


def claims(**more: object) -> dict[str, object]:
    now = int(time.time())
    return {
        "iss": ISSUER, "aud": AUDIENCE, "sub": "u1", "exp": now + 300, "iat": now,
        "fada_site": "a", "fada_role": ["reader", "sonographer"], **more,
    }  # fmt: skip


def token(key: rsa.RSAPrivateKey, kid: str = "k1", **more: object) -> str:
    return jwt.encode(claims(**more), key, "RS256", headers={"kid": kid})


def test_a_sound_token_names_its_principal(oidc: Oidc, key: rsa.RSAPrivateKey) -> None:
    principal, until = oidc.principal(token(key))
    assert (principal.site, principal.role) == ("a", Role.SONOGRAPHER)
    assert until > time.time()


def refused(oidc: Oidc, value: str) -> bool:
    try:
        oidc.principal(value)
    except NotAuthenticated:
        return True
    return False


def test_unsound_tokens_are_refused(oidc: Oidc, key: rsa.RSAPrivateKey) -> None:
    other = rsa.generate_private_key(65537, 2048)
    public = key.public_key().public_bytes(
        __import__("cryptography.hazmat.primitives.serialization", fromlist=["x"]).Encoding.PEM,
        __import__(
            "cryptography.hazmat.primitives.serialization", fromlist=["x"]
        ).PublicFormat.SubjectPublicKeyInfo,
    )
    import base64
    import hmac

    def part(value: dict[str, object]) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    confused = f"{part({'alg': 'HS256', 'kid': 'k1'})}.{part(claims())}"
    mac = base64.urlsafe_b64encode(hmac.digest(public, confused.encode(), "sha256")).rstrip(b"=")
    unsound = {
        "alg none": jwt.encode(claims(), "", "none", headers={"kid": "k1"}),
        "public key as secret": f"{confused}.{mac.decode()}",
        "wrong audience": token(key, aud="other"),
        "wrong issuer": token(key, iss="https://evil.example"),
        "expired": token(key, exp=int(time.time()) - 120),
        "not yet": token(key, nbf=int(time.time()) + 600),
        "another key": token(other),
        "unknown key id": token(key, kid="k2"),
        "nonsense": "a.b.c",
    }
    for name, value in unsound.items():
        assert refused(oidc, value), name
    for missing in ("fada_site", "fada_role"):
        with pytest.raises(Forbidden):
            oidc.principal(
                jwt.encode(claims(**{missing: None}), key, "RS256", headers={"kid": "k1"})
            )


def test_tokens_over_http(
    hub: hubs.Hub, jwks: str, key: rsa.RSAPrivateKey, tmp_path_factory: pytest.TempPathFactory
) -> None:
    from starlette.testclient import TestClient

    oidc_settings = {"oidc_issuer": ISSUER, "oidc_audience": AUDIENCE, "oidc_jwks_url": jwks}
    home = tmp_path_factory.mktemp("oidc")
    settings = hub.services.settings.model_copy(
        update={**oidc_settings, "home": home, "index_url": f"sqlite:///{home}/i.db"}
    )
    services = compose(settings)
    services.index.migrate()
    with TestClient(create_app(services)) as client:

        def me(value: str) -> int:
            return client.get("/api/me", headers={"Authorization": f"Bearer {value}"}).status_code

        assert me(token(key)) == 200
        assert me(jwt.encode(claims(), "", "none", headers={"kid": "k1"})) == 401
        assert me(token(key, aud="other")) == 401
        assert me(token(key, exp=1)) == 401
    services.close()


# --- sites (case 46) -----------------------------------------------------------------------------
def test_a_site_never_sees_another(hub: hubs.Hub) -> None:
    sample = hubs.SAMPLES / "head-27w.dcm"
    with hub.client("a") as ours, hub.client("b") as theirs:
        item = ours.post("/api/uploads", files={"file": sample.read_bytes()}).json()["items"][0]
        study, uid = item["study_id"], item["study_uid"]
        mine = ours.get(f"/api/studies/{study}").json()
        assert mine["study_uid"] == uid
        series, sop = mine["instances_list"][0]["series_uid"], item["sop_uid"]
        made = ours.post(
            "/tus/", headers={"Tus-Resumable": "1.0.0", "Upload-Length": "10"}
        ).headers["location"]
        for path in (
            f"/api/studies/{study}",
            f"/api/studies/{study}/status",
            f"/api/studies/{study}/results",
            f"/api/studies/{study}/results/latest",
            f"/api/studies/{study}/disagreement",
            f"/api/studies/{study}/shares",
            f"/api/events?study={study}",
            f"/api/artefacts/{item['sha256']}",
            f"/api/artefacts/{item['sha256']}/url",
            made,
            f"/dicomweb/studies/{uid}",
            f"/dicomweb/studies/{uid}/metadata",
            f"/dicomweb/studies/{uid}/series/{series}/instances/{sop}",
            f"/dicomweb/studies/{uid}/series/{series}/instances/{sop}/frames/1",
            f"/dicomweb/studies/{uid}/series/{series}/instances/{sop}/rendered",
        ):
            assert theirs.get(path).status_code == 404, path
            if path.startswith("/dicomweb/"):
                assert ours.get(path).status_code == 200, path
        tus = {"Tus-Resumable": "1.0.0"}
        assert theirs.head(made, headers=tus).status_code == 404
        assert theirs.delete(made, headers=tus).status_code == 404
        for method, path, body in (
            ("PATCH", f"/api/studies/{study}", {"urgent": True}),
            ("POST", f"/api/studies/{study}/run-again", None),
            ("POST", f"/api/studies/{study}/shares", {}),
            ("POST", f"/api/studies/{study}/reviews", {"based_on": 1}),
            ("POST", "/api/measure", {"study_id": study, "sop_uid": sop}),
        ):
            assert theirs.request(method, path, json=body).status_code == 404, path
        assert theirs.get("/api/studies").json()["total"] == 0
        response = theirs.get("/dicomweb/studies", params={"StudyInstanceUID": uid})
        assert response.status_code in (200, 204)
        assert uid not in response.text
        events = hub.app.state.broadcaster.since("b", 0)
        assert all(e.study_id != study for e in events)
        # The same object sent by the other site is theirs, and ours stays ours.
        again = theirs.post("/api/uploads", files={"file": sample.read_bytes()}).json()["items"][0]
        assert again["new"]
        assert again["study_id"] != study


# --- patient data (case 48) and markup (case 45) --------------------------------------------------
def test_canaries_stay_in_the_index(hub: hubs.Hub, valkey: object) -> None:
    import redis

    stream = io.StringIO()
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    logs.setup("DEBUG", stream)
    try:
        canary = "CANARY7f3a"
        picture = (hubs.SAMPLES / "head-27w.png").read_bytes()
        with hub.client("canary") as client:
            form = {
                "patient_name": f"{canary}^Name", "patient_id": f"{canary}-id",
                "accession": f"{canary}-a"[:16], "description": f"{canary} <script>x</script>",
            }  # fmt: skip
            item = client.post(
                "/api/uploads", files={"file": (f"{canary}.png", picture)}, data=form
            ).json()["items"][0]
            client.get("/api/studies", params={"text": canary})
            client.get(f"/api/{canary}")
            client.post("/api/uploads", files={"file": (f"{canary}.txt", canary.encode())})
            client.post("/api/keys", json={"name": canary, "role": canary})
            row = client.get("/api/studies", params={"text": canary}).json()["items"][0]
            figures = client.get("/metrics").text
            name = client.get(f"/api/studies/{item['study_id']}")
        hub.services.ingest.dispatcher.flush()
    finally:
        root.handlers[:] = handlers
        root.setLevel(level)
    assert row["patient"]["name"] == f"{canary} Name"
    assert "request.answered" in stream.getvalue()
    assert canary not in stream.getvalue()
    assert canary not in figures
    assert name.headers["content-type"] == "application/json", "markup is data, never a page"
    assert name.headers["x-content-type-options"] == "nosniff"
    broker = redis.Redis.from_url(valkey.url)  # type: ignore[attr-defined]
    for broker_key in broker.scan_iter():
        kind = broker.type(broker_key)
        value = broker.lrange(broker_key, 0, -1) if kind == b"list" else broker.dump(broker_key)
        assert canary.encode() not in repr(value).encode()
        assert canary.encode() not in broker_key


def test_security_headers(hub: hubs.Hub) -> None:
    for path in ("/", "/field/", "/api/me", "/nothing/here"):
        headers = httpx.get(hub.url + path).headers
        policy = headers["content-security-policy"]
        assert "default-src 'none'" in policy
        assert "unsafe-inline" not in policy
        assert "frame-ancestors 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-opener-policy"] == "same-origin"
    assert httpx.get(hub.url + "/field/").headers["cross-origin-embedder-policy"] == "require-corp"


def test_page_files_stay_in_their_folder(hub: hubs.Hub) -> None:
    for path in (
        "/..%2f..%2fapp.py",
        "/assets/..%2f..%2f..%2fapp.py",
        "/field/..%2f..%2fapp.py",
        "/%00",
    ):
        answer = httpx.get(hub.url + path)
        assert "create_app" not in answer.text
        assert answer.status_code in (200, 404)
