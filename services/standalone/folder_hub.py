"""Index and store of a hub in a folder, for programs that come while it runs, or while it does not."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from services.processes.process import running
from services.settings import Settings
from services.standalone import ports, seaweed, secrets
from services.standalone.local_settings import settings_of
from services.standalone.local_stack import NAMES
from services.standalone.lock import AlreadyRunning, HomeLock
from services.standalone.triton import PORTS as TRITON_PORTS

SECRETS, NOTED = "secrets.json", "ports.json"


@contextmanager
def opened(home: Path, *, at_rest: bool) -> Iterator[Settings]:
    """The settings that reach it; its object store runs until the end of the block.

    Args:
        home: the folder that ``fada up`` has, or will have.
        at_rest: the hub must not run.

    Raises:
        AlreadyRunning: it runs, or is starting. ProcessFailed: the object store does not start.
    """
    home = home.expanduser().resolve()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    try:
        lock = HomeLock(home)
    except AlreadyRunning:
        if at_rest:
            raise
        yield settings_of(home, secrets.load(home / SECRETS), ports.kept(home / NOTED))
        return
    try:
        own = secrets.load(home / SECRETS)
        names = [*NAMES, *seaweed.PORTS, *TRITON_PORTS]
        chosen, _ = ports.choose(names, home / NOTED)
        store = seaweed.spec(home, chosen, own.s3_access_key, own.s3_secret_key, own.s3_kek)
        with running(store):
            yield settings_of(home, own, chosen)
    finally:
        lock.release()
