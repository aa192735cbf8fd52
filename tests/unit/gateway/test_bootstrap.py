from __future__ import annotations

from pathlib import Path

from services.credentials import with_secret
from services.settings import Settings


def test_the_secret_is_made_once_and_kept(tmp_path: Path) -> None:
    first = with_secret(Settings(home=tmp_path)).secret_key.get_secret_value()
    assert len(first) == 64
    assert with_secret(Settings(home=tmp_path)).secret_key.get_secret_value() == first
    assert (tmp_path / "secret.key").stat().st_mode & 0o077 == 0
    given = Settings(home=tmp_path, secret_key="s" * 32)
    assert with_secret(given).secret_key.get_secret_value() == "s" * 32
