from __future__ import annotations

import pytest

from gateway.http.tokens import Signer
from services.domain.errors import NotAuthenticated

SIGNER = Signer(b"k" * 32)


def test_a_token_says_what_was_signed() -> None:
    assert SIGNER.read("share", SIGNER.sign("share", {"a": 1}, 60))["a"] == 1


def test_what_was_not_signed_here_is_refused() -> None:
    token = SIGNER.sign("share", {"a": 1}, 60)
    head, mac = token.split(".")
    other = Signer(b"x" * 32).sign("share", {"a": 1}, 60)
    for forged in (
        "",
        ".",
        head,
        f"{head}.",
        f"{head}.!!",
        f"A{head}.{mac}",
        other,
        f"{head}.{mac}é",
    ):
        assert not SIGNER.genuine("share", forged)
        with pytest.raises(NotAuthenticated):
            SIGNER.read("share", forged)
    assert not SIGNER.genuine("session", token), "each purpose has its own key"


def test_a_token_ends() -> None:
    over = SIGNER.sign("share", {}, -1)
    assert SIGNER.genuine("share", over)
    with pytest.raises(NotAuthenticated, match="expired"):
        SIGNER.read("share", over)


def test_a_short_secret_is_no_secret() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Signer(b"short")
