"""OpenID Connect bearer tokens: a JWT of the configured issuer becomes a Principal, or is refused."""

from __future__ import annotations

import threading
import time
from typing import Any

import httpx
import jwt

from services.domain.errors import Forbidden, NotAuthenticated, Unavailable
from services.domain.study import Principal, Role
from services.settings import Settings

ALGORITHMS = ("RS256", "ES256", "EdDSA")  # asymmetric only: a public key can never be a secret
_KEEP_SECONDS = 3600.0
_REFRESH_SECONDS = 30.0  # a token with an unknown key id cannot make us ask more often
_ORDER = tuple(Role)


class KeySet:
    """The issuer's public keys (JWKS), fetched when needed and cached."""

    def __init__(self, url: str, issuer: str) -> None:
        self._url, self._issuer = url, issuer
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = float("-inf")
        self._lock = threading.Lock()

    def key(self, kid: str) -> jwt.PyJWK:
        """A key by its id. Raises NotAuthenticated when it is unknown, Unavailable when the issuer is."""
        with self._lock:
            age = time.monotonic() - self._fetched
            if age > _KEEP_SECONDS or (kid not in self._keys and age > _REFRESH_SECONDS):
                self._fetch()
            key = self._keys.get(kid)
        if key is None:
            raise NotAuthenticated("The token is signed by a key that the issuer does not name.")
        return key

    def _fetch(self) -> None:
        try:
            with httpx.Client(timeout=5.0, follow_redirects=False) as client:
                if not self._url:
                    base = self._issuer.rstrip("/")
                    configuration = client.get(f"{base}/.well-known/openid-configuration")
                    self._url = str(configuration.raise_for_status().json()["jwks_uri"])
                keys = client.get(self._url).raise_for_status().json()["keys"]
        except (httpx.HTTPError, ValueError, KeyError, TypeError) as error:
            if self._keys:  # old keys are better than locking everybody out
                return
            raise Unavailable("The sign-in service cannot be asked for its keys.") from error
        self._fetched = time.monotonic()
        self._keys = _usable(keys)


def _usable(keys: list[dict[str, Any]]) -> dict[str, jwt.PyJWK]:
    usable = {}
    for entry in keys:
        try:
            key = jwt.PyJWK.from_dict(entry)
        except (jwt.PyJWTError, ValueError):
            continue  # a kind of key that we would not accept anyway
        if key.algorithm_name in ALGORITHMS and entry.get("use", "sig") == "sig":
            usable[str(entry.get("kid", ""))] = key
    return usable


class Oidc:
    """Verifies tokens for one issuer and audience."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._keys = KeySet(settings.oidc_jwks_url, settings.oidc_issuer)

    def principal(self, token: str) -> tuple[Principal, float]:
        """The principal of a token and when it ends (Unix seconds).

        Raises:
            NotAuthenticated: malformed, unsigned, wrong issuer or audience, too early or over.
            Forbidden: sound, but without a site or role of this hub.
        """
        try:
            head = jwt.get_unverified_header(token)
            if head.get("alg") not in ALGORITHMS:
                raise NotAuthenticated("The token is not signed in a way that is accepted here.")
            key = self._keys.key(str(head.get("kid", "")))
            if key.algorithm_name != head["alg"]:
                raise NotAuthenticated("The token names another algorithm than its key.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=self._settings.oidc_audience,
                issuer=self._settings.oidc_issuer,
                leeway=30,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticated("The token has expired.") from error
        except jwt.PyJWTError as error:
            raise NotAuthenticated("The token is not valid here.") from error
        site = claims.get(self._settings.oidc_site_claim)
        if not isinstance(site, str) or not site:
            raise Forbidden("The token names no site of this hub.")
        role = _role(claims.get(self._settings.oidc_role_claim))
        return Principal(f"oidc:{claims['sub']}", site, role), float(claims["exp"])


def _role(claim: Any) -> Role:
    """The highest role named; the claim is a string or a list."""
    named = claim if isinstance(claim, list) else [claim]
    held = [role for role in _ORDER if role.value in named]
    if not held:
        raise Forbidden("The token names no role of this hub.")
    return held[-1]
