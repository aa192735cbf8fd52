"""Seals over the audit trail: a chain of macs that shows an edit or a deletion."""

from __future__ import annotations

import asyncio
import hashlib

from starlette.concurrency import run_in_threadpool

from services.domain.errors import FadaError
from services.index.port import Index
from services.telemetry import logs

_SEAL_SECONDS = 60.0
_log = logs.get("gateway.audit.seals")


def seal_key(secret: bytes) -> bytes:
    """The key of the seals, from the hub's secret."""
    return hashlib.sha256(b"fada:audit-seal:" + secret).digest()


def seal(index: Index, key: bytes) -> None:
    """Close what is new in the trail; each seal's mac goes to the log too. Blocking."""
    with index.begin() as tx:
        boundary = tx.audit_seals.boundary()
    while boundary:
        with index.begin() as tx:
            made = tx.audit_seals.seal(key, boundary)
        if made is None:
            return
        _log.info("audit.sealed", number=made.number, last=made.last, mac=made.mac)


async def keep_sealing(index: Index, key: bytes) -> None:
    """Until cancelled. Several processes may do the same at once."""
    while True:
        await asyncio.sleep(_SEAL_SECONDS)
        try:
            await run_in_threadpool(seal, index, key)
        except FadaError as error:
            _log.warning("audit.not_sealed", error=error)
