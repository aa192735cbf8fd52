"""Who this device is to its hub: an Ed25519 key, made here, never sent."""

from __future__ import annotations

import base64
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from edge.agent.storage.files import write_durably
from services.domain.errors import NotAuthenticated

_FILE = "identity.json"


@dataclass(frozen=True, slots=True)
class DeviceIdentity:
    """``private_key`` is the raw key, base64; the file has mode 0600.

    ``bundle_key`` and ``receipt_key`` are the hub's (``services.bundle``), base64; empty until a hub has
    told them.
    """

    hub: str
    device_id: str
    site: str
    private_key: str
    bundle_key: str = ""
    receipt_key: str = ""

    def sign_bytes(self, message: bytes) -> bytes:
        """64 bytes of Ed25519."""
        key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(self.private_key))
        return key.sign(message)

    def sign(self, challenge: str) -> str:
        """Sign the hub's nonce; base64 of 64 bytes. No clock is involved."""
        message = f"fada-sync-1:{self.device_id}:{challenge}"
        return base64.b64encode(self.sign_bytes(message.encode())).decode()

    def sign_key(self, public: str) -> str:
        """Sign a device's next public key; base64 of 64 bytes."""
        message = f"fada-key-1:{self.device_id}:{public}"
        return base64.b64encode(self.sign_bytes(message.encode())).decode()

    def save(self, folder: Path) -> None:
        """Keep it in ``folder``, for this user alone."""
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_durably(folder / _FILE, json.dumps(asdict(self)).encode())

    @staticmethod
    def remove(folder: Path) -> None:
        """This device is enrolled nowhere any more."""
        (folder / _FILE).unlink(missing_ok=True)

    @classmethod
    def load(cls, folder: Path) -> DeviceIdentity:
        """The identity kept in ``folder``.

        Raises:
            NotAuthenticated: the device is not enrolled, or the file cannot be read.
        """
        try:
            return cls(**json.loads((folder / _FILE).read_text()))
        except (OSError, ValueError, TypeError) as error:
            raise NotAuthenticated(
                "This device is not enrolled. Get a code from the hub's page, then: "
                "fada-edge enrol HUB CODE"
            ) from error


class NewestKey(Protocol):
    """Where a device keeps a key that it made at the hub's word: before the hub knows it, and after."""

    def read(self) -> str:
        """The private key, base64; empty where none was made yet."""
        ...

    def make(self) -> str:
        """Another one, kept."""
        ...


def new_key() -> tuple[str, str]:
    """(private, public), both raw and base64."""
    private = base64.b64encode(Ed25519PrivateKey.generate().private_bytes_raw()).decode()
    return private, public_key(private)


def public_key(private: str) -> str:
    """Of a private key; both raw and base64."""
    key = Ed25519PrivateKey.from_private_bytes(base64.b64decode(private))
    return base64.b64encode(key.public_key().public_bytes_raw()).decode()
