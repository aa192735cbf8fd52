"""Tokens of an issuer (JWT, RFC 7519): verified, and read as a person or program of this hub."""

from __future__ import annotations

from typing import Any

import jwt

from gateway.http.oidc.claims import Membership
from gateway.http.oidc.issuer import ALGORITHMS, Issuer
from services.domain.errors import NotAuthenticated
from services.domain.study import Principal
from services.settings import Settings

_LEEWAY_SECONDS = 60.0  # clocks of issuer and hub may differ by so much


class Oidc:
    """Verifies tokens of one issuer."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError for a map of groups that names no role."""
        self._settings = settings
        self.issuer = Issuer(
            settings.oidc_issuer, settings.oidc_jwks_url, discover=bool(settings.oidc_client_id)
        )
        self.membership = Membership(settings)

    def principal(self, token: str) -> tuple[Principal, float]:
        """Who sends a bearer token, and when it ends (Unix seconds).

        Raises:
            NotAuthenticated: malformed, unsigned, wrong issuer or audience, too early or over.
            Forbidden: sound, but without a site or role of this hub.
        """
        if not self._settings.oidc_audience:
            raise NotAuthenticated()
        claims = self.claims(token, self._settings.oidc_audience)
        site, role = self.membership.of(claims)
        return Principal(f"oidc:{claims['sub']}", site, role), float(claims["exp"])

    def claims(
        self,
        token: str,
        audience: str,
        *,
        own: bool = False,
        require: tuple[str, ...] = ("exp", "iss", "aud", "sub"),
    ) -> dict[str, Any]:
        """What a sound token says. ``own``: the issuer itself has just given it to us; ``require``: claims
        that must be there. Blocking.

        Raises NotAuthenticated, Unavailable.
        """
        try:
            head = jwt.get_unverified_header(token)
            if head.get("alg") not in ALGORITHMS:
                raise NotAuthenticated("The token is not signed in a way that is accepted here.")
            key = self.issuer.key(str(head.get("kid", "")), own=own)
            if key.algorithm_name != head["alg"]:
                raise NotAuthenticated("The token names another algorithm than its key.")
            claims: dict[str, Any] = jwt.decode(
                token,
                key,
                algorithms=[key.algorithm_name],
                audience=audience,
                issuer=self.issuer.address,
                leeway=_LEEWAY_SECONDS,
                options={"require": list(require)},
            )
        except jwt.ExpiredSignatureError as error:
            raise NotAuthenticated("The token has expired.") from error
        except jwt.PyJWTError as error:
            raise NotAuthenticated("The token is not valid here.") from error
        return claims
