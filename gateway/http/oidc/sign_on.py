"""Sign-on of people: authorization code flow with PKCE (OpenID Connect Core 1.0, RFC 7636, RFC 9207).

Nothing is kept here between the two requests of a sign-on: state, nonce and verifier lie in a signed
ticket, a cookie of the browser that began it. Any process with the hub's secret can end it.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote_plus, urlencode, urlsplit

import httpx
from starlette.concurrency import run_in_threadpool

from gateway.http.oidc.claims import NoMembership
from gateway.http.oidc.logout import MOST_SID, read_logout_token
from gateway.http.oidc.tokens import Oidc
from gateway.http.tokens import Signer
from services.domain.errors import NotAuthenticated, Unavailable
from services.domain.study import Role
from services.settings import Settings

CALLBACK = "/login/oidc/callback"
TICKET_SECONDS = 600.0  # to sign in at the issuer
_EXCHANGE_SECONDS = 8.0
_MOST_AT_ONCE = 32  # code exchanges; each holds a socket, none a thread
_MOST_BYTES = 1 << 20
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]*")  # printable ASCII, no backslash, no host
_NAMES = ("name", "preferred_username", "email", "sub")


class SignOnOver(NotAuthenticated):
    """The ticket is not that of this browser, or too old: begun elsewhere, twice, or long ago."""

    code, title = "sign_on_over", "This sign-on is over; begin again"


class SignOnRefused(NotAuthenticated):
    """The issuer refused, or what it said is not sound."""

    code, title = "sign_on_refused", "The sign-on service did not let you in"


@dataclass(frozen=True, slots=True)
class SignedOn:
    """Who signed on. ``subject``: theirs alone, with the issuer's address; ``back``: a path of the pages;
    ``issuer_session``: what the issuer calls this session, "" where it does not say."""

    subject: str
    name: str
    site: str
    role: Role
    id_token: str
    back: str
    issuer_session: str = ""


class SignOn:
    """Sign-on at one issuer, as one of its clients."""

    def __init__(self, settings: Settings, oidc: Oidc, signer: Signer) -> None:
        """Raises ValueError without the public address, which the issuer sends browsers back to."""
        if not settings.public_url:
            raise ValueError("FADA_OIDC_CLIENT_ID needs FADA_PUBLIC_URL")
        self._settings, self._oidc, self._signer = settings, oidc, signer
        self._public = settings.public_url.rstrip("/")
        self._tls = httpx.create_ssl_context()
        self._exchanges = asyncio.Semaphore(_MOST_AT_ONCE)

    @property
    def name(self) -> str:
        """What people call the issuer."""
        return self._settings.oidc_name or urlsplit(self._settings.oidc_issuer).hostname or ""

    def begin(self, back: str) -> tuple[str, str]:
        """The issuer's address to go to, and the ticket to come back with. Blocking.

        Raises Unavailable.
        """
        endpoint = str(self._oidc.issuer.configuration()["authorization_endpoint"])
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        claims = {"state": state, "nonce": nonce, "verifier": verifier, "back": _own_path(back)}
        asked = {
            "response_type": "code",
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": self._public + CALLBACK,
            "scope": self._settings.oidc_scope,
            "state": state,
            "nonce": nonce,
            "code_challenge": _base64url(hashlib.sha256(verifier.encode()).digest()),
            "code_challenge_method": "S256",
        }
        joint = "&" if "?" in endpoint else "?"
        return endpoint + joint + urlencode(asked), self._signer.sign(
            "sign-on", claims, TICKET_SECONDS
        )

    async def finish(self, ticket: str, answer: Mapping[str, str]) -> SignedOn:
        """The person whom the issuer sent back with ``answer``, the query of the callback.

        Raises SignOnOver, SignOnRefused, NoMembership, Unavailable.
        """
        try:
            begun = self._signer.read("sign-on", ticket)
        except NotAuthenticated as error:
            raise SignOnOver() from error
        if not hmac.compare_digest(begun["state"].encode(), answer.get("state", "").encode()):
            raise SignOnOver()
        configuration = await run_in_threadpool(self._oidc.issuer.configuration)
        named = "iss" in answer or configuration.get(
            "authorization_response_iss_parameter_supported"
        )
        if named and answer.get("iss") != self._oidc.issuer.address:
            raise SignOnRefused("The answer is another issuer's.")
        if not answer.get("code"):
            raise SignOnRefused("The issuer gave no code.")
        if self._exchanges.locked():
            raise Unavailable("Many people sign in now. Try again.", retry_after=5)
        async with self._exchanges:
            id_token, claims = await self._exchange(configuration, answer["code"], begun)
        site, role = self._oidc.membership.of(claims)
        if role is Role.DEVICE:
            raise NoMembership("Machines do not sign on to the pages.")
        name = next(str(claims[key]) for key in _NAMES if claims.get(key))
        subject = f"{self._oidc.issuer.address} {claims['sub']}"
        sid = claims.get("sid")
        issuer_session = sid if isinstance(sid, str) and len(sid) <= MOST_SID else ""
        return SignedOn(subject, name, site, role, id_token, str(begun["back"]), issuer_session)

    def signed_out(self, logout_token: str) -> tuple[str, str]:
        """Whom the issuer signed out: their subject as in ``SignedOn`` or "", its session or "". Blocking.

        Raises InvalidInput, Unavailable.
        """
        sub, sid = read_logout_token(self._oidc, self._settings.oidc_client_id, logout_token)
        return f"{self._oidc.issuer.address} {sub}" if sub else "", sid

    def end_session_url(self, id_token: str) -> str | None:
        """Where the browser signs out at the issuer too (RP-Initiated Logout 1.0); None: it cannot."""
        endpoint = self._oidc.issuer.configuration().get("end_session_endpoint")
        if not endpoint:
            return None
        query = {
            "client_id": self._settings.oidc_client_id,
            "post_logout_redirect_uri": self._public + "/",
        }
        if id_token.count(".") == 2:
            query["id_token_hint"] = id_token
        return str(endpoint) + ("&" if "?" in str(endpoint) else "?") + urlencode(query)

    async def _exchange(
        self, configuration: dict[str, Any], code: str, begun: dict[str, Any]
    ) -> tuple[str, dict[str, Any]]:
        """The ID token and all claims. Raises SignOnRefused, Unavailable."""
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self._public + CALLBACK,
            "code_verifier": begun["verifier"],
        }
        try:
            async with asyncio.timeout(_EXCHANGE_SECONDS), self._client() as client:
                auth = self._authenticate(configuration, form)
                endpoint = str(configuration["token_endpoint"])
                tokens = await _json(
                    client, client.build_request("POST", endpoint, data=form), auth
                )
                claims = await self._identity(str(tokens["id_token"]), begun["nonce"])
                if not self._oidc.membership.is_told(claims):
                    claims = await _with_user_info(client, configuration, tokens, claims)
        except httpx.HTTPStatusError as error:
            if error.response.status_code >= 500:
                raise Unavailable("The sign-on service has a fault.", retry_after=5) from error
            raise SignOnRefused("It refused the code.") from error
        except (TimeoutError, httpx.TransportError) as error:
            raise Unavailable("The sign-on service does not answer.", retry_after=5) from error
        except (httpx.HTTPError, httpx.InvalidURL, ValueError, KeyError, TypeError) as error:
            raise SignOnRefused("Its answer cannot be used.") from error
        return str(tokens["id_token"]), claims

    async def _identity(self, id_token: str, nonce: str) -> dict[str, Any]:
        """Raises SignOnRefused, Unavailable."""
        client_id = self._settings.oidc_client_id
        try:
            claims = await run_in_threadpool(self._oidc.claims, id_token, client_id, own=True)
        except NotAuthenticated as error:
            raise SignOnRefused(error.detail) from error
        if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
            raise SignOnRefused("The token belongs to another sign-on.")
        shared = isinstance(claims["aud"], list) and len(claims["aud"]) > 1
        if claims.get("azp", None if shared else client_id) != client_id:
            raise SignOnRefused("The token was made for another client.")
        return claims

    def _authenticate(
        self, configuration: dict[str, Any], form: dict[str, str]
    ) -> httpx.BasicAuth | None:
        client_id = self._settings.oidc_client_id
        secret = self._settings.oidc_client_secret.get_secret_value()
        methods = configuration.get(
            "token_endpoint_auth_methods_supported", ["client_secret_basic"]
        )
        if secret and "client_secret_basic" in methods:
            return httpx.BasicAuth(
                quote_plus(client_id), quote_plus(secret)
            )  # RFC 6749 section 2.3.1
        form |= {"client_id": client_id} | ({"client_secret": secret} if secret else {})
        return None

    def _client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(
            timeout=_EXCHANGE_SECONDS, follow_redirects=False, verify=self._tls
        )


async def _with_user_info(
    client: httpx.AsyncClient,
    configuration: dict[str, Any],
    tokens: dict[str, Any],
    claims: dict[str, Any],
) -> dict[str, Any]:
    """Many issuers name groups there alone. Raises httpx.HTTPError, ValueError, KeyError."""
    endpoint = configuration.get("userinfo_endpoint")
    if not endpoint:
        return claims
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    user_info = await _json(client, client.build_request("GET", str(endpoint), headers=bearer))
    if user_info["sub"] != claims["sub"]:
        raise ValueError("the user information is about somebody else")
    return {**user_info, **claims}


async def _json(
    client: httpx.AsyncClient, request: httpx.Request, auth: httpx.BasicAuth | None = None
) -> dict[str, Any]:
    """A small document. Raises httpx.HTTPError, ValueError."""
    answer, content = await client.send(request, stream=True, auth=auth), bytearray()
    try:
        async for piece in answer.aiter_bytes():
            content += piece
            if len(content) > _MOST_BYTES:
                raise ValueError("too large")
    finally:
        await answer.aclose()
    answer.raise_for_status()
    return dict(json.loads(content))


def _own_path(path: str) -> str:
    """A path of the pages, whatever was asked for: nobody is sent elsewhere after signing in."""
    return path if len(path) < 500 and _OWN_PATH.fullmatch(path) else "/"


def _base64url(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
