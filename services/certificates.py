"""Statements that the hub signs: anybody who knows its public key can verify them without the hub."""

from __future__ import annotations

import base64
import json
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from services.credentials import secrets_of
from services.domain.errors import InvalidInput
from services.settings import Settings

_PURPOSE = b"fada certificates 1"


def sign(settings: Settings, statement: dict[str, Any]) -> dict[str, Any]:
    """The statement with an Ed25519 signature (base64) over its canonical JSON (RFC 8785).

    The key follows from the hub's secret: the same hub signs with the same key, after a restore too.
    """
    seed = HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secrets_of(settings)[0])
    key = Ed25519PrivateKey.from_private_bytes(seed)
    plain: dict[str, Any] = json.loads(json.dumps(statement, default=str))
    return {
        "statement": plain,
        "public_key": base64.b64encode(key.public_key().public_bytes_raw()).decode(),
        "signature": base64.b64encode(key.sign(rfc8785.dumps(plain))).decode(),
    }


def verified(document: Any, public_key: str = "") -> dict[str, Any]:
    """The statement, when its signature holds. ``public_key``: the hub's, base64; empty: any.

    Raises:
        InvalidInput: it was changed, or signed by another.
    """
    try:
        statement: dict[str, Any] = document["statement"]
        key = str(document["public_key"])
        public = Ed25519PublicKey.from_public_bytes(base64.b64decode(key))
        public.verify(base64.b64decode(document["signature"]), rfc8785.dumps(statement))
    except (InvalidSignature, ValueError, KeyError, TypeError) as error:
        raise InvalidInput(
            "The signature does not fit: this is not what the hub signed."
        ) from error
    if public_key and key != public_key:
        raise InvalidInput("Another hub signed this.")
    return statement
