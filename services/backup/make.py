"""Back a hub up while it works: the index first, then the objects that this index needs.

Objects come into the store before the index knows them and never change, so what the copied index needs
is there. What was copied by an earlier backup in the same folder is not copied again.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from importlib.metadata import version as version_of
from pathlib import Path

from services.backup.folder import HUB, MANIFEST, OBJECTS, BackupEntry, BackupManifest, Folder
from services.domain.errors import NotFound, ObjectCorrupt
from services.index import snapshot
from services.index.snapshot import NeededObject
from services.settings import Settings
from services.storage.port import ObjectStore

Progress = Callable[[int, int], None]  # bytes done, bytes of all
_AT_ONCE = 4


@dataclass(frozen=True, slots=True)
class BackupOutcome:
    """``name`` is empty after a dry run. ``copied`` and ``copied_bytes``: what was, or would be, new."""

    name: str
    objects: int
    object_bytes: int
    copied: int
    copied_bytes: int
    missing: tuple[NeededObject, ...] = ()


def plan(settings: Settings, folder: Folder | None) -> BackupOutcome:
    """What a backup would hold and copy; nothing is written."""
    every: list[NeededObject] = []
    snapshot.needed(settings.index_url, every.append)
    new = [one for one in every if folder is None or not folder.has(one)]
    return BackupOutcome("", len(every), _bytes(every), len(new), _bytes(new))


def back_up(
    settings: Settings, store: ObjectStore, folder: Folder, progress: Progress = lambda _d, _a: None
) -> BackupOutcome:
    """Make one backup in ``folder``.

    An object that the store has lost does not stop it: it is named in the manifest and the outcome.

    Raises:
        IndexUnavailable, StoreUnavailable, NotFound: there is nothing to back up, or a part is down.
    """
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}"
    kind = snapshot.kind_of(settings.index_url)
    every: list[NeededObject] = []
    with folder.new(name) as place, _private(settings) as plain:
        head = snapshot.take(settings.index_url, plain, every.append)
        files = {f"index.{kind}": folder.add_file(plain, place / f"index.{kind}", secret=True)}
        files |= _lists(settings, folder, place, plain, every)
        new = [one for one in every if not folder.has(one)]
        missing = _copy(store, folder, new, progress)
        manifest = BackupManifest(
            made_at=datetime.now(UTC).isoformat(timespec="seconds"),
            version=version_of("fada"),
            head=head,
            files=files,
            objects=len(every),
            object_bytes=_bytes(every),
            missing=[[one.site, one.sha256] for one in missing],
        )
        (place / MANIFEST).write_bytes(manifest.dump())
    return BackupOutcome(name, len(every), _bytes(every), len(new), _bytes(new), tuple(missing))


@contextmanager
def _private(settings: Settings) -> Iterator[Path]:
    """A path for what is not encrypted yet: on the hub's own disk, gone afterwards."""
    home = settings.home.expanduser()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    with tempfile.TemporaryDirectory(prefix=".backup-", dir=home) as folder:
        yield Path(folder) / "plain"


def _lists(
    settings: Settings, folder: Folder, place: Path, plain: Path, every: list[NeededObject]
) -> dict[str, BackupEntry]:
    """The list of objects, which tells no more than their names, and the hub's secret."""
    plain.write_text("".join(json.dumps(astuple(one)) + "\n" for one in every), "utf-8")
    files = {OBJECTS: folder.add_file(plain, place / OBJECTS, secret=False)}
    secret = settings.secret_key.get_secret_value()
    plain.write_text(json.dumps({"secret_key": secret}) + "\n", "utf-8")
    return files | {HUB: folder.add_file(plain, place / HUB, secret=True)}


def _copy(
    store: ObjectStore, folder: Folder, new: list[NeededObject], progress: Progress
) -> list[NeededObject]:
    """Copy what is new; those that the store does not have, or has damaged."""
    whole, done = _bytes(new), 0

    def copy(one: NeededObject) -> bool:
        try:
            folder.add_object(one, store.open(one.site, one.sha256))
        except (NotFound, ObjectCorrupt):
            return False
        return True

    missing = []
    progress(0, whole)
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        for one, held in zip(new, pool.map(copy, new), strict=True):
            done += one.size
            progress(done, whole)
            if not held:
                missing.append(one)
    return missing


def _bytes(objects: list[NeededObject]) -> int:
    return sum(one.size for one in objects)
