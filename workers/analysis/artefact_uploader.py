"""Artefacts go to the store while others are still being made; none counts before it is confirmed."""

from __future__ import annotations

import hashlib
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from services.domain.errors import ObjectCorrupt
from services.index.port import Artefact
from services.storage.port import ObjectStore, Stored

_UPLOADS = 6


class ArtefactUploader:
    """One study's artefacts, in the order in which they were put."""

    def __init__(self, store: ObjectStore, site: str) -> None:
        self._store, self._site = store, site
        self._pool = ThreadPoolExecutor(_UPLOADS, thread_name_prefix="artefacts")
        self._waiting: list[tuple[Artefact, bytes, Future[Stored]]] = []
        self._existing: list[tuple[Artefact, bytes]] = []  # in the store before, not written by us

    def __enter__(self) -> ArtefactUploader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def put(
        self,
        kind: str,
        data: bytes,
        media_type: str,
        *,
        sop_uid: str = "",
        frame: int = 0,
        label: str = "",
    ) -> Artefact:
        """Begin to store ``data``; the hash is known at once.

        Args:
            kind: one of ``services.index.port.Artefact``'s kinds.
            data: the object's bytes.
            media_type: how it is served.
            sop_uid: the instance that it belongs to, if to one.
            frame: counts from 1; 0 where it belongs to no frame.
            label: what a mask shows.
        """
        sha256 = hashlib.sha256(data).hexdigest()
        artefact = Artefact(kind, sha256, media_type, len(data), sop_uid, frame, label)
        future = self._pool.submit(self._store.put, self._site, data, media_type)
        self._waiting.append((artefact, data, future))
        return artefact

    def settle(self) -> list[Artefact]:
        """Wait until all are stored under the right hash.

        Raises:
            StoreUnavailable: one is not; the job must not be done.
            ObjectCorrupt: the store confirmed other bytes.
        """
        self._existing = []
        for artefact, data, future in self._waiting:
            stored = future.result()
            if stored.sha256 != artefact.sha256 or stored.size != artefact.size:
                raise ObjectCorrupt("The object store kept other bytes than it was sent.")
            if not stored.new:
                self._existing.append((artefact, data))
        return [artefact for artefact, _, _ in self._waiting]

    def assure(self) -> None:
        """After the result is in the index: put again what the sweeper took for an orphan before.

        Raises:
            StoreUnavailable: it is not known whether all are there.
        """
        for artefact, data in self._existing:
            if not self._store.exists(self._site, artefact.sha256):
                self._store.put(self._site, data, artefact.media_type)
