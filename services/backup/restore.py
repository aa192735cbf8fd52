"""Make a hub of a backup: the objects first, then the index, as with everything that comes in.

A restore that was interrupted has changed no index; the same command goes on where it stood.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import dataclass
from pathlib import Path

from services.backup.folder import HUB, OBJECTS, BackupManifest, Folder
from services.backup.make import Progress
from services.domain.errors import Conflict
from services.index import snapshot
from services.index.snapshot import NeededObject
from services.settings import Settings
from services.storage.port import ObjectStore


class HubInUse(Conflict):
    """The hub to restore into holds something."""

    code, title = "hub_in_use", "This hub is not empty"


class OtherStore(Conflict):
    """The object store belongs to another index."""

    code, title = "other_store", "The object store belongs to another hub"


@dataclass(frozen=True, slots=True)
class Restored:
    """``before``: an SQLite index that was there, kept beside. ``missing``: objects that the backup
    itself was made without.
    """

    manifest: BackupManifest
    before: Path | None
    missing: int


def secret_of(folder: Folder, name: str) -> str:
    """What the hub's credentials, sessions and seals need. Raises ObjectCorrupt, WrongIdentity."""
    manifest = folder.manifest(name)
    with tempfile.TemporaryDirectory(prefix="fada-restore-") as place:
        plain = Path(place) / "plain"
        folder.read_file(name, HUB, manifest.files[HUB], plain)
        return str(json.loads(plain.read_bytes())["secret_key"])


def check(folder: Folder, name: str, progress: Progress = lambda _d, _a: None) -> BackupManifest:
    """Read all of a backup and check every hash; nothing is written anywhere else.

    Raises:
        ObjectCorrupt: a file is damaged, was changed, or is not there. WrongIdentity.
    """
    manifest = folder.manifest(name)
    with tempfile.TemporaryDirectory(prefix="fada-restore-") as place:
        for file, entry in manifest.files.items():
            folder.read_file(name, file, entry, Path(place) / "plain")
        done = 0
        for one in _objects(folder, name, manifest):
            folder.read_object(one, Path(place) / "plain")
            done += one.size
            progress(done, manifest.object_bytes)
    return manifest


def restore(
    settings: Settings,
    store: ObjectStore,
    folder: Folder,
    name: str,
    *,
    replace: bool = False,
    progress: Progress = lambda _d, _a: None,
) -> Restored:
    """Put a backup's objects into the store and its index into the database.

    Args:
        replace: also where the index is in use; what it held is given up (an SQLite file is kept).

    Raises:
        HubInUse, OtherStore: nothing was changed.
        ObjectCorrupt: a file of the backup is damaged; the index was not changed.
    """
    manifest = folder.manifest(name)
    index = f"index.{manifest.head.kind}"
    if not replace and snapshot.is_used(settings.index_url):
        raise HubInUse(
            "Its index holds records. Name an empty one, or say --replace to give them up."
        )
    home = settings.home.expanduser()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".restore-", dir=home) as place:
        copy, plain = Path(place) / "index", Path(place) / "plain"
        folder.read_file(name, index, manifest.files[index], copy)
        folder.read_file(name, OBJECTS, manifest.files[OBJECTS], plain)
        store.prepare()
        _own(store, manifest.head.identity)
        done = 0
        for one in _objects(folder, name, manifest):
            if not store.exists(one.site, one.sha256):
                folder.read_object(one, plain)
                _put(store, one, plain)
            done += one.size
            progress(done, manifest.object_bytes)
        before = snapshot.put_back(settings.index_url, copy, manifest.head)
    return Restored(manifest, before, len(manifest.missing))


def _objects(folder: Folder, name: str, manifest: BackupManifest) -> list[NeededObject]:
    missing = {tuple(one) for one in manifest.missing}
    return [one for one in folder.needed(name) if (one.site, one.sha256) not in missing]


def _put(store: ObjectStore, one: NeededObject, plain: Path) -> None:
    if one.received:
        store.put_file(one.site, plain, one.sha256, one.media_type)
    else:
        store.put(one.site, plain.read_bytes(), one.media_type)


def _own(store: ObjectStore, identity: str) -> None:
    """The store is the index's own: the sweeper of another index must not take its objects away."""
    if store.owners() - {"", identity}:
        raise OtherStore(
            "The object store belongs to another index than the backup's. Name an empty bucket and, "
            "with FADA_ORIGINALS, an empty folder."
        )
    store.claim(identity)
