"""Bring back a model whose process died while the server goes on and says READY.

One process of this machine recovers it at a time; who waited looks first whether it still needs to.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from services.reading.contract import MODEL_NAME


def recover(client: Any, address: str, well: Callable[[], bool], deadline: float = 60.0) -> None:
    """Unload and load the model again, unless ``well`` says that somebody else did.

    Raises:
        tritonclient.utils.InferenceServerException: the server cannot load it.
    """
    name = hashlib.sha256(f"{os.getuid()} {address}".encode()).hexdigest()[:16]
    path = Path(tempfile.gettempdir()) / f"fada-recover-{name}.lock"
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        if well():
            return
        with suppress(Exception):  # it may be unloaded already
            client.unload_model(MODEL_NAME, unload_dependents=False, client_timeout=deadline)
        client.load_model(MODEL_NAME, client_timeout=deadline)
    finally:
        os.close(handle)
