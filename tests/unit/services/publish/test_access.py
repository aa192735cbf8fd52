"""Sign-in at destinations: OAuth2 client credentials, SMART backend services, a client certificate under one CA."""

from __future__ import annotations

import base64
import json
import shutil
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from receivers import QuietHandler

from bench.serving import serving
from services.publish.access import SignIn, tls_context
from services.publish.fhir.server import FhirSender
from services.publish.outcomes import PushFailed, PushNotAllowed
from services.publish.stow import StowSender

Asked = tuple[str, dict[str, str]]  # the Authorization header, the form


@contextmanager
def receiver(asked: list[Asked], shown: list[str], status: int = 200) -> Iterator[str]:
    """A token endpoint, and a receiver that notes what it is shown."""

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802
            form = {name: one[0] for name, one in parse_qs(self.body().decode()).items()}
            asked.append((self.lower_headers().get("authorization", ""), form))
            self._answer(status, {"access_token": f"token-{len(asked)}", "expires_in": 300})

        def do_GET(self) -> None:  # noqa: N802
            shown.append(self.lower_headers().get("authorization", ""))
            self._answer(401 if shown[-1] == "Bearer token-1" else 200, {})

        def _answer(self, code: int, content: dict[str, Any]) -> None:
            data = json.dumps(content).encode()
            self.send_response(code)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

    with serving(HTTPServer(("127.0.0.1", 0), Handler)) as port:
        yield f"http://127.0.0.1:{port}"


@pytest.mark.parametrize("sender", [FhirSender, StowSender])
def test_client_credentials_and_a_token_that_is_refused_is_asked_for_anew(sender: Any) -> None:
    asked: list[Asked] = []
    shown: list[str] = []
    with receiver(asked, shown) as address:
        options = {
            "sign_in": "oauth2",
            "token_url": f"{address}/token",
            "client_id": "fada",
            "scope": "write",
        }
        made = sender(f"{address}/base", options, {"client_secret": "swordfish"})
        with pytest.raises(PushNotAllowed):
            made.echo()
        made.echo()
        made.echo()
    assert shown == ["Bearer token-1", "Bearer token-2", "Bearer token-2"]
    header, form = asked[0]
    assert base64.b64decode(header.removeprefix("Basic ")) == b"fada:swordfish"
    assert form == {"grant_type": "client_credentials", "scope": "write"}


@pytest.mark.parametrize("algorithm", ["RS384", "ES384"])
def test_smart_backend_services_sign_who_asks(algorithm: str) -> None:
    key = (
        rsa.generate_private_key(65537, 2048)
        if algorithm == "RS384"
        else ec.generate_private_key(ec.SECP384R1())
    )
    pem = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    ).decode()
    asked: list[Asked] = []
    shown: list[str] = []
    with receiver(asked, shown) as address:
        url = f"{address}/token"
        options = {
            "sign_in": "smart", "token_url": url, "client_id": "fada", "scope": "system/*.cru",
            "key_id": "k1", "alg": algorithm,
        }  # fmt: skip
        made = FhirSender(f"{address}/fhir", options, {"private_key": pem})
        with pytest.raises(PushNotAllowed):
            made.echo()
        made.echo()
    forms = [form for _, form in asked]
    assert {one["client_assertion_type"] for one in forms} == {
        "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
    }
    claims = [
        jwt.decode(one["client_assertion"], key.public_key(), algorithms=[algorithm], audience=url)
        for one in forms
    ]
    assert {(one["iss"], one["sub"]) for one in claims} == {("fada", "fada")}
    assert all(one["exp"] - one["iat"] <= 300 for one in claims)
    assert claims[0]["jti"] != claims[1]["jti"], "each is good once"
    header = jwt.get_unverified_header(forms[0]["client_assertion"])
    assert (header["kid"], header["alg"]) == ("k1", algorithm)


def test_a_sign_in_server_that_says_no_and_one_that_is_not_there() -> None:
    with receiver([], [], 400) as address:
        options = {"sign_in": "oauth2", "token_url": f"{address}/token"}
        with pytest.raises(PushNotAllowed):
            SignIn(options, {}).headers(tls_context({}, {}))
    with pytest.raises(PushFailed):
        SignIn(options, {}).headers(tls_context({}, {}))


def test_personal_access_tokens_of_dhis2() -> None:
    signed = SignIn({"sign_in": "api_token"}, {"token": "d2pat_x"}).headers(tls_context({}, {}))
    assert signed == {"Authorization": "ApiToken d2pat_x"}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl")
def test_a_client_certificate_under_the_authority_that_is_named(tmp_path: Path) -> None:
    for name in ("server", "client"):
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost",
             "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1",
             "-keyout", f"{name}.key", "-out", f"{name}.pem"],
            cwd=tmp_path, check=True, capture_output=True,
        )  # fmt: skip
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "server.pem", tmp_path / "server.key")
    context.load_verify_locations(tmp_path / "client.pem")
    context.verify_mode = ssl.CERT_REQUIRED

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802
            self.send_response(204)
            self.end_headers()

    class Quiet(HTTPServer):
        def handle_error(self, *_: object) -> None:
            return

        def get_request(self) -> Any:
            plain, address = super().get_request()
            return context.wrap_socket(plain, server_side=True), address

    own = {
        "certificate": (tmp_path / "client.pem").read_text(),
        "key": (tmp_path / "client.key").read_text(),
    }
    trusted = {"ca": (tmp_path / "server.pem").read_text()}
    with serving(Quiet(("127.0.0.1", 0), Handler)) as port:
        url = f"https://127.0.0.1:{port}/dicomweb"
        StowSender(url, trusted, own).echo()
        with pytest.raises(PushFailed):
            StowSender(url, trusted, {}).echo()
        with pytest.raises(PushFailed):
            StowSender(url, {}, own).echo()
