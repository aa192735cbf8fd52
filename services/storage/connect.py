"""The object store that the settings name."""

from __future__ import annotations

from services.settings import Settings
from services.storage import s3
from services.storage.local import LocalStore
from services.storage.port import ObjectStore
from services.storage.tiered import TieredStore


def connect(settings: Settings) -> ObjectStore:
    """S3, or originals in a folder and all else in S3. Nothing is sent before the first call.

    Raises:
        InvalidInput: FADA_ORIGINALS names no folder.
    """
    far, folder = s3.connect(settings), settings.originals_folder
    return far if folder is None else TieredStore(LocalStore(folder), far)
