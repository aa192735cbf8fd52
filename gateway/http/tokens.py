"""Small signed statements (HMAC-SHA256) with a purpose and an end, by this hub's own clock."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from typing import Any

from services.domain.errors import NotAuthenticated


def encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def decode(text: str) -> bytes:
    """Raises ValueError when ``text`` is not base64url."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


class Signer:
    """One secret; each purpose gets a key of its own, so no token serves for another's purpose."""

    def __init__(self, secret: bytes) -> None:
        if len(secret) < 32:
            raise ValueError("the secret key needs 32 bytes or more")
        self._secret = secret

    def sign(self, purpose: str, claims: dict[str, Any], seconds: float) -> str:
        """A token that holds for ``seconds`` from now."""
        body = json.dumps({**claims, "exp": int(time.time() + seconds)}, separators=(",", ":"))
        head = encode(body.encode())
        return f"{head}.{encode(self._mac(purpose, head))}"

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """The claims. Raises NotAuthenticated: forged, for another purpose, or over."""
        if not self.genuine(purpose, token):
            raise NotAuthenticated("This token was not made by this hub.")
        claims: dict[str, Any] = json.loads(decode(token.partition(".")[0]))
        if claims["exp"] <= time.time():
            raise NotAuthenticated("This has expired; sign in again.")
        return claims

    def genuine(self, purpose: str, token: str) -> bool:
        """Whether it was made here for this purpose, over or not."""
        head, _, mac = token.partition(".")
        try:
            given = decode(mac)
        except ValueError:
            return False
        return hmac.compare_digest(given, self._mac(purpose, head))

    def _mac(self, purpose: str, head: str) -> bytes:
        key = hmac.digest(self._secret, f"fada:{purpose}".encode(), hashlib.sha256)
        return hmac.digest(key, head.encode(), hashlib.sha256)
