"""How the hub proves to a destination who it is, and whom it trusts: TLS and sign-in."""

from __future__ import annotations

import base64
import http.client
import json
import ssl
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jwt

from services.domain.errors import InvalidInput
from services.publish.http_client import RequestBounds, parts_of, request
from services.publish.outcomes import PushFailed, PushNotAllowed

SIGN_INS = ("none", "basic", "bearer", "api_token", "oauth2", "smart")
_EARLY = 30.0  # s before its end that a token is no longer used
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


def tls_context(options: dict[str, Any], credentials: dict[str, str]) -> ssl.SSLContext:
    """``options["ca"]``: PEM of the authorities to trust instead of the system's; ``certificate`` and
    ``key`` of the credentials: PEM of the hub's own certificate.

    Raises:
        InvalidInput: one of them is no PEM, or key and certificate do not belong together.
    """
    try:
        context = ssl.create_default_context(cadata=options.get("ca") or None)
        if credentials.get("certificate"):
            with tempfile.TemporaryDirectory(prefix="fada-tls-") as folder:
                path = Path(folder) / "own.pem"  # OpenSSL reads a chain from a file alone
                path.touch(0o600)
                path.write_text(credentials["certificate"] + "\n" + credentials.get("key", ""))
                context.load_cert_chain(path)
    except (ssl.SSLError, ValueError) as error:
        raise InvalidInput("The certificates of this destination cannot be read (PEM).") from error
    return context


class SignIn:
    """The Authorization header of one destination. Safe to share between threads; keeps its token."""

    def __init__(self, options: dict[str, Any], credentials: dict[str, str]) -> None:
        """``options["sign_in"]`` is one of ``SIGN_INS``."""
        self._options, self._credentials = options, credentials
        self._lock = threading.Lock()
        self._token, self._until = "", 0.0

    def headers(self, context: ssl.SSLContext) -> dict[str, str]:
        """Raises PushFailed, PushNotAllowed: the sign-in server gives no token."""
        kind = self._options.get("sign_in", "none")
        if kind == "basic":
            pair = f"{self._options.get('user', '')}:{self._credentials.get('password', '')}"
            return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
        if kind == "bearer":
            return {"Authorization": f"Bearer {self._credentials.get('token', '')}"}
        if kind == "api_token":  # DHIS2's personal access tokens
            return {"Authorization": f"ApiToken {self._credentials.get('token', '')}"}
        if kind in ("oauth2", "smart"):
            return {"Authorization": f"Bearer {self._current(kind, context)}"}
        return {}

    def forget(self) -> None:
        """The receiver refused the token: the next one is asked for anew."""
        self._until = 0.0

    def _current(self, kind: str, context: ssl.SSLContext) -> str:
        with self._lock:
            if time.monotonic() >= self._until:
                answer = self._ask(kind, context)
                self._token = str(answer["access_token"])
                seconds = float(answer.get("expires_in") or 300)
                self._until = time.monotonic() + max(seconds - _EARLY, 1.0)
            return self._token

    def _ask(self, kind: str, context: ssl.SSLContext) -> dict[str, Any]:
        form = {"grant_type": "client_credentials", "scope": self._options.get("scope", "")}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "Accept": "application/json",
        }
        if kind == "smart":
            form |= {"client_assertion_type": _ASSERTION, "client_assertion": self._assertion()}
        else:
            pair = (
                f"{self._options.get('client_id', '')}:{self._credentials.get('client_secret', '')}"
            )
            headers["Authorization"] = "Basic " + base64.b64encode(pair.encode()).decode()
        body = urlencode({name: value for name, value in form.items() if value}).encode()
        parts = parts_of(str(self._options.get("token_url", "")))
        try:
            answer = request("POST", parts, body, headers, RequestBounds(15.0), context=context)
            content = json.loads(answer.body) if answer.status == 200 else None
        except (OSError, http.client.HTTPException, ValueError) as error:
            raise PushFailed(
                f"The sign-in server cannot be reached ({type(error).__name__})."
            ) from error
        if not isinstance(content, dict) or "access_token" not in content:
            raise PushNotAllowed(f"The sign-in server answered {answer.status}.")
        return content

    def _assertion(self) -> str:
        """A signed statement of who asks (SMART backend services; RFC 7523)."""
        now, client = int(time.time()), str(self._options.get("client_id", ""))
        claims = {
            "iss": client,
            "sub": client,
            "aud": self._options.get("token_url", ""),
            "iat": now,
            "exp": now + 240,
            "jti": str(uuid.uuid4()),
        }
        key = self._credentials.get("private_key", "")
        algorithm = (
            "ES384" if "EC PRIVATE" in key or self._options.get("alg") == "ES384" else "RS384"
        )
        headers = {"kid": self._options["key_id"]} if self._options.get("key_id") else None
        try:
            return jwt.encode(claims, key, algorithm=algorithm, headers=headers)
        except (ValueError, TypeError, jwt.PyJWTError) as error:
            raise PushNotAllowed("The private key of this destination cannot be used.") from error
