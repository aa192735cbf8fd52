from __future__ import annotations

from pathlib import Path

import pytest

from edge.agent.storage.vault import Vault
from services.domain.errors import InvalidInput, NotAuthenticated, RateLimited


def test_only_the_pin_opens_it(tmp_path: Path) -> None:
    sealed = Vault.create(tmp_path, "493817").seal(b"scan", "a")
    assert b"scan" not in sealed
    assert Vault.unlock(tmp_path, "493817").open(sealed, "a") == b"scan"
    with pytest.raises(NotAuthenticated):
        Vault.unlock(tmp_path, "493818")


def test_sealed_bytes_cannot_be_changed_or_swapped(tmp_path: Path) -> None:
    vault = Vault.create(tmp_path, "493817")
    sealed = vault.seal(b"scan", "a")
    with pytest.raises(InvalidInput):
        vault.open(sealed, "b")
    with pytest.raises(InvalidInput):
        vault.open(sealed[:-1] + bytes([sealed[-1] ^ 1]), "a")


def test_guessing_has_to_wait(tmp_path: Path) -> None:
    Vault.create(tmp_path, "493817")
    for _ in range(5):
        with pytest.raises(NotAuthenticated):
            Vault.unlock(tmp_path, "000000")
    with pytest.raises(RateLimited) as refusal:
        Vault.unlock(tmp_path, "493817")
    assert refusal.value.retry_after is not None
    assert refusal.value.retry_after > 20


def test_a_short_pin_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        Vault.create(tmp_path, "1234")
