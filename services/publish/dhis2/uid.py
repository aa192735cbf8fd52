"""DHIS2's identifiers, made from what they stand for: the same cause gives the same one again."""

from __future__ import annotations

import hashlib
import string

_LETTERS = string.ascii_letters
_ALL = _LETTERS + string.digits


def uid(*cause: str) -> str:
    """11 characters, the first a letter (DHIS2's format, E1048); about 65 bits of SHA-256."""
    number = int.from_bytes(hashlib.sha256("\x1f".join(cause).encode()).digest())
    number, first = divmod(number, len(_LETTERS))
    made = [_LETTERS[first]]
    for _ in range(10):
        number, one = divmod(number, len(_ALL))
        made.append(_ALL[one])
    return "".join(made)
