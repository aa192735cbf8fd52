"""Credentials of destinations are kept encrypted under the hub's secret."""

from __future__ import annotations

from pathlib import Path

import pytest

from services.credentials import CredentialsUnreadable, next_secret, seal, seal_again, unseal
from services.settings import Settings


def test_sealed_is_unreadable_and_comes_back(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, secret_key="s" * 32)
    sealed = seal(settings, {"password": "swordfish"})
    assert "swordfish" not in sealed
    assert sealed != seal(settings, {"password": "swordfish"})
    assert unseal(settings, sealed) == {"password": "swordfish"}
    assert (seal(settings, {}), unseal(settings, "")) == ("", {})


def test_another_secret_is_said_so(tmp_path: Path) -> None:
    sealed = seal(Settings(home=tmp_path, secret_key="s" * 32), {"token": "x"})
    with pytest.raises(CredentialsUnreadable) as error:
        unseal(Settings(home=tmp_path, secret_key="t" * 32), sealed)
    assert "enter them again" in error.value.detail


def test_gateway_and_worker_share_the_secret_that_lies_in_their_home(tmp_path: Path) -> None:
    sealed = seal(Settings(home=tmp_path), {"token": "x"})
    assert unseal(Settings(home=tmp_path), sealed) == {"token": "x"}


def test_after_a_change_of_the_secret_all_is_read_and_then_sealed_again(tmp_path: Path) -> None:
    first = "s" * 32
    second = next_secret(first)
    before, after, later = (
        Settings(home=tmp_path, secret_key=one) for one in (first, second, second.partition(",")[0])
    )
    sealed = seal(before, {"token": "x"})
    assert unseal(after, sealed) == {"token": "x"}
    with pytest.raises(CredentialsUnreadable):
        unseal(later, sealed)
    again = seal_again(after, sealed)
    assert unseal(later, again) == {"token": "x"}
    assert seal_again(after, "") == ""
    with pytest.raises(CredentialsUnreadable):
        seal_again(before, again)
