"""Passwords: Argon2id (RFC 9106) with OWASP's parameters; few at once, for each takes 19 MiB."""

from __future__ import annotations

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from services.domain.errors import InvalidInput, Unavailable

_SHORTEST, _LONGEST = 10, 256  # characters
_AT_ONCE = threading.Semaphore(2)
_WAIT_SECONDS = 10.0
_HASHER = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODYS = _HASHER.hash("nobody has this password")


class WeakPassword(InvalidInput):
    """Too short, or one of those that are tried first."""

    code, title, status = "weak_password", "Choose a longer or less common password", 422


def hash_password(password: str, *about: str) -> str:
    """What is stored. ``about``: names of the person, which are no password.

    Raises WeakPassword, Unavailable.
    """
    folded = password.casefold()
    plain = {word.casefold() for word in about if word}
    if not _SHORTEST <= len(password) <= _LONGEST or len(set(folded)) < 5 or folded in plain:
        raise WeakPassword(
            f"A password has {_SHORTEST} characters or more, five of them different."
        )
    with _Turn():
        return _HASHER.hash(password)


def matches(password_hash: str, password: str) -> bool:
    """Whether it is the password; for somebody without one it takes as long. Raises Unavailable."""
    with _Turn():
        try:
            return _HASHER.verify(password_hash or _NOBODYS, password) and bool(password_hash)
        except (VerificationError, InvalidHashError):
            return False


class _Turn:
    def __enter__(self) -> None:
        if not _AT_ONCE.acquire(timeout=_WAIT_SECONDS):
            raise Unavailable("Many people sign in now. Try again.", retry_after=5)

    def __exit__(self, *_: object) -> None:
        _AT_ONCE.release()
