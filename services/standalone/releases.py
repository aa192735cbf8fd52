"""The machine's own folder of releases: the bundled ones are linked in, what is imported lies beside."""

from __future__ import annotations

import base64
import json
from pathlib import Path

from services.domain.errors import ReleaseWrongSignature
from services.reading.releases.registry import activate, active_name, names, pointer, trust_of
from services.reading.releases.release import MANIFEST, TRUSTED_KEYS, read_manifest
from services.reading.releases.signature import add_trust


def gather(bundled: Path, own: Path) -> Path:
    """``own`` with a link to every bundled release and with the bundled keys trusted. Again: the same.

    Raises:
        ReleaseWrongSignature: the bundled list of keys cannot be read.
    """
    own.mkdir(parents=True, exist_ok=True)
    fresh: list[str] = []
    for manifest in sorted(bundled.glob(f"*/{MANIFEST}")):
        link, target = own / manifest.parent.name, manifest.parent.resolve()
        if link.is_symlink() and link.resolve() != target:
            link.unlink()
        if not link.exists():
            link.symlink_to(target, target_is_directory=True)
            fresh.append(link.name)
    for link in own.iterdir():
        if link.is_symlink() and not link.exists():
            link.unlink()  # a bundled release that is gone
    _trust(bundled / TRUSTED_KEYS, own / TRUSTED_KEYS)
    _settle(own, fresh)
    return own


def _settle(own: Path, fresh: list[str]) -> None:
    """Note which release is in use, so that importing another one alone changes nothing. A bundled
    one gives way to a newer bundled one of its name when that first comes, i.e. after an update.
    """
    if not names(own):
        return
    trust, noted = trust_of(own), pointer(own)
    if noted is None or noted.active not in names(own):
        activate(own, active_name(own, trust), trust)
    elif (own / noted.active).is_symlink():
        used = read_manifest(own / noted.active, trust)
        coming = [read_manifest(own / name, trust) for name in fresh]
        newer = [m for m in coming if m.name == used.name and m.order() > used.order()]
        if newer:
            activate(own, max(newer, key=lambda m: m.order()).id, trust)


def _trust(bundled: Path, own: Path) -> None:
    if not bundled.is_file():
        return
    try:
        for entry in json.loads(bundled.read_text())["keys"]:
            add_trust(own, base64.b64decode(entry["public"]), str(entry.get("owner", "")))
    except (ValueError, KeyError, TypeError) as error:
        raise ReleaseWrongSignature("The bundled list of trusted keys cannot be read.") from error
