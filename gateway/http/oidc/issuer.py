"""What an OpenID Connect issuer publishes: its configuration (Discovery 1.0) and keys (JWKS, RFC 7517)."""

from __future__ import annotations

import json
import threading
import time
from typing import Any

import httpx
import jwt

from services.domain.errors import NotAuthenticated, Unavailable

ALGORITHMS = ("RS256", "ES256", "EdDSA")  # asymmetric only: a public key can never be a secret
_KEEP_SECONDS = 3600.0
_REFRESH_SECONDS = 30.0  # a token with an unknown key id cannot make us ask more often
_RETRY_SECONDS = 5.0  # between two tries while the issuer does not answer
_FETCH_SECONDS = 5.0
_MOST_WAITING = 4  # callers; the others are told to come again
_MOST_BYTES = 1 << 20


class Issuer:
    """Configuration and keys, cached. One thread fetches them, and few callers wait for it: an issuer
    that hangs must not hold the threads that API keys and passwords need.
    """

    def __init__(self, address: str, jwks_url: str = "", *, discover: bool = True) -> None:
        """``discover``: ask for the configuration also where ``jwks_url`` says where the keys are."""
        self.address = address
        self._jwks_url, self._discover = jwks_url, discover or not jwks_url
        self._configuration: dict[str, Any] = {}
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched = self._tried = float("-inf")
        self._lock = threading.Lock()
        self._fetching: threading.Event | None = None
        self._waiting = threading.Semaphore(_MOST_WAITING)

    def configuration(self) -> dict[str, Any]:
        """Its endpoints and abilities. Blocking. Raises Unavailable."""
        if time.monotonic() - self._fetched > _KEEP_SECONDS:
            done = self._refresh()
            if not self._configuration:
                self._wait(done)
        if not self._configuration:
            raise Unavailable("The sign-on service cannot be asked now.", retry_after=5)
        return self._configuration

    def key(self, kid: str, *, own: bool = False) -> jwt.PyJWK:
        """A key by its id. ``own``: the issuer itself has just handed the token out, so a key that is
        not known yet is a new one. Blocking.

        Raises NotAuthenticated when it is unknown, Unavailable when the issuer is.
        """
        now = time.monotonic()
        stale = now - self._fetched > _KEEP_SECONDS
        if stale or (kid not in self._keys and (own or now - self._fetched > _REFRESH_SECONDS)):
            done = self._refresh(again=own)
            if kid not in self._keys:
                self._wait(done)
        key = self._keys.get(kid)
        if key is not None:
            return key  # old keys are better than locking everybody out
        if time.monotonic() - self._fetched > _KEEP_SECONDS:
            raise Unavailable("The sign-in service cannot be asked for its keys.", retry_after=5)
        raise NotAuthenticated("The token is signed by a key that the issuer does not name.")

    def _refresh(self, *, again: bool = False) -> threading.Event | None:
        """What is set when the fetch that runs is over; None: the last try was a moment ago."""
        with self._lock:
            if self._fetching is None:
                if not again and time.monotonic() - self._tried < _RETRY_SECONDS:
                    return None
                self._tried = time.monotonic()
                self._fetching = threading.Event()
                threading.Thread(target=self._fetch, name="oidc-keys", daemon=True).start()
            return self._fetching

    def _wait(self, done: threading.Event | None) -> None:
        if done is None or not self._waiting.acquire(blocking=False):
            return
        try:
            done.wait(_FETCH_SECONDS)
        finally:
            self._waiting.release()

    def _fetch(self) -> None:
        try:
            with httpx.Client(timeout=_FETCH_SECONDS, follow_redirects=False) as client:
                if self._discover:
                    self._configuration = self._discovered(client)
                url = self._jwks_url or str(self._configuration["jwks_uri"])
                keys = _usable(_json(client, url)["keys"])
            self._keys, self._fetched = keys, time.monotonic()
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError):
            pass  # those that are known stay; who needs another is told
        finally:
            with self._lock:
                done, self._fetching = self._fetching, None
            if done is not None:
                done.set()

    def _discovered(self, client: httpx.Client) -> dict[str, Any]:
        """Raises ValueError: another issuer's, or without TLS where the issuer has it."""
        metadata = _json(client, f"{self.address.rstrip('/')}/.well-known/openid-configuration")
        if metadata["issuer"] != self.address:
            raise ValueError("the configuration is another issuer's")
        secure = self.address.startswith("https://")
        for name, value in metadata.items():
            if secure and name.endswith(("_endpoint", "jwks_uri")) and value[:8] != "https://":
                raise ValueError("an endpoint without TLS")
        return dict(metadata)


def _json(client: httpx.Client, url: str) -> Any:
    """A small document within the time. Raises httpx.HTTPError, ValueError."""
    end, content = time.monotonic() + _FETCH_SECONDS, bytearray()
    with client.stream("GET", url) as answer:
        for piece in answer.raise_for_status().iter_bytes():
            content += piece
            if len(content) > _MOST_BYTES or time.monotonic() > end:
                raise ValueError("too large, or too slow")
    return json.loads(content)


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
