"""What the gateway clears away by itself: expired uploads, left-behind spool files, old answers."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import UTC, datetime, timedelta

from starlette.concurrency import run_in_threadpool

from gateway.dependencies import Services
from gateway.uploads.files import Parts
from services.domain.errors import FadaError, NotFound
from services.telemetry import logs

EVERY_SECONDS = 60.0
_SPOOL_SECONDS = 6 * 3600.0
_log = logs.get("gateway.ingest.housekeeping")


async def run(services: Services) -> None:
    """Until cancelled. Several processes may do the same at once."""
    while True:
        try:
            await run_in_threadpool(once, services)
        except (FadaError, OSError) as error:
            _log.warning("housekeeping.failed", error=error)
        await asyncio.sleep(EVERY_SECONDS)


def once(services: Services) -> None:
    """Expired uploads lose their bytes at once; that they expired is told for as long again."""
    parts = Parts(services.spool.folder)
    services.spool.sweep(_SPOOL_SECONDS)
    forget = datetime.now(UTC) - timedelta(days=services.settings.upload_days)
    with services.index.begin() as tx:
        tx.idempotency.purge()
        for upload in tx.uploads.expired(limit=10_000):
            parts.remove(upload.id)
            with suppress(NotFound):
                if upload.expires_at <= forget:
                    tx.uploads.delete(upload.site, upload.id)
                elif upload.state == "open":
                    tx.uploads.finish(upload.site, upload.id, "expired", {})
