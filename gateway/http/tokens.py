"""Tokens of this hub: JSON Web Tokens (RFC 7519, HS256) with a purpose and an expiry.

Tokens that version 0.1 made (two parts, HMAC-SHA256 with a key for each purpose) are read until they
expire: share links hold for up to 31 days.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from contextlib import suppress
from typing import Any

import jwt

from services.domain.errors import NotAuthenticated

_ALGORITHM = "HS256"
_MIN_SECRET = 32  # bytes (RFC 7518 section 3.2)


class Signer:
    """Signs tokens with the hub's secret, and reads those of the secrets before it too.

    The purpose is the audience (``aud``) of a token; it serves for no other.
    """

    def __init__(self, secret: bytes, *before: bytes) -> None:
        """Raises ValueError for a secret of less than 32 bytes."""
        if min(len(one) for one in (secret, *before)) < _MIN_SECRET:
            raise ValueError("the secret key needs 32 bytes or more")
        self._secret, self._before = secret, before

    def sign(self, purpose: str, claims: dict[str, Any], seconds: float) -> str:
        """A token with ``claims`` that holds for ``seconds`` from now."""
        expiry = int(time.time() + seconds)
        payload = {**claims, "aud": _audience(purpose), "exp": expiry}
        return jwt.encode(payload, self._secret, algorithm=_ALGORITHM)

    def read(self, purpose: str, token: str) -> dict[str, Any]:
        """The claims of a token. Raises NotAuthenticated: forged, of another purpose, or expired."""
        try:
            return self._decode(purpose, token, verify_exp=True)
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticated("This has expired; sign in again.") from error
        except jwt.PyJWTError as error:
            raise NotAuthenticated("This token was not made by this hub.") from error

    def genuine(self, purpose: str, token: str) -> bool:
        """Whether the token was made here for this purpose, expired or not."""
        try:
            self._decode(purpose, token, verify_exp=False)
        except jwt.PyJWTError:
            return False
        return True

    def _decode(self, purpose: str, token: str, *, verify_exp: bool) -> dict[str, Any]:
        *newer, oldest = (self._secret, *self._before)
        for secret in newer:
            with suppress(jwt.InvalidSignatureError):
                return self._decode_by(secret, purpose, token, verify_exp=verify_exp)
        return self._decode_by(oldest, purpose, token, verify_exp=verify_exp)

    def _decode_by(
        self, secret: bytes, purpose: str, token: str, *, verify_exp: bool
    ) -> dict[str, Any]:
        if token.count(".") == 1:
            return _decode_0_1(secret, purpose, token, verify_exp=verify_exp)
        claims: dict[str, Any] = jwt.decode(
            token,
            secret,
            algorithms=[_ALGORITHM],
            audience=_audience(purpose),
            options={"require": ["exp", "aud"], "verify_exp": verify_exp},
        )
        return claims


def _decode_0_1(secret: bytes, purpose: str, token: str, *, verify_exp: bool) -> dict[str, Any]:
    """The claims of a token made by version 0.1. Raises PyJWTError."""
    body, _, signature = token.partition(".")
    key = hmac.digest(secret, f"fada:{purpose}".encode(), hashlib.sha256)
    try:
        mac = hmac.digest(key, body.encode("ascii"), hashlib.sha256)
        given = base64.urlsafe_b64decode(signature + "=" * (-len(signature) % 4))
    except ValueError as error:
        raise jwt.DecodeError("not base64url") from error
    if not hmac.compare_digest(given, mac):
        raise jwt.InvalidSignatureError("signature verification failed")
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    if verify_exp and claims["exp"] <= time.time():
        raise jwt.ExpiredSignatureError("token has expired")
    return claims


def _audience(purpose: str) -> str:
    return f"fada:{purpose}"
