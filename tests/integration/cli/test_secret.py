"""``fada secret``: the secret of a folder changes, and what the old one kept is read and sealed again."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app
from services.credentials import seal, unseal
from services.domain.study import Principal, Role
from services.domain.work import DestinationKind
from services.index import open_index
from services.index.destinations.port import NewDestination
from services.settings import Settings, settings
from services.standalone import folder_hub, ports, secrets
from services.standalone.local_settings import settings_of

ADMIN = Principal("key:1", "a", Role.ADMIN)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder as ``fada up`` leaves it."""
    for name in ("FADA_SECRET_KEY", "FADA_INDEX_URL"):
        monkeypatch.delenv(name, raising=False)
    settings.cache_clear()
    names = [*folder_hub.NAMES, *folder_hub.seaweed.PORTS, *folder_hub.TRITON_PORTS]
    ports.keep(tmp_path / folder_hub.NOTED, dict.fromkeys(names, 1))
    secrets.load(tmp_path / folder_hub.SECRETS)
    return tmp_path


def present(home: Path) -> Settings:
    own = secrets.load(home / folder_hub.SECRETS)
    return settings_of(home, own, ports.kept(home / folder_hub.NOTED))


def run(*words: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["secret", *words])
    assert done.exit_code == code, done.output
    return done.output


def test_rotate_then_reseal(home: Path) -> None:
    before = present(home)
    index = open_index(before.index_url)
    index.migrate()
    new = NewDestination(
        "pacs", DestinationKind.STOW, "https://pacs.example/dicom-web",
        credentials=seal(before, {"token": "x"}),
    )  # fmt: skip
    with index.begin() as tx:
        made = tx.destinations.create(ADMIN, new)
    run("rotate", "--home", str(home))
    newest, _, older = present(home).secret_key.get_secret_value().partition(",")
    assert older == before.secret_key.get_secret_value() != newest
    assert "1 credentials" in run("reseal", "--home", str(home))
    with index.read() as tx:
        sealed = tx.destinations.get("a", made.id).credentials
    index.close()
    assert unseal(Settings(home=home, secret_key=newest), sealed) == {"token": "x"}


def test_a_secret_of_the_environment_is_not_changed_here(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FADA_SECRET_KEY", "s" * 32)
    settings.cache_clear()
    before = (home / folder_hub.SECRETS).read_text()
    done = CliRunner().invoke(app, ["secret", "rotate", "--home", str(home)])
    assert done.exit_code != 0
    assert (home / folder_hub.SECRETS).read_text() == before
    settings.cache_clear()
