"""The disks that a hub fills: how full they are, and when nothing new may come."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from services.domain.errors import Unavailable
from services.settings import Settings


class DiskNearlyFull(Unavailable):
    """Above the upper watermark: what is here stays, what is new has to wait."""

    code, title, status = "disk_nearly_full", "The hub's disk is nearly full", 507


@dataclass(frozen=True, slots=True)
class Disk:
    """``place``: spool or originals. ``size`` and ``free`` in bytes."""

    place: str
    size: int
    free: int

    @property
    def used_share(self) -> float:
        """Between 0 and 1."""
        return 1 - self.free / self.size if self.size else 1.0


def disks(settings: Settings) -> list[Disk]:
    """Of the spool, and of the originals where they lie in a folder."""
    folders = {"spool": settings.spool}
    if settings.originals_folder is not None:
        folders["originals"] = settings.originals_folder
    return [_disk(place, folder) for place, folder in folders.items()]


def check(settings: Settings) -> None:
    """Raises DiskNearlyFull above the upper watermark."""
    for disk in disks(settings):
        if disk.used_share > settings.disk_refuse_share:
            raise DiskNearlyFull(
                f"The disk of {disk.place} is used to {disk.used_share:.0%}. Nothing was lost and nothing "
                "is deleted by itself: make room or add a disk, then send again.",
                retry_after=300,
            )


def _disk(place: str, folder: Path) -> Disk:
    while not folder.exists() and folder != folder.parent:
        folder = folder.parent
    usage = shutil.disk_usage(folder)
    return Disk(place, usage.total, usage.free)
