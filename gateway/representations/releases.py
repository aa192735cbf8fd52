"""The hub's model releases: listed, activated, and given to phones file by file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from services.domain.errors import Conflict, NotFound, ReleaseRefused
from services.reading.releases import registry as releases
from services.reading.releases.manifest import Manifest
from services.reading.releases.release import MANIFEST, read_manifest


@dataclass(frozen=True, slots=True)
class ReleaseFile:
    """A file of a release; ``size`` in bytes."""

    path: Path
    size: int
    sha256: str


def trusted(store: Path) -> list[Manifest]:
    """Manifests with a trusted signature, oldest first. Their files are verified when loaded."""
    trust, manifests = releases.trust_of(store), []
    for name in releases.names(store):
        try:
            manifests.append(read_manifest(store / name, trust))
        except ReleaseRefused:
            continue
    return sorted(manifests, key=lambda m: (m.name, m.order()))


def active(store: Path) -> str:
    """The folder name of the release in use; empty when there is none."""
    try:
        return releases.active_name(store, releases.trust_of(store))
    except NotFound:
        return ""


def listing(store: Path) -> dict[str, Any]:
    """The releases, as the API lists them."""
    active_name = active(store)
    return {
        "active": active_name or None,
        "items": [
            {
                "name": m.name,
                "version": m.version,
                "id": m.id,
                "sha256": m.sha256,
                "active": m.id == active_name,
                "architecture": m.architecture,
                "licence": m.licence,
                "size": sum(f.size for f in m.files.values()),
                "metrics": m.metrics,
                "refuses": list(m.refuses),
                "card_url": f"/api/releases/{m.id}/model-card",
            }
            for m in trusted(store)
        ],
    }


def for_phones(store: Path) -> dict[str, Any]:
    """The releases with every file's size and hash; the manifest is one of the files."""
    return {
        "active": active(store) or None,
        "items": [
            {
                "name": m.name,
                "version": m.version,
                "sha256": m.sha256,
                "files": [
                    {"path": MANIFEST, "size": _manifest(store, m).size, "sha256": m.sha256},
                    *(
                        {"path": name, "size": f.size, "sha256": f.sha256}
                        for name, f in sorted(m.files.items())
                    ),
                ],
            }
            for m in trusted(store)
        ],
    }


def file(store: Path, release: str, name: str) -> ReleaseFile:
    """A file that the release's manifest names, or the manifest. Raises NotFound."""
    if release not in releases.names(store):
        raise NotFound("There is no such release here.")
    try:
        manifest = read_manifest(store / release, releases.trust_of(store))
    except ReleaseRefused as error:
        raise NotFound("This release is not trusted here.") from error
    if name == MANIFEST:
        return _manifest(store, manifest)
    entry = manifest.files.get(name)
    path = store / release / name
    if entry is None or path.is_symlink() or not path.is_file():
        raise NotFound("The release has no such file.")
    return ReleaseFile(path, entry.size, entry.sha256)


def activate(store: Path, release: str, *, rollback: bool) -> str:
    """Verify and activate a release; its manifest's SHA-256.

    Raises NotFound, ReleaseRefused; Conflict: the folder of releases cannot be written.
    """
    trust = releases.trust_of(store)
    try:
        return releases.activate(store, release, trust, rollback=rollback).sha256
    except OSError as error:
        raise Conflict(
            "The folder of releases (FADA_RELEASES) cannot be written. Put it on a volume that gateway, "
            "workers and model server share, or set FADA_RELEASE and start them again."
        ) from error


def _manifest(store: Path, manifest: Manifest) -> ReleaseFile:
    path = store / manifest.id / MANIFEST
    data = path.read_bytes()
    return ReleaseFile(path, len(data), hashlib.sha256(data).hexdigest())
