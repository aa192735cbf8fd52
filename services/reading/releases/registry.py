"""A folder of releases, and which of them is active. Changing it is one rename: whole or not at all."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path

from services.domain.errors import (
    InferenceUnavailable,
    NotFound,
    ReleaseOlder,
    ReleaseRefused,
    ReleaseUnknown,
)
from services.reading.releases.manifest import Manifest
from services.reading.releases.release import MANIFEST, TRUSTED_KEYS, Release, load, read_manifest
from services.reading.releases.signature import Trust

POINTER = "active.json"


@dataclass(frozen=True, slots=True)
class Pointer:
    """What ``active.json`` holds: folder names; ``previous`` is where a rollback goes."""

    active: str
    previous: str = ""


def trust_of(store: Path) -> Trust:
    """The keys trusted in this store."""
    return Trust.read(store / TRUSTED_KEYS)


def names(store: Path) -> tuple[str, ...]:
    """Folders that have a manifest, by name; none of them is verified."""
    if not store.is_dir():
        return ()
    return tuple(sorted(p.parent.name for p in store.glob(f"*/{MANIFEST}")))


def pointer(store: Path) -> Pointer | None:
    """What was activated last; None if nothing was, or the file cannot be read."""
    try:
        data = json.loads((store / POINTER).read_text())
        return Pointer(str(data["active"]), str(data.get("previous", "")))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def active_name(store: Path, trust: Trust) -> str:
    """The folder name of the active release; where none was activated, of the newest readable one.

    Raises:
        NotFound: the store has no release whose manifest is trusted.
    """
    recorded = pointer(store)
    if recorded is not None and recorded.active in names(store):
        return recorded.active
    readable: list[tuple[tuple[int, ...], str]] = []
    for name in names(store):
        try:
            readable.append((read_manifest(store / name, trust).order(), name))
        except ReleaseRefused:
            continue
    if not readable:
        raise NotFound("There is no model release here that is trusted.")
    return max(readable)[1]


def open_release(store: Path, trust: Trust, name: str = "") -> Release:
    """Load the named release, or the active one.

    Raises:
        NotFound: no such release.
        ReleaseRefused: it does not pass.
    """
    return load(_folder(store, name or active_name(store, trust)), trust)


def activate(store: Path, name: str, trust: Trust, *, rollback: bool = False) -> Manifest:
    """Verify a release wholly, then make it the active one.

    Raises:
        NotFound: no such release.
        ReleaseOlder: older than the active one of the same name, and no rollback was asked for.
        ReleaseRefused: it does not pass; the active one stays.
    """
    manifest = load(_folder(store, name), trust).manifest
    before = _before(store, trust)
    same = before is not None and before.name == manifest.name
    if before is not None and same and not rollback and manifest.order() < before.order():
        raise ReleaseOlder(f"{name} is older than {before.id}; ask for a rollback to go back.")
    recorded = pointer(store)
    previous = recorded.active if recorded else (before.id if before else "")
    if previous == name and recorded is not None:
        previous = recorded.previous
    _write(store, Pointer(name, previous))
    return manifest


def go_back(store: Path, trust: Trust) -> Manifest:
    """Activate the release that was active before.

    Raises:
        NotFound: there was none.
    """
    recorded = pointer(store)
    if recorded is None or not recorded.previous:
        raise NotFound("There is no earlier release to go back to.")
    return activate(store, recorded.previous, trust, rollback=True)


def _before(store: Path, trust: Trust) -> Manifest | None:
    try:
        return read_manifest(store / active_name(store, trust), trust)
    except (NotFound, ReleaseRefused):
        return None  # what cannot be read cannot forbid a sound release


def _folder(store: Path, name: str) -> Path:
    if name not in names(store):
        raise NotFound(f"There is no release {name[:80]!r} here.")
    return store / name


def _write(store: Path, value: Pointer) -> None:
    partial = store / f".{POINTER}.{os.getpid()}"
    with partial.open("w") as file:
        json.dump({"active": value.active, "previous": value.previous}, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, store / POINTER)


class Manifests:
    """The manifests that a worker judges by: of the release in use, and of the one that answered.

    Each is verified and read once. Which one is active is asked anew each time (a small file); the
    keys are read when a manifest is: a release can be imported, with the key of who imports it, while
    we run.
    """

    def __init__(self, folder: Path, release: str = "") -> None:
        """``release`` names the one to use; empty: the active one, else the newest."""
        self._folder, self._release = folder, release
        self._known: dict[str, Manifest] = {}

    def active(self) -> Manifest:
        """The manifest of the release in use.

        Raises:
            InferenceUnavailable: there is none that passes. No study is at fault for that.
        """
        try:
            return self._named(self._release or self._active_name())
        except (NotFound, ReleaseRefused) as error:
            raise InferenceUnavailable(f"No release can be read: {error.detail}") from error

    def of_answer(self, release: str) -> Manifest:
        """The manifest of "name version sha256", as the model server signs its answers.

        Raises:
            ReleaseUnknown: a release answered that this worker does not have (yet), or has with other
                bytes: nothing could be judged by its labels. No study is at fault for that.
        """
        name, _, rest = release.partition(" ")
        version, _, sha256 = rest.partition(" ")
        try:
            manifest = self._named(f"{name}-{version}")
        except (NotFound, ReleaseRefused) as error:
            raise ReleaseUnknown(f"{name[:80]} {version[:40]} answered; it is not here.") from error
        if manifest.sha256 != sha256:
            raise ReleaseUnknown(f"The {manifest.id} that answered is not the one that is here.")
        return manifest

    def _active_name(self) -> str:
        recorded = pointer(self._folder)
        if recorded is not None and recorded.active in self._known:
            return recorded.active
        return active_name(self._folder, trust_of(self._folder))

    def _named(self, name: str) -> Manifest:
        if name not in self._known:
            folder = _folder(self._folder, name)
            self._known[name] = read_manifest(folder, trust_of(self._folder))
        return self._known[name]
