"""Counts in sentences."""

from __future__ import annotations

from services.domain.language.plurals import is_one


def counted(n: int, one: str, several: str = "") -> str:
    """``1 study``, ``2 studies``. ``several``: ``one`` with an s where it is not given."""
    return f"{n} {one if is_one('en', n) else several or one + 's'}"
