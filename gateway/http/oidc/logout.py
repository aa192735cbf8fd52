"""The logout token by which an issuer says that somebody signed out there (OpenID Connect Back-Channel
Logout 1.0, sections 2.4 and 2.6)."""

from __future__ import annotations

import time

from gateway.http.oidc.tokens import Oidc
from services.domain.errors import InvalidInput, NotAuthenticated

EVENT = "http://schemas.openid.net/event/backchannel-logout"
MOST_SID = 255  # characters
_OLDEST_SECONDS = 300.0  # one that was kept by somebody on the way ends nothing later


def read_logout_token(oidc: Oidc, client_id: str, token: str) -> tuple[str, str]:
    """(subject, session) that it names; one of both may be "". Blocking.

    Raises:
        InvalidInput: not of this issuer for this client, no logout token, or an old one.
        Unavailable: the issuer's keys cannot be asked for.
    """
    try:
        claims = oidc.claims(token, client_id, require=("iss", "aud", "iat", "jti", "events"))
    except NotAuthenticated as error:
        raise InvalidInput(error.detail) from error
    events, sub, sid = claims["events"], claims.get("sub", ""), claims.get("sid", "")
    if not isinstance(events, dict) or not isinstance(events.get(EVENT), dict):
        raise InvalidInput("The token says nothing of a sign-out.")
    if "nonce" in claims:  # forbidden, so that no ID token can be one
        raise InvalidInput("A logout token has no nonce.")
    if not isinstance(sub, str) or not isinstance(sid, str) or not (sub or sid):
        raise InvalidInput("The token names neither a person nor a session.")
    if len(sid) > MOST_SID or time.time() - float(claims["iat"]) > _OLDEST_SECONDS:
        raise InvalidInput("The token is too old, or its session's name too long.")
    return sub, sid
