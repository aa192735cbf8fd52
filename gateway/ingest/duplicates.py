"""The same instance from two sources: the file meta information may differ, the data set may not.

A C-STORE sender's file header is written here, a STOW sender's by itself (PS3.10 section 7.1). What
follows it is the instance; when that is equal nothing is contradicted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from itertools import chain
from pathlib import Path

from services.domain.errors import FadaError
from services.index.port import Index, Instance
from services.storage.port import ObjectStore

_HEAD = 144  # preamble, DICM, and the group length of the file meta information
_CHUNK = 1 << 20
_MOST_META = 64 * 1024


def same_instance(
    index: Index, store: ObjectStore, site: str, sop_uid: str, study_uid: str, path: Path
) -> Instance | None:
    """The stored instance whose data set is that of the file at ``path``; None when there is none."""
    with index.read() as tx:
        rows = tx.studies.instances(site, sop_uid=sop_uid, study_uid=study_uid)
    if len(rows) != 1 or abs(rows[0].size - path.stat().st_size) > _MOST_META:
        return None
    try:
        stored = _digest(store.open(site, rows[0].sha256))
    except FadaError:
        return None
    with path.open("rb") as file:
        sent = _digest(iter(lambda: file.read(_CHUNK), b""))
    return rows[0] if sent is not None and sent == stored else None


def _digest(chunks: Iterable[bytes]) -> tuple[bytes, str] | None:
    """(the transfer syntax element, SHA-256 of the data set); None when there is no such file."""
    head, rest = b"", iter(chunks)
    while len(head) < _HEAD or len(head) < _start(head):
        piece = next(rest, b"")
        if not piece or len(head) > _MOST_META + _CHUNK:
            return None
        head += piece
    start = _start(head)
    meta = head[:start]
    at = meta.find(b"\x02\x00\x10\x00UI")
    digest = hashlib.sha256()
    for piece in chain([head[start:]], rest):
        digest.update(piece)
    length = int.from_bytes(meta[at + 6 : at + 8], "little")
    return meta[at + 8 : at + 8 + length], digest.hexdigest()


def _start(head: bytes) -> int:
    return _HEAD + int.from_bytes(head[140:144], "little")
