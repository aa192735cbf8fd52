"""Which ports the parts of one machine listen on: the ones of last time, else the usual ones, else free."""

from __future__ import annotations

import errno
import json
import os
import random
import socket
from collections.abc import Iterable
from pathlib import Path

HOST = "127.0.0.1"
USUAL = {
    "gateway": 8042,
    "valkey": 18379,
    "s3": 18333,
    "s3_grpc": 18334,
    "weed_master": 18335,
    "weed_master_grpc": 18336,
    "weed_volume": 18337,
    "weed_volume_grpc": 18338,
    "weed_filer": 18339,
    "weed_filer_grpc": 18340,
    "triton_http": 18000,
    "triton_grpc": 18001,
    "triton_metrics": 18002,
    "worker_metrics": 18043,
    "sweeper_metrics": 18044,
}

_OUTGOING = Path("/proc/sys/net/ipv4/ip_local_port_range")
_LOWEST, _TRIES = 20000, 2000
_chance = random.SystemRandom()  # two hubs that start at once must not choose alike


def is_free(port: int, host: str = HOST) -> bool:
    """Whether a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
            probe.listen(1)
        except OSError:
            return False
    return True


def free(count: int) -> list[int]:
    """``count`` different ports that nobody listens on, in no order.

    They lie below those that the system gives to outgoing connections, any of which could be taken
    before a server listens there.
    """
    chosen: list[int] = []
    for port in _chance.sample(range(_LOWEST, _first_outgoing()), k=_TRIES):
        if len(chosen) == count:
            break
        if port not in USUAL.values() and is_free(port):
            chosen.append(port)
    if len(chosen) < count:
        raise OSError(errno.EADDRINUSE, f"no {count} ports are free on {HOST}")
    return chosen


def _first_outgoing() -> int:
    """Linux's first ephemeral port; what IANA names as the first where the system does not say."""
    try:
        first = int(_OUTGOING.read_text().split()[0])
    except (OSError, ValueError, IndexError):
        first = 49152
    return first if first >= _LOWEST + _TRIES else 49152


def choose(
    names: Iterable[str], note: Path, wanted: dict[str, int] | None = None
) -> tuple[dict[str, int], list[str]]:
    """A port for each name, kept in ``note`` for the next start, and what to say about taken ones."""
    before = kept(note)
    chosen: dict[str, int] = {}
    moved: list[str] = []
    for name in names:
        first = (wanted or {}).get(name) or before.get(name) or USUAL[name]
        if first not in chosen.values() and is_free(first):
            chosen[name] = first
            continue
        chosen[name] = next(p for p in free(len(USUAL) + 1) if p not in chosen.values())
        moved.append(f"{name} on {chosen[name]} instead of {first}")
    keep(note, chosen)
    return chosen, [f"ports are taken here: {', '.join(moved)}"] if moved else []


def keep(note: Path, chosen: dict[str, int]) -> None:
    """Note the ports for the next start."""
    note.parent.mkdir(parents=True, exist_ok=True)
    partial = note.with_suffix(".partial")
    partial.write_text(json.dumps(chosen, indent=2))
    os.replace(partial, note)


def kept(note: Path) -> dict[str, int]:
    """The ports that are noted; none where there is no note."""
    try:
        return {str(k): int(v) for k, v in json.loads(note.read_text()).items()}
    except (OSError, ValueError, AttributeError):
        return {}
