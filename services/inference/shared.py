"""System shared memory with a model server on the same machine: images in, masks out, no copies by gRPC.

A region belongs to one thread's client, since two calls at once would write into each other.
"""

from __future__ import annotations

import os
import uuid
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import tritonclient.utils.shared_memory as shm
from numpy.typing import NDArray

_PREFIX = "fada-client-"


def forget_dead() -> None:
    """Remove the regions of processes that were killed; Linux keeps them in memory for ever."""
    for region in Path("/dev/shm").glob(f"{_PREFIX}*"):  # noqa: S108
        pid = region.name.removeprefix(_PREFIX).partition("-")[0]
        if pid.isdigit() and not Path(f"/proc/{pid}").exists():
            region.unlink(missing_ok=True)


class Region:
    """One named region, registered with the server; grown when it is too small."""

    def __init__(self, client: Any, purpose: str) -> None:
        self._client = client
        self._purpose = purpose
        self._handle: Any = None
        self.name = ""
        self.size = 0

    def reserve(self, size: int) -> None:
        """Make sure of ``size`` bytes. Raises what the SDK raises; the caller goes on without."""
        if self.size >= size:
            return
        self.close()
        self.name = f"{_PREFIX}{os.getpid()}-{self._purpose}-{uuid.uuid4().hex[:12]}"
        self._handle = shm.create_shared_memory_region(self.name, f"/{self.name}", size)
        self._client.register_system_shared_memory(self.name, f"/{self.name}", size)
        self.size = size

    def write(self, array: NDArray[Any]) -> None:
        """Copy an array into the region, from its start."""
        shm.set_shared_memory_region(self._handle, [array])

    def read(self, shape: tuple[int, ...]) -> NDArray[np.float32]:
        """A copy: the region is written again by the next call."""
        return np.array(shm.get_contents_as_numpy(self._handle, np.float32, list(shape)))

    def close(self) -> None:
        """Take it back from the server and remove it."""
        if self._handle is None:
            return
        with suppress(Exception):  # the server may be gone, and then it forgot by itself
            self._client.unregister_system_shared_memory(self.name)
        shm.destroy_shared_memory_region(self._handle)
        self._handle, self.size = None, 0
