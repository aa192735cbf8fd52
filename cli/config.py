"""The hub and key that ``fada`` remembers, so that ``fada status`` just works."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from services.settings import Settings
from services.standalone.secrets import write_private

FILE = "hub.json"


@dataclass(frozen=True, slots=True)
class RememberedHub:
    """Address of a hub and the key for it; empty where nothing is kept."""

    hub: str = ""
    key: str = ""


def read(folder: Path) -> RememberedHub:
    """What ``folder`` remembers; nothing where there is no such file or it is damaged."""
    try:
        content = json.loads((folder.expanduser() / FILE).read_text())
        return RememberedHub(str(content.get("hub", "")), str(content.get("key", "")))
    except (OSError, ValueError, AttributeError):
        return RememberedHub()


def write(folder: Path, value: RememberedHub) -> Path:
    """Keep it, readable by this user alone."""
    folder = folder.expanduser()
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / FILE
    write_private(path, json.dumps({"hub": value.hub, "key": value.key}, indent=2) + "\n")
    return path


def target(settings: Settings, hub: str, key: str) -> RememberedHub:
    """Which hub and key to use: what was given, the environment, then what is remembered.

    A remembered key goes only to the hub that it is for.
    """
    kept = read(settings.config)
    address = (hub or settings.hub_url or kept.hub).rstrip("/")
    given = key or settings.hub_key.get_secret_value()
    return RememberedHub(address, given or (kept.key if address == kept.hub else ""))
