"""Patient data at rest: sealed with a key that only the PIN opens.

A random data key seals everything (AES-256-GCM); the PIN, stretched by scrypt, wraps that key. Changing
the PIN rewraps one small file. Five wrong PINs in a row make the vault wait, longer each time.
"""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from edge.agent.storage.files import sync_folder, write_durably
from services.domain.errors import InvalidInput, NotAuthenticated, RateLimited

_FILE = "vault.json"
_NONCE = 12  # bytes
_FREE_TRIES = 5


class Vault:
    """``seal`` and ``open`` bytes; ``about`` binds them to their place, so that they cannot be swapped."""

    def __init__(self, key: bytes) -> None:
        self._key = AESGCM(key)

    def seal(self, data: bytes, about: str) -> bytes:
        """Nonce, ciphertext and tag of ``data``, bound to ``about``."""
        nonce = os.urandom(_NONCE)
        return nonce + self._key.encrypt(nonce, data, about.encode())

    def open(self, sealed: bytes, about: str) -> bytes:
        """The bytes that ``seal`` took.

        Raises:
            InvalidInput: they were changed or belong elsewhere.
        """
        try:
            return self._key.decrypt(sealed[:_NONCE], sealed[_NONCE:], about.encode())
        except InvalidTag as error:
            raise InvalidInput("A file of this device was changed and cannot be opened.") from error

    @classmethod
    def create(cls, folder: Path, pin: str) -> Vault:
        """Make the data key and wrap it.

        Raises:
            InvalidInput: the PIN has fewer than six characters.
        """
        if len(pin) < 6:
            raise InvalidInput("Choose a PIN of at least six characters.")
        key = AESGCM.generate_key(bit_length=256)
        _write(folder, _wrap(key, pin))
        return cls(key)

    @classmethod
    def unlock(cls, folder: Path, pin: str) -> Vault:
        """Open with the PIN.

        Raises:
            NotAuthenticated: the PIN is wrong.
            RateLimited: too many wrong ones; ``retry_after`` says how long to wait.
        """
        kept = json.loads((folder / _FILE).read_text())
        wait = kept.get("wait_until", 0.0) - time.time()
        if wait > 0:
            raise RateLimited("Too many wrong PINs. Wait, then try again.", retry_after=wait)
        try:
            wrapped = bytes.fromhex(kept["wrapped"])
            stretched = AESGCM(_stretch(pin, bytes.fromhex(kept["salt"])))
            key = stretched.decrypt(wrapped[:_NONCE], wrapped[_NONCE:], b"fada-edge")
        except InvalidTag as error:
            kept["wrong"] = kept.get("wrong", 0) + 1
            if kept["wrong"] >= _FREE_TRIES:
                kept["wait_until"] = time.time() + min(
                    30 * 2 ** (kept["wrong"] - _FREE_TRIES), 3600
                )
            _write(folder, kept)
            raise NotAuthenticated("That is not the PIN.") from error
        if kept.get("wrong"):
            _write(folder, {"salt": kept["salt"], "wrapped": kept["wrapped"]})
        return cls(key)


def exists(folder: Path) -> bool:
    """Whether ``folder`` has a vault."""
    return (folder / _FILE).exists()


def remove(folder: Path) -> None:
    """Remove the wrapped key of ``folder``: what it sealed can be opened by nobody any more."""
    (folder / _FILE).unlink(missing_ok=True)
    sync_folder(folder)


def _wrap(key: bytes, pin: str) -> dict[str, object]:
    salt, nonce = os.urandom(16), os.urandom(_NONCE)
    wrapped = nonce + AESGCM(_stretch(pin, salt)).encrypt(nonce, key, b"fada-edge")
    return {"salt": salt.hex(), "wrapped": wrapped.hex()}


def _stretch(pin: str, salt: bytes) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**15, r=8, p=1).derive(pin.encode())


def _write(folder: Path, content: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_durably(folder / _FILE, json.dumps(content).encode())
    sync_folder(folder)
