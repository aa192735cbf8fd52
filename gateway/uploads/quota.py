"""Room for resumable uploads: a bound for each sender and each site, and a reserve of the disk.

What is unfinished and idle gives way, the oldest first: its sender still has the file, and is told to
start again.
"""

from __future__ import annotations

import time
from collections.abc import Iterable

from gateway.dependencies import Services
from gateway.uploads.partial_upload import UploadFiles
from services.domain.errors import RateLimited, StoreUnavailable
from services.domain.study import Principal
from services.index.port import Transaction, Upload

IDLE_SECONDS = 600.0  # without a byte; one that goes on is never taken away


class QuotaExceeded(RateLimited):
    """Too much that is unfinished."""

    code, title = "quota_exceeded", "Too many bytes of unfinished uploads"


def make_room(tx: Transaction, services: Services, who: Principal, length: int) -> None:
    """Before an upload of ``length`` bytes is created, in the same transaction.

    Raises:
        QuotaExceeded: the sender, or its site, has too much that is unfinished and not idle.
        StoreUnavailable: the disk is nearly full.
    """
    given, files = services.settings, UploadFiles(services.spool.folder)
    ours = tx.uploads.unfinished(who.site)
    mine = [upload for upload in ours if upload.owner == who.subject]
    for uploads, most, whose in (
        (mine, given.upload_device_bytes, "Yours"),
        (ours, given.upload_site_bytes, "Those of your site"),
    ):
        over = sum(upload.length or 0 for upload in uploads) + length - most
        if _give_up(tx, files, uploads, over) < over:
            raise QuotaExceeded(
                f"{whose} may have {most} bytes: finish or delete some.", retry_after=60
            )
    missing = length - services.spool.room()
    if missing > 0 and _give_up(tx, files, tx.uploads.unfinished(None), missing) < missing:
        raise StoreUnavailable("The hub's disk is nearly full.", retry_after=60)


def _give_up(tx: Transaction, files: UploadFiles, uploads: Iterable[Upload], count: int) -> int:
    """Idle uploads expire, the longest idle first, until ``count`` bytes are free; how many are."""
    freed, now = 0, time.time()
    idle = [(files.touched(upload.id), upload) for upload in uploads if count > 0]
    for at, upload in sorted(idle, key=lambda one: one[0]):
        if freed >= count or now - at < IDLE_SECONDS:
            break
        tx.uploads.give_up(upload.site, upload.id)
        files.remove(upload.id)
        freed += upload.length or 0
    return freed
