"""The sealed images of a field device: one file each, named by the SHA-256 of the bytes as captured."""

from __future__ import annotations

import hashlib
import os
import shutil
import time
from collections.abc import Callable
from pathlib import Path

from edge.agent.case import CapturedImage
from edge.agent.storage.files import sync_folder, write_durably
from edge.agent.storage.vault import Vault
from services.domain.errors import FadaError, InvalidInput

_ORPHAN_SECONDS = 24 * 3600.0
_NO_ROOM = "Send waiting cases or free some space, then take the image again."


class StorageFull(FadaError):
    """New captures are refused; the queue is kept."""

    code, title, status = "storage_full", "There is no room for a further image on this device", 507


class ImageFolder:
    """A folder of sealed images; ``reserve`` bytes of its disk always stay free."""

    def __init__(self, path: Path, vault: Vault, reserve: int) -> None:
        path.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.path, self._vault, self.reserve = path, vault, reserve

    def keep(self, images: list[tuple[bytes, str]]) -> list[CapturedImage]:
        """Seal images (bytes, media type); they are durable when this returns.

        Raises:
            StorageFull: refused now is better than lost later.
        """
        size = sum(len(data) for data, _ in images)
        if shutil.disk_usage(self.path).free - size < self.reserve:
            raise StorageFull(_NO_ROOM)
        try:
            return [self._keep(data, media_type) for data, media_type in images]
        except OSError as error:  # the disk filled up meanwhile
            raise StorageFull(_NO_ROOM) from error

    def _keep(self, data: bytes, media_type: str) -> CapturedImage:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.path / sha256
        if path.exists():
            os.utime(path)  # not an orphan any more
        else:
            write_durably(path, self._vault.seal(data, sha256))
            sync_folder(self.path)
        return CapturedImage(sha256, media_type, len(data))

    def read(self, sha256: str) -> bytes:
        """The bytes as they were captured.

        Raises:
            InvalidInput: the file is gone or was changed.
        """
        try:
            sealed = (self.path / sha256).read_bytes()
        except OSError as error:
            raise InvalidInput("An image of this case cannot be found on this device.") from error
        return self._vault.open(sealed, sha256)

    def remove(self, images: set[str]) -> None:
        """Remove images by SHA-256; what is not there is fine."""
        for sha256 in images:
            (self.path / sha256).unlink(missing_ok=True)
        sync_folder(self.path)

    def remove_orphans(self, named: Callable[[], set[str]]) -> None:
        """Remove images that no case names: a kill came between the image and its row. Only old ones:
        another process of this device may be capturing now."""
        until = time.time() - _ORPHAN_SECONDS
        old = [path for path in self.path.iterdir() if path.stat().st_mtime < until]
        if old:
            kept = named()
            for path in old:
                if path.name not in kept:
                    path.unlink(missing_ok=True)
