"""A case sealed for its hub, to be carried by anybody: another phone, a stick, a laptop.

    file    = MAGIC, HPKE (RFC 9180: DHKEM P-256, HKDF-SHA256, AES-256-GCM; info ``INFO``) of inner
    inner   = Ed25519 signature of the phone (64 bytes) over PREFIX + SHA-256 of content, content
    content = length of head (4 bytes, big-endian), head (JSON), body, the images one after the other

``body`` is the very request that the phone would send (``PUT /api/sync/cases/…``). A carrier sees MAGIC
and a length, nothing else: not even whose case it is. The phone writes the same (web/phone/src/carry).
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import (
    decode_dss_signature,
    encode_dss_signature,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from services.domain.errors import InvalidInput

MAGIC: Final = b"FADACASE1\n"
INFO: Final = b"fada-bundle-1"
PREFIX: Final = b"fada-bundle-1:"
RECEIPT: Final = b"fada-receipt-1:"
MOST_BYTES: Final = 128 * 2**20
_MOST_HEAD: Final = 2**20
_BESIDE_IMAGES: Final = 2**20  # that a bundle holds beside its images, at most
_SUITE: Final = Suite(KEM.P256, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
_CURVE: Final = ec.SECP256R1()
_ORDER: Final = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


@dataclass(frozen=True, slots=True)
class BundleImage:
    """``pixel_mm``: the scale that a person set on it, mm along x and y."""

    sha256: str
    media_type: str
    data: bytes
    pixel_mm: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Bundle:
    """One version of a case. ``device`` made it, and ``signature`` is its word for ``signed``."""

    device: str
    case: str
    version: int
    body: bytes
    images: tuple[BundleImage, ...]
    signature: bytes = b""
    signed: bytes = b""


def hub_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The hub's own key that bundles are sealed to, from its secret: no further file to keep."""
    return _derived(secret, INFO)


def receipt_key(secret: bytes) -> ec.EllipticCurvePrivateKey:
    """The hub's own key that it signs receipts with."""
    return _derived(secret, RECEIPT)


def _derived(secret: bytes, purpose: bytes) -> ec.EllipticCurvePrivateKey:
    made = HKDF(SHA256(), 48, salt=None, info=purpose).derive(secret)
    return ec.derive_private_key(int.from_bytes(made, "big") % (_ORDER - 1) + 1, _CURVE)


def public_bytes(key: ec.EllipticCurvePrivateKey) -> bytes:
    """What phones are told: the uncompressed point, 65 bytes."""
    return key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)


def seal(bundle: Bundle, sign: Callable[[bytes], bytes], hub: bytes) -> bytes:
    """The file. ``sign`` is the device's Ed25519, ``hub`` the hub's ``public_bytes``."""
    head = json.dumps(
        {
            "device": bundle.device, "case": bundle.case, "version": bundle.version,
            "body": len(bundle.body),
            "images": [
                {"sha256": i.sha256, "media_type": i.media_type, "size": len(i.data), "pixel_mm": i.pixel_mm}
                for i in bundle.images
            ],
        }
    ).encode()  # fmt: skip
    pieces = (image.data for image in bundle.images)
    content = b"".join([struct.pack(">I", len(head)), head, bundle.body, *pieces])
    inner = sign(PREFIX + hashlib.sha256(content).digest()) + content
    key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, hub)
    return MAGIC + bytes(_SUITE.encrypt(inner, key, info=INFO))


def is_too_large(sizes: Iterable[int]) -> bool:
    """Whether images of so many bytes make more than the hub takes in one file."""
    return sum(sizes) + _BESIDE_IMAGES > MOST_BYTES


def is_bundle(head: bytes) -> bool:
    """By a file's first bytes."""
    return head.startswith(MAGIC)


def unseal(file: bytes, key: ec.EllipticCurvePrivateKey) -> Bundle:
    """What the hub finds in it; its signature is still to be verified.

    Raises:
        InvalidInput: it is no bundle, was changed on the way, or was sealed for another hub.
    """
    if not is_bundle(file):
        raise InvalidInput("This file is no carried case.")
    try:
        inner = bytes(_SUITE.decrypt(file[len(MAGIC) :], key, info=INFO))
    except (InvalidTag, ValueError) as error:
        raise InvalidInput(
            "This carried case was changed on the way, or is for another hub."
        ) from error
    try:
        return _parsed(inner[:64], inner[64:])
    except (KeyError, TypeError, ValueError, struct.error) as error:
        raise InvalidInput("This carried case is not of the form that this hub knows.") from error


def _parsed(signature: bytes, content: bytes) -> Bundle:
    (length,) = struct.unpack(">I", content[:4])
    if length > _MOST_HEAD:
        raise ValueError
    head: dict[str, Any] = json.loads(content[4 : 4 + length])
    at = 4 + length + int(head["body"])
    body, images = content[4 + length : at], []
    for header in head["images"]:
        data = content[at : at + int(header["size"])]
        at += int(header["size"])
        if hashlib.sha256(data).hexdigest() != header["sha256"]:
            raise ValueError
        scale = header.get("pixel_mm")
        size = (float(scale[0]), float(scale[1])) if scale else None
        images.append(BundleImage(header["sha256"], str(header["media_type"]), data, size))
    if at != len(content):
        raise ValueError
    signed = PREFIX + hashlib.sha256(content).digest()
    return Bundle(
        str(head["device"]), str(head["case"]), int(head["version"]), body, tuple(images),
        signature, signed,
    )  # fmt: skip


def receipt(key: ec.EllipticCurvePrivateKey, case: str, version: int) -> dict[str, Any]:
    """The hub's word that it has all of a version, for the phone that took the case: whoever brings it.

    ``signature``: ECDSA with SHA-256 (r and s, 32 bytes each, as hexadecimal).
    """
    raw = raw_signature(key, _receipt_words(case, version))
    return {"case": case, "version": version, "signature": raw.hex()}


def raw_signature(key: ec.EllipticCurvePrivateKey, words: bytes) -> bytes:
    """64 bytes, r and s as browsers want them: ECDSA with SHA-256."""
    r, s = decode_dss_signature(key.sign(words, ec.ECDSA(SHA256())))
    return r.to_bytes(32, "big") + s.to_bytes(32, "big")


def check_receipt(receipt: dict[str, Any], hub: bytes) -> tuple[str, int]:
    """(case, version) of a receipt. Raises InvalidInput: it is not this hub's."""
    try:
        case, version = str(receipt["case"]), int(receipt["version"])
        raw = bytes.fromhex(receipt["signature"])
        key = ec.EllipticCurvePublicKey.from_encoded_point(_CURVE, hub)
        pair = (int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
        words = _receipt_words(case, version)
        key.verify(encode_dss_signature(*pair), words, ec.ECDSA(SHA256()))
    except (InvalidSignature, KeyError, TypeError, ValueError) as error:
        raise InvalidInput("This receipt is not from this device's hub.") from error
    return case, version


def _receipt_words(case: str, version: int) -> bytes:
    return RECEIPT + f"{case}:{version}".encode()
