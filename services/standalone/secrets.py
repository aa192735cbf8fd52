"""Secrets of one machine: made at the first start, kept in its folder, readable by its owner alone."""

from __future__ import annotations

import json
import os
import secrets
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Secrets:
    """All hexadecimal. ``s3_kek`` encrypts the object store's own keys; ``page_key`` signs sessions."""

    broker_password: str
    s3_access_key: str
    s3_secret_key: str
    s3_kek: str
    page_key: str


def load(path: Path) -> Secrets:
    """The secrets in ``path``, made now if there are none."""
    try:
        kept = json.loads(path.read_text())
        return Secrets(**{field.name: str(kept[field.name]) for field in fields(Secrets)})
    except FileNotFoundError:
        made = Secrets(*(secrets.token_hex(32) for _ in fields(Secrets)))
        write_private(path, json.dumps(asdict(made), indent=2))
        return made


def take_over(path: Path, page_key: str) -> None:
    """Let ``page_key`` be another hub's: what that hub sealed and encrypted can be read here."""
    write_private(path, json.dumps(asdict(replace(load(path), page_key=page_key)), indent=2))


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner can read, whole or not at all."""
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.replace(partial, path)
