"""Which tokens say that somebody signed out at the issuer, and which do not (Back-Channel Logout 2.6)."""

from __future__ import annotations

import time
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.http.oidc.logout import EVENT, read_logout_token
from gateway.http.oidc.tokens import Oidc
from services.domain.errors import InvalidInput
from services.settings import Settings

ISSUER, CLIENT = "https://issuer.example", "fada-hub"
KEY, OTHER = Ed25519PrivateKey.generate(), Ed25519PrivateKey.generate()


@pytest.fixture
def oidc() -> Oidc:
    """Knows the issuer's key; nothing is fetched."""
    made = Oidc(Settings(oidc_issuer=ISSUER, oidc_client_id=CLIENT))
    public = jwt.PyJWK.from_json(
        '{"kid": "1", "alg": "EdDSA", ' + jwt.algorithms.OKPAlgorithm.to_jwk(KEY.public_key())[1:]
    )
    made.issuer._keys, made.issuer._fetched = {"1": public}, time.monotonic()
    return made


def token(key: Any = KEY, **changes: Any) -> str:
    claims = {
        "iss": ISSUER, "aud": CLIENT, "iat": int(time.time()), "jti": "one",
        "events": {EVENT: {}}, "sub": "amina", "sid": "s-1", **changes,
    }  # fmt: skip
    left = {name: value for name, value in claims.items() if value is not None}
    return jwt.encode(left, key, "EdDSA", headers={"kid": "1", "typ": "logout+jwt"})


def test_a_sound_one_names_person_and_session(oidc: Oidc) -> None:
    assert read_logout_token(oidc, CLIENT, token()) == ("amina", "s-1")
    assert read_logout_token(oidc, CLIENT, token(sid=None)) == ("amina", "")
    assert read_logout_token(oidc, CLIENT, token(sub=None)) == ("", "s-1")
    assert read_logout_token(oidc, CLIENT, token(exp=int(time.time()) + 60)) == ("amina", "s-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"iss": "https://other.example"}, {"aud": "another"}, {"iat": None}, {"jti": None},
        {"events": None}, {"events": {}}, {"events": {EVENT: "x"}}, {"events": [EVENT]},
        {"nonce": "n"}, {"sub": None, "sid": None}, {"sub": 5}, {"sid": "s" * 300},
        {"iat": int(time.time()) - 3600}, {"iat": int(time.time()) + 3600},
        {"exp": int(time.time()) - 3600},
    ],
)  # fmt: skip
def test_others_are_refused(oidc: Oidc, changes: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        read_logout_token(oidc, CLIENT, token(**changes))


def test_one_of_another_key_or_without_signature_is_refused(oidc: Oidc) -> None:
    unsigned = jwt.encode(
        {"iss": ISSUER, "aud": CLIENT, "sub": "amina", "events": {EVENT: {}}}, "", "none"
    )
    for wrong in (token(OTHER), unsigned, "a.b", ""):
        with pytest.raises(InvalidInput):
            read_logout_token(oidc, CLIENT, wrong)
