"""What a programme gives to its phones, and the same as a text that a phone scans and believes.

A QR code holds it as ``base64url(JSON) . base64url(signature)``: ECDSA P-256 over the JSON, by the key that
signs receipts (``services.bundle``), which phones know since their enrolment.
"""

from __future__ import annotations

import base64
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec

from services.bundle import raw_signature
from services.index.port import Transaction

PREFIX = b"fada-settings-1:"


def merged(site: dict[str, Any], group: dict[str, Any]) -> dict[str, Any]:
    """A group's settings over its site's, name by name; locked where one of them is."""
    both = {**site, **group}
    if site.get("locked") or group.get("locked"):
        both["locked"] = True
    return both


def settings_for(tx: Transaction, site: str, group: str) -> dict[str, Any]:
    """What a phone of ``group`` is given."""
    given = tx.devices.settings(site)
    return merged(given, tx.devices.settings(site, group)) if group else given


def signed(
    key: ec.EllipticCurvePrivateKey, site: str, group: str, given: dict[str, Any], issued_ms: int
) -> str:
    """The settings of ``group`` at ``site`` as a text for a QR code. ``issued_ms``: the hub's clock,
    milliseconds since 1970; a phone takes none that is older than what it was told last."""
    content = {"site": site, "group": group, "issued": issued_ms, "settings": given}
    data = json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
    return f"{_text(data)}.{_text(raw_signature(key, PREFIX + data))}"


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")
