"""Notices to people's browsers by Web Push (RFC 8030), encrypted (RFC 8291), signed by VAPID (RFC 8292).

The push service in between, which the browser's maker runs, sees a length and a time, not the words.
"""

from __future__ import annotations

import base64
import http.client
import json
import os
import time
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.domain.errors import InvalidInput
from services.publish import webhook
from services.publish.http_client import RequestBounds, request
from services.publish.notices.notice import Notice
from services.publish.outcomes import Taken

GONE: Final = "gone"  # the code of a subscription that there is no more
_RECORD = 4096
_TTL = 24 * 3600  # s for which the push service keeps it for a browser that is off
_TOKEN_SECONDS = 12 * 3600
_GONE = (404, 410)
_POINT = serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint


@dataclass(frozen=True, slots=True)
class Browser:
    """One that somebody subscribed: its push service's URL, its key (65 bytes) and secret (16 bytes)."""

    id: str
    endpoint: str
    key: bytes
    secret: bytes
    language: str


class PushSender:
    """The browsers of a site's people. Safe to share between threads."""

    def __init__(self, contact: str, private_key: str, allow_private: bool) -> None:
        """``contact``: mailto: or https: of who runs the hub, for the push services. Raises InvalidInput."""
        self._contact = check_contact(contact)
        self._key, self._private = _load(private_key), allow_private

    @property
    def public_key(self) -> str:
        """What a browser subscribes to (applicationServerKey)."""
        return b64(self._key.public_key().public_bytes(*_POINT))

    def tell(
        self, notice: Notice, browsers: Sequence[Browser], done: Collection[str]
    ) -> Iterator[Taken]:
        """What became of each, but for those that have it (``done``)."""
        for one in browsers:
            if one.id not in done:
                yield self._send(notice, one)

    def echo(self) -> None:
        """There is nothing to reach before somebody has subscribed."""

    def _send(self, notice: Notice, browser: Browser) -> Taken:
        title, sentence = notice.words(browser.language)
        message = {"title": title, "body": sentence, "url": notice.link, "tag": notice.identity}
        try:
            body = encrypt(json.dumps(message, ensure_ascii=False).encode(), browser)
            parts = webhook.check_url(browser.endpoint, allow_private=self._private)
            port = parts.port or (443 if parts.scheme == "https" else 80)
            addresses = webhook.safe_addresses(
                str(parts.hostname), port, allow_private=self._private
            )
            headers = self._headers(f"{parts.scheme}://{parts.netloc}", notice)
            answer = request(
                "POST", parts, body, headers, RequestBounds(15.0), address=addresses[0]
            )
        except (webhook.WebhookRefused, ValueError):
            return Taken(browser.id, "endpoint_refused")
        except (OSError, http.client.HTTPException, webhook.WebhookFailed):
            return Taken(browser.id, "unreachable", again=True)
        if 200 <= answer.status < 300:
            return Taken(browser.id)
        if answer.status in _GONE:
            return Taken(browser.id, GONE)
        again = answer.status == 429 or answer.status >= 500
        return Taken(browser.id, f"http_{answer.status}", again=again)

    def _headers(self, origin: str, notice: Notice) -> dict[str, str]:
        claims = {"aud": origin, "exp": int(time.time()) + _TOKEN_SECONDS, "sub": self._contact}
        token = jwt.encode(claims, self._key, algorithm="ES256")
        return {
            "Authorization": f"vapid t={token}, k={self.public_key}",
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(_TTL),
            "Urgency": "high" if notice.kind == "urgent" else "normal",
        }


def encrypt(
    plain: bytes,
    browser: Browser,
    own: ec.EllipticCurvePrivateKey | None = None,
    salt: bytes | None = None,
) -> bytes:
    """One record of aes128gcm (RFC 8188) under a key that the browser alone can find (RFC 8291).

    ``own`` and ``salt`` are fresh but in a test. Raises ValueError: the browser's key is no point.
    """
    own, salt = own or ec.generate_private_key(ec.SECP256R1()), salt or os.urandom(16)
    theirs = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), browser.key)
    public = own.public_key().public_bytes(*_POINT)
    shared = own.exchange(ec.ECDH(), theirs)
    info = b"WebPush: info\0" + browser.key + public
    secret = HKDF(hashes.SHA256(), 32, browser.secret, info).derive(shared)
    key = HKDF(hashes.SHA256(), 16, salt, b"Content-Encoding: aes128gcm\0").derive(secret)
    nonce = HKDF(hashes.SHA256(), 12, salt, b"Content-Encoding: nonce\0").derive(secret)
    sealed = AESGCM(key).encrypt(nonce, plain + b"\x02", None)
    return salt + _RECORD.to_bytes(4) + bytes([len(public)]) + public + sealed


def check_contact(contact: str) -> str:
    """Raises InvalidInput."""
    if not contact.startswith(("mailto:", "https://")) or not contact.isprintable():
        raise InvalidInput("The address is mailto: or https: of who runs the hub.")
    return contact


def fresh_key() -> str:
    """A private key for VAPID, as PEM."""
    made = ec.generate_private_key(ec.SECP256R1())
    return made.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    ).decode()


def b64(data: bytes) -> str:
    """base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _load(pem: str) -> ec.EllipticCurvePrivateKey:
    try:
        key: Any = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError) as error:
        raise InvalidInput("The private key of this destination cannot be used.") from error
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise InvalidInput("Web Push needs a key on P-256.")
    return key
