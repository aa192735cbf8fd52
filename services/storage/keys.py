"""An object's key: its site and its SHA-256. A name from outside never becomes a key."""

from __future__ import annotations

import re

from services.domain.errors import InvalidInput, NotFound

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
