"""Which ports the parts of one machine listen on: the ones of last time, else the usual ones, else free."""

from __future__ import annotations

import json
import os
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
    """``count`` different ports that nobody listens on."""
    held = [socket.socket() for _ in range(count)]
    try:
        for one in held:
            one.bind((HOST, 0))
        return [int(one.getsockname()[1]) for one in held]
    finally:
        for one in held:
            one.close()


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
