"""A gateway's own disk: expired uploads and files of a crash are removed, and how full it is is measured."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from starlette.concurrency import run_in_threadpool

from gateway.dependencies import Services
from gateway.uploads.partial_upload import UploadFiles
from services.domain.errors import FadaError, NotFound
from services.storage.disks import disks
from services.telemetry import logs, metrics

EVERY_SECONDS = 60.0
_SPOOL_SECONDS = 6 * 3600.0
_log = logs.get("gateway.uploads.housekeeping")


async def run(services: Services) -> None:
    """Until cancelled. Several processes may do the same at once."""
    while True:
        try:
            await run_in_threadpool(once, services)
        except (FadaError, OSError) as error:
            _log.warning("housekeeping.failed", error=error)
        await asyncio.sleep(EVERY_SECONDS)


def once(services: Services) -> None:
    """Expired uploads lose their bytes at once; that they expired is answered for as long again.

    The only place where uploads expire, since their bytes lie in the gateway's own spool.
    """
    for disk in disks(services.settings):
        metrics.DISK_USED.labels(disk.place).set(disk.used_share)
    files = UploadFiles(services.spool.folder)
    services.spool.sweep(_SPOOL_SECONDS)
    forget = datetime.now(UTC) - timedelta(days=services.settings.upload_days)
    with services.index.begin() as tx:
        for upload in tx.uploads.expired(limit=10_000):
            files.remove(upload.id)
            if upload.expires_at <= forget:
                with suppress(NotFound):
                    tx.uploads.delete(upload.site, upload.id)
            else:
                tx.uploads.expire(upload.site, upload.id)
