"""What a room of `make clean-room` gets of its machine's way to the package registries."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from bench.rooms import room


def test_settings_of_pip_become_variables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in os.environ if n.startswith("PIP_")]:
        monkeypatch.delenv(name)
    file = tmp_path / "pip.conf"
    file.write_text(
        "[global]\nfind-links =\n    /srv/wheels\n    /srv/more\n[install]\nretries = 7\n"
    )
    monkeypatch.setenv("PIP_CONFIG_FILE", str(file))
    monkeypatch.setenv("PIP_DEFAULT_TIMEOUT", "99")
    settings = room.pip_settings()
    assert settings["PIP_FIND_LINKS"] == "/srv/wheels /srv/more"
    assert settings["PIP_RETRIES"] == "7"
    assert settings["PIP_DEFAULT_TIMEOUT"] == "99"


def test_folders_that_a_setting_names(tmp_path: Path) -> None:
    wheels, index = tmp_path / "wheels", tmp_path / "mirror" / "simple"
    wheels.mkdir()
    index.mkdir(parents=True)
    value = f"{wheels} file://{index} https://pypi.example/simple {tmp_path}/nothing 180"
    assert room._folders(value) == [str(wheels), str(index.parent)]


def test_a_base_without_the_keys_of_its_archive_is_not_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(room.os, "geteuid", lambda: 0)
    monkeypatch.setattr(room.shutil, "which", lambda name: f"/usr/sbin/{name}")
    assert "keys" in room.why_not(room.Base("bookworm", "no-such-keyring"))
    monkeypatch.setattr(room.os, "geteuid", lambda: 1000)
    assert "root" in room.why_not(room.Base("bookworm", "debian-archive-keyring"))
