"""Site and role by an issuer's claims: groups that a setting maps, or claims that name them."""

from __future__ import annotations

from typing import Any

from services.domain.errors import Forbidden
from services.domain.study import Role
from services.settings import Settings

_RANK = {role: rank for rank, role in enumerate(Role)}


class NoMembership(Forbidden):
    """Known to the issuer, and nobody here."""

    code, title = "no_role", "The sign-on service names no role of yours on this hub"


class Membership:
    """Reads claims. With a map of groups only the map counts: nobody is let in by a claim's chance."""

    def __init__(self, settings: Settings) -> None:
        """Raises ValueError for a group whose value is not ``site:role``."""
        self._site_claim, self._role_claim = settings.oidc_site_claim, settings.oidc_role_claim
        self._group_claim = settings.oidc_group_claim
        self._groups = {group: _place(place) for group, place in settings.oidc_groups.items()}

    def is_told(self, claims: dict[str, Any]) -> bool:
        """Whether the claims that count are there at all, whatever they say."""
        return (self._group_claim if self._groups else self._role_claim) in claims

    def of(self, claims: dict[str, Any]) -> tuple[str, Role]:
        """Site and role. Of several sites the one that the map names first; there, the highest role.

        Raises NoMembership.
        """
        if self._groups:
            held = _texts(claims.get(self._group_claim))
            places = [place for group, place in self._groups.items() if group in held]
        else:
            site, held = claims.get(self._site_claim), _texts(claims.get(self._role_claim))
            places = [(site, role) for role in Role if site and role.value in held]
        if not places or not isinstance(places[0][0], str):
            raise NoMembership("Ask the person who looks after this hub to give you one.")
        site = places[0][0]
        return site, max((role for where, role in places if where == site), key=_RANK.__getitem__)


def _place(text: str) -> tuple[str, Role]:
    site, _, role = text.rpartition(":")
    if not site:
        raise ValueError(f"FADA_OIDC_GROUPS: {text!r} is not site:role")
    return site, Role(role)


def _texts(claim: Any) -> frozenset[str]:
    """A claim is one text or a list of them."""
    given = claim if isinstance(claim, list) else [claim]
    return frozenset(value for value in given if isinstance(value, str))
