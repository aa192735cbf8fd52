"""The store that the settings name."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from services.domain.errors import InvalidInput
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
    far = s3.connect(settings)
    if not settings.originals:
        return far
    return TieredStore(LocalStore(folder_of(settings.originals)), far)


def folder_of(url: str) -> Path:
    """The folder of ``file:///folder``. Raises InvalidInput."""
    parts = urlsplit(url)
    path = Path(unquote(parts.path))
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or not path.is_absolute():
        raise InvalidInput("FADA_ORIGINALS has the form file:///folder, or is empty.")
    return path
