"""A push service of the tests on loopback, and the browser at its end, which opens what it gets.

RFC 8030 (the request), RFC 8292 (who asks) and RFC 8291 with RFC 8188 (what is inside), read by themselves:
nothing of the hub's own code is used here.
"""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import ThreadingHTTPServer
from typing import Any

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from receivers import QuietHandler

from bench.serving import serving


def b64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unb64(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Receiver:
    """A browser's half of a subscription."""

    def __init__(self, private: bytes | None = None, secret: bytes | None = None) -> None:
        number = int.from_bytes(private) if private else None
        curve = ec.SECP256R1()
        self.key = (
            ec.derive_private_key(number, curve) if number else ec.generate_private_key(curve)
        )
        self.secret = secret or os.urandom(16)

    @property
    def point(self) -> bytes:
        return self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)

    def subscription(self, endpoint: str) -> dict[str, Any]:
        """As a browser's ``PushSubscription.toJSON()``."""
        keys = {"p256dh": b64(self.point), "auth": b64(self.secret)}
        return {"endpoint": endpoint, "expirationTime": None, "keys": keys}

    def open(self, body: bytes) -> bytes:
        salt, length = body[:16], body[20]
        theirs, sealed = body[21 : 21 + length], body[21 + length :]
        point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), theirs)
        info = b"WebPush: info\x00" + self.point + theirs
        secret = HKDF(hashes.SHA256(), 32, self.secret, info).derive(
            self.key.exchange(ec.ECDH(), point)
        )
        key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\x00").derive(secret)
        nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\x00").derive(secret)
        plain = AESGCM(key).decrypt(nonce, sealed, None).rstrip(b"\x00")
        assert plain.endswith(b"\x02"), "the last record (RFC 8188)"
        return plain[:-1]


@dataclass
class PushService:
    """``status``: what a path is answered; 201 where nothing is said."""

    address: str = ""
    public_key: str = ""
    got: list[tuple[str, dict[str, str], bytes]] = field(default_factory=list)
    status: dict[str, int] = field(default_factory=dict)

    def checked(self, headers: dict[str, str]) -> dict[str, Any]:
        """The claims of who asks (RFC 8292 section 3): signed by the key that was subscribed to."""
        parts = re.fullmatch(r"vapid t=([^,]+), k=(\S+)", headers["authorization"])
        assert parts is not None
        assert parts[2] == self.public_key
        key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), unb64(parts[2]))
        claims: dict[str, Any] = jwt.decode(
            parts[1], key, algorithms=["ES256"], audience=self.address
        )
        return claims


@contextmanager
def push_service() -> Iterator[PushService]:
    """On loopback."""
    service = PushService()

    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802
            headers, body = self.lower_headers(), self.body()
            if service.public_key:
                service.checked(headers)
            service.got.append((self.path, headers, body))
            self.send_response(service.status.get(self.path, 201))
            self.send_header("Content-Length", "0")
            self.end_headers()

    with serving(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as port:
        service.address = f"http://127.0.0.1:{port}"
        yield service
