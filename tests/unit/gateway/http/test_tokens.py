from __future__ import annotations

import jwt
import pytest

from gateway.http.tokens import Signer
from services.domain.errors import NotAuthenticated

SIGNER = Signer(b"k" * 32)


def test_a_token_says_what_was_signed() -> None:
    assert SIGNER.read("share", SIGNER.sign("share", {"a": 1}, 60))["a"] == 1


def test_tokens_of_the_secrets_before_are_read_and_none_is_made_with_them() -> None:
    first, second = SIGNER.sign("share", {"a": 1}, 60), Signer(b"l" * 32, b"k" * 32)
    third = Signer(b"m" * 32, b"l" * 32, b"k" * 32)
    for token in (first, second.sign("share", {"a": 1}, 60)):
        assert third.read("share", token)["a"] == 1
        assert third.genuine("share", token)
    for refused in (third.sign("share", {}, 60), second.sign("share", {}, 60)):
        assert not SIGNER.genuine("share", refused)
    with pytest.raises(NotAuthenticated, match="expired"):
        third.read("share", SIGNER.sign("share", {}, -5))
    with pytest.raises(NotAuthenticated):
        third.read("session", first)
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(b"m" * 32, b"short")


def test_what_was_not_signed_here_is_refused() -> None:
    token = SIGNER.sign("share", {"a": 1}, 60)
    head, claims, mac = token.split(".")
    other = Signer(b"x" * 32).sign("share", {"a": 1}, 60)
    for forged in (
        "",
        ".",
        head,
        f"{head}.",
        f"{head}.!!",
        f"{claims}.{mac}",
        f"{head}.{claims}.",
        f"{head}.{claims}.!!",
        f"{head}.A{claims}.{mac}",
        f"{head}.{claims}.{mac}é",
        jwt.encode({"aud": "fada:share", "exp": 2**40}, "", algorithm="none"),
        jwt.encode({"aud": "fada:share", "exp": 2**40}, b"k" * 64, algorithm="HS512"),
        jwt.encode({"aud": "fada:share"}, b"k" * 32, algorithm="HS256"),
        other,
    ):
        assert not SIGNER.genuine("share", forged)
        with pytest.raises(NotAuthenticated):
            SIGNER.read("share", forged)
    assert not SIGNER.genuine("session", token), "a token serves one purpose"


def test_a_token_ends() -> None:
    over = SIGNER.sign("share", {}, -1)
    assert SIGNER.genuine("share", over)
    with pytest.raises(NotAuthenticated, match="expired"):
        SIGNER.read("share", over)


def test_a_short_secret_is_no_secret() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(b"short")


def test_tokens_of_version_0_1_are_read_until_they_expire() -> None:
    """Made with ``Signer(b"k" * 32)`` of 0.1.0; the first holds until 2100, the second until 2020."""
    token = "eyJzdHVkeSI6InMiLCJleHAiOjQxMDI0NDQ4MDB9.LNP6-D89umnkc65egSNmD88AqVLubz_8dzUvV3CCiOE"
    assert SIGNER.read("share", token)["study"] == "s"
    assert not SIGNER.genuine("session", token)
    assert not SIGNER.genuine("share", "A" + token)
    over = "eyJzdHVkeSI6InMiLCJleHAiOjE1Nzc4MzY4MDB9.l-I1iDs-TtUC40cF3Xkd_bJ74gSzipJNfHWsU3tHrSc"
    assert SIGNER.genuine("share", over)
    with pytest.raises(NotAuthenticated, match="expired"):
        SIGNER.read("share", over)
