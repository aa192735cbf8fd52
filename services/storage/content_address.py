"""Objects by their content: the key is the site and the SHA-256, and what is read is hashed again.

A name from outside never becomes a key.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator

from services.domain.errors import InvalidInput, NotFound, ObjectCorrupt

_SITE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_HASH = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]{0,63})/[0-9a-f]{2}/([0-9a-f]{64})")


def key(site: str, sha256: str) -> str:
    """``<site>/<first two of the hash>/<hash>``.

    Raises:
        InvalidInput: not the name of a site.
        NotFound: not a hash, so there can be nothing under it.
    """
    return f"{prefix(site)}{_checked(sha256)[:2]}/{sha256}"


def prefix(site: str) -> str:
    """What all keys of a site begin with. Raises InvalidInput."""
    if not _SITE.fullmatch(site):
        raise InvalidInput("A site's name has letters, digits, dots and dashes, at most 64.")
    return f"{site}/"


def parse(name: str) -> tuple[str, str] | None:
    """(site, hash) of a key; None for what is not ours."""
    match = _KEY.fullmatch(name)
    return (match[1], match[2]) if match else None


def _checked(sha256: str) -> str:
    if not _HASH.fullmatch(sha256):
        raise NotFound("There is no such object.")
    return sha256


def verified(stream: Iterator[bytes], sha256: str) -> Iterator[bytes]:
    """The chunks of a whole object; the last one comes only after the hash was right.

    Raises:
        ObjectCorrupt: the bytes are not what ``sha256`` says.
    """
    digest, held = hashlib.sha256(), b""
    for chunk in stream:
        digest.update(chunk)
        if held:
            yield held
        held = chunk
    if digest.hexdigest() != sha256:
        raise ObjectCorrupt(f"Object {sha256[:12]} is not what its hash says.")
    if held:
        yield held
