"""Stored objects as local files for the parser process: a cache of those used last.

A clip is requested frame by frame; without the cache each frame would fetch the whole object.
"""

from __future__ import annotations

import atexit
import os
import shutil
import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from starlette.requests import HTTPConnection

from gateway.dependencies import Services
from services.index.port import Instance
from services.storage.port import ObjectStore

_CREATING = threading.Lock()


class ObjectCache:
    """Thread-safe; holds at most ``capacity`` bytes of files that nobody reads at the moment."""

    def __init__(self, store: ObjectStore, folder: Path, capacity: int = 1 << 30) -> None:
        self._store, self._capacity = store, capacity
        self._folder = folder / f"objects-{os.getpid()}"
        _remove_left_behind(folder)
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._files: OrderedDict[tuple[str, str], Path] = OrderedDict()
        self._readers: dict[Path, int] = {}
        self._sizes: dict[Path, int] = {}
        self._lock = threading.Lock()

    @contextmanager
    def local(self, site: str, sha256: str) -> Iterator[Path]:
        """The object as a file that stays until the block ends; its hash was right.

        Raises:
            NotFound, ObjectCorrupt, StoreUnavailable.
        """
        key = (site, sha256)
        with self._lock:
            path = self._files.get(key)
            if path is not None:
                self._files.move_to_end(key)
                self._readers[path] = self._readers.get(path, 0) + 1
        if path is None:
            path = self._fetch(key)
        try:
            yield path
        finally:
            with self._lock:
                self._readers[path] -= 1
                self._trim()

    @contextmanager
    def scratch(self) -> Iterator[Path]:
        """The path of a file that the parser process writes; it is removed at the end of the block."""
        path = self._folder / f"out-{uuid4().hex}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def close(self) -> None:
        """Remove all files."""
        with self._lock:
            for path in self._sizes:
                path.unlink(missing_ok=True)
            self._files.clear()
            self._sizes.clear()

    def _fetch(self, key: tuple[str, str]) -> Path:
        path = self._folder / uuid4().hex
        size = 0
        try:
            with path.open("xb") as out:
                for chunk in self._store.open(*key):
                    out.write(chunk)
                    size += len(chunk)
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        with self._lock:
            self._sizes[path] = size
            self._readers[path] = 1
            self._files.setdefault(key, path)  # of two that fetch at once, one stays in the cache
        return path

    def _trim(self) -> None:
        kept = set(self._files.values())
        for path in [p for p in self._sizes if p not in kept and not self._readers.get(p)]:
            self._drop(path)
        for key, path in list(self._files.items()):
            if sum(self._sizes.values()) <= self._capacity:
                return
            if not self._readers.get(path):
                del self._files[key]
                self._drop(path)

    def _drop(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        self._sizes.pop(path, None)
        self._readers.pop(path, None)


@contextmanager
def part10(
    services: Services, objects: ObjectCache, row: Instance, *, as_stored: bool
) -> Iterator[Path]:
    """A stored object as a file, as it is given out: with what a person put right about its patient, and
    where it is not ``as_stored``, in Explicit VR Little Endian with native pixels.

    Raises:
        NotFound, ObjectCorrupt, StoreUnavailable, InvalidDicom.
    """
    with objects.local(row.site, row.sha256) as path:
        if as_stored and row.corrected is None:
            yield path
            return
        with objects.scratch() as out:
            services.parser.ask(
                {
                    "do": "corrected" if as_stored else "explicit",
                    "path": str(path),
                    "out": str(out),
                    "attributes": row.corrected or {},
                }
            )
            yield out


def object_cache(connection: HTTPConnection, services: Services) -> ObjectCache:
    """The one cache of this process."""
    state = connection.app.state
    with _CREATING:
        cache = getattr(state, "dicom_objects", None)
        if cache is None:
            cache = state.dicom_objects = ObjectCache(services.store, services.spool.folder)
            atexit.register(cache.close)
    assert isinstance(cache, ObjectCache)
    return cache


def _remove_left_behind(folder: Path) -> None:
    """Caches of processes that are gone."""
    for entry in folder.glob("objects-*"):
        pid = entry.name.partition("-")[2]
        if pid == str(os.getpid()) or (pid.isdigit() and not Path(f"/proc/{pid}").exists()):
            shutil.rmtree(entry, ignore_errors=True)
