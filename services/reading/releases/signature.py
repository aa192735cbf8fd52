"""Signatures over releases: Ed25519 over canonical JSON, and the keys that are trusted.

Canonical is RFC 8785 (JCS), so that a browser or any other language computes the same bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from services.domain.errors import ReleaseWrongSignature

ALGORITHM = "ed25519"
_MAX_TRUST_BYTES = 64 * 1024


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes of a JSON value (dict, list, str, bool, None, int, float).

    Raises:
        ValueError: a number that JSON or JavaScript cannot hold, or another type.
    """
    return rfc8785.dumps(value)


def key_id(public: bytes) -> str:
    """The short name of a public key: 16 hex digits of its SHA-256."""
    return hashlib.sha256(public).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Trust:
    """Public keys (32 raw bytes) by their id: whose releases are loaded here."""

    keys: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> Trust:
        """Read ``trusted-keys.json``: {"keys": [{"public": base64, "owner": text}]}.

        Raises:
            ReleaseWrongSignature: there is no such file, or it is not of this form.
        """
        try:
            with path.open("rb") as file:
                data = json.loads(file.read(_MAX_TRUST_BYTES))
            publics = [base64.b64decode(k["public"], validate=True) for k in data["keys"]]
        except (OSError, ValueError, KeyError, TypeError, binascii.Error) as error:
            raise ReleaseWrongSignature(
                f"The list of trusted keys {path.name} cannot be read."
            ) from error
        return cls({key_id(public): public for public in publics if len(public) == 32})

    def verify(self, document: Mapping[str, Any]) -> None:
        """Check ``document["signature"]`` over all the rest.

        Raises:
            ReleaseWrongSignature: none, of an unknown key, or over something else.
        """
        signature = document.get("signature")
        if not isinstance(signature, Mapping) or signature.get("algorithm") != ALGORITHM:
            raise ReleaseWrongSignature("The release carries no Ed25519 signature.")
        public = self.keys.get(str(signature.get("key")))
        if public is None:
            raise ReleaseWrongSignature("The release is signed by a key that is not trusted here.")
        body = {k: v for k, v in document.items() if k != "signature"}
        try:
            value = base64.b64decode(str(signature.get("value")), validate=True)
            Ed25519PublicKey.from_public_bytes(public).verify(value, canonical(body))
        except (InvalidSignature, ValueError, RecursionError) as error:
            raise ReleaseWrongSignature("The release was changed after it was signed.") from error


def sign(document: Mapping[str, Any], key: Ed25519PrivateKey) -> dict[str, Any]:
    """The document with a fresh signature over all its other members."""
    body = {k: v for k, v in document.items() if k != "signature"}
    value = base64.b64encode(key.sign(canonical(body))).decode()
    name = key_id(public_bytes(key))
    return {**body, "signature": {"algorithm": ALGORITHM, "key": name, "value": value}}


def public_bytes(key: Ed25519PrivateKey) -> bytes:
    """The 32 bytes of the public half."""
    return key.public_key().public_bytes_raw()


def generate_key(path: Path) -> Ed25519PrivateKey:
    """A new private key, written as PEM for its owner's eyes only.

    Raises:
        FileExistsError: a key is there already; it is never overwritten.
    """
    key = Ed25519PrivateKey.generate()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(pem)
    return key


def read_key(path: Path) -> Ed25519PrivateKey:
    """The private key of a PEM file.

    Raises:
        ValueError: not an Ed25519 private key.
        OSError: the file cannot be read.
    """
    key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise ValueError(f"{path} holds no Ed25519 private key")
    return key


def add_trust(path: Path, public: bytes, owner: str) -> None:
    """Add a public key to a ``trusted-keys.json``, made if it is not there; known ones stay once."""
    data: dict[str, Any] = {"keys": []}
    if path.exists():
        data = json.loads(path.read_text())
    text = base64.b64encode(public).decode()
    if any(k.get("public") == text for k in data["keys"]):
        return
    data["keys"].append({"id": key_id(public), "public": text, "owner": owner})
    partial = path.with_suffix(".partial")
    partial.write_text(json.dumps(data, indent=1) + "\n")
    os.replace(partial, path)
