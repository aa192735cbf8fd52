"""Who this device is to its hub: an Ed25519 key, made here, never sent."""

from __future__ import annotations

import base64
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from services.domain.errors import NotAuthenticated

_FILE = "identity.json"


@dataclass(frozen=True, slots=True)
class Identity:
    """``private_key`` is the raw key, base64; the file has mode 0600."""

    hub: str
    device_id: str
    site: str
    private_key: str

    def sign(self, challenge: str) -> str:
        """Answer the hub's nonce; no clock is involved."""
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.private_key))
        words = f"fada-sync-1:{self.device_id}:{challenge}"
        return base64.b64encode(key.sign(words.encode())).decode()

    def save(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        descriptor = os.open(folder / _FILE, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "w") as out:
            json.dump(asdict(self), out)

    @classmethod
    def load(cls, folder: Path) -> Identity:
        """Raises NotAuthenticated when the device is not enrolled."""
        try:
            return cls(**json.loads((folder / _FILE).read_text()))
        except FileNotFoundError as error:
            raise NotAuthenticated(
                "This device is not enrolled. Get a code from the hub's page, then: "
                "fada-edge enrol HUB CODE"
            ) from error


def new_key() -> tuple[str, str]:
    """(private, public), both raw and base64."""
    key = Ed25519PrivateKey.generate()
    private = base64.b64encode(key.private_bytes_raw()).decode()
    return private, base64.b64encode(key.public_key().public_bytes_raw()).decode()
