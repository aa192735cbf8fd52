"""Releases on this device: fetched in pieces, verified before parsing, tried before they are used."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from edge.agent.hub import Hub
from services.domain.errors import InvalidModelOutput, ReleaseRefused
from services.reading.images.picture import square
from services.reading.phases import ReleaseReader
from services.reading.releases.registry import activate, names, pointer
from services.reading.releases.release import MANIFEST, Release, load
from services.reading.releases.signature import Trust

Say = Callable[[str], None]


def update(store: Path, hub: Hub, trust: Trust, say: Say = lambda words: None) -> str | None:
    """Bring the hub's active release here; the present one stays until the new one has passed.

    Returns its name, or None when the hub has nothing else.

    Raises:
        ReleaseRefused: wrong signature, hash or format, or older than the present one.
        InvalidModelOutput: it does not pass its own test here.
    """
    offer = hub.releases()
    wanted = str(offer["active"])
    item = next((i for i in offer["items"] if f"{i['name']}-{i['version']}" == wanted), None)
    present = pointer(store)
    if item is None or (present is not None and present.active == wanted):
        return None
    if wanted not in names(store):
        part = store / f".{wanted}.part"
        part.mkdir(parents=True, exist_ok=True)
        for file in _files(item):
            say(f"{wanted}: {file['path']} ({file['size'] / 1e6:.1f} MB)")
            hub.fetch(wanted, file["path"], part / Path(file["path"]).name, file["sha256"])
        try:
            self_test(load(part, trust))
        except (ReleaseRefused, InvalidModelOutput):
            shutil.rmtree(part)  # what is wrong once stays wrong: fetch it anew next time
            raise
        part.rename(store / wanted)
    activate(store, wanted, trust)
    return wanted


def self_test(release: Release) -> None:
    """All five phases on a gray square: it must answer, and in the contract's form."""
    side = release.manifest.side
    ReleaseReader(release).read(square(np.full((side, side), 90, np.uint8), side))


def _files(item: dict[str, Any]) -> list[dict[str, Any]]:
    """The manifest last: a folder without it is never taken for a release."""
    files: list[dict[str, Any]] = item["files"]
    return sorted(files, key=lambda f: f["path"] == MANIFEST)
