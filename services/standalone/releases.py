"""The machine's own folder of releases: the bundled ones are linked in, what is imported lies beside."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from services.domain.errors import ReleaseWrongSignature
from services.reading.release import MANIFEST, TRUSTED_KEYS
from services.reading.signature import add_trust


def gather(bundled: Path, own: Path) -> Path:
    """``own`` with a link to every bundled release and with the bundled keys trusted. Again: the same.

    Raises:
        ReleaseWrongSignature: the bundled list of keys cannot be read.
    """
    own.mkdir(parents=True, exist_ok=True)
    for manifest in sorted(bundled.glob(f"*/{MANIFEST}")):
        link, target = own / manifest.parent.name, manifest.parent.resolve()
        if link.is_symlink() and link.resolve() != target:
            link.unlink()
        if not link.exists():
            link.symlink_to(target, target_is_directory=True)
    for link in own.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()  # a bundled release that is gone
    _trust(bundled / TRUSTED_KEYS, own / TRUSTED_KEYS)
    return own


def _trust(bundled: Path, own: Path) -> None:
    if not bundled.is_file():
        return
    try:
        for entry in json.loads(bundled.read_text())["keys"]:
            add_trust(own, base64.b64decode(entry["public"]), str(entry.get("owner", "")))
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseWrongSignature("The bundled list of trusted keys cannot be read.") from error
