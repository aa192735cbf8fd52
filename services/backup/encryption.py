"""Files of a backup, encrypted for age's recipients (age-encryption.org/v1), or as they are."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from services.domain.errors import InvalidInput, ObjectCorrupt

Key = Any  # of pyrage, which has no types


class WrongIdentity(InvalidInput):
    """The backup is encrypted, and not for the identity that was given."""

    code, title = "wrong_identity", "The backup cannot be decrypted with this"


@dataclass(frozen=True, slots=True)
class Encryption:
    """``recipients`` encrypt, ``identities`` decrypt; a machine that backs up needs no identity."""

    recipients: tuple[Key, ...] = ()
    identities: tuple[Key, ...] = ()

    @classmethod
    def to(cls, recipients: Sequence[str]) -> Encryption:
        """For recipients in age's form, ``age1…``. Raises InvalidInput."""
        if not recipients:
            return cls()
        pyrage = _pyrage()
        try:
            return cls(
                recipients=tuple(pyrage.x25519.Recipient.from_str(one) for one in recipients)
            )
        except pyrage.RecipientError as error:
            raise InvalidInput("A recipient has age's form: age1…") from error

    @classmethod
    def of(cls, identity: Path) -> Encryption:
        """With the identities in a file of ``age-keygen``. Raises InvalidInput."""
        pyrage = _pyrage()
        lines = [one.strip() for one in identity.read_text("utf-8").splitlines()]
        try:
            keys = [pyrage.x25519.Identity.from_str(one) for one in lines if one and one[0] != "#"]
        except pyrage.IdentityError as error:
            raise InvalidInput("This file holds no identity of age (AGE-SECRET-KEY-1…).") from error
        return cls(identities=tuple(keys))

    def write(self, source: IO[bytes], target: IO[bytes]) -> None:
        """Copy ``source`` to ``target``, encrypted where there are recipients."""
        if self.recipients:
            _pyrage().encrypt_io(source, target, list(self.recipients))
        else:
            shutil.copyfileobj(source, target, 1 << 20)

    def read(self, source: IO[bytes], target: IO[bytes], *, encrypted: bool) -> None:
        """Copy ``source`` to ``target``, decrypted.

        Raises:
            WrongIdentity: none was given, or another one than it is encrypted for.
            ObjectCorrupt: the bytes were changed.
        """
        if not encrypted:
            shutil.copyfileobj(source, target, 1 << 20)
            return
        if not self.identities:
            raise WrongIdentity(
                "This backup is encrypted. Name the file of the identity that opens it."
            )
        pyrage = _pyrage()
        try:
            pyrage.decrypt_io(source, target, list(self.identities))
        except pyrage.DecryptError as error:
            if "No matching keys" in str(error):
                raise WrongIdentity("This backup is encrypted for another identity.") from error
            raise ObjectCorrupt("An encrypted file of the backup was changed.") from error
        except OSError as error:
            raise ObjectCorrupt("An encrypted file of the backup is damaged.") from error


def new_identity() -> tuple[str, str]:
    """A fresh pair: (content of an identity file, its recipient)."""
    identity = _pyrage().x25519.Identity.generate()
    recipient = str(identity.to_public())
    return f"# public key: {recipient}\n{identity}\n", recipient


def _pyrage() -> Any:
    """Loaded when something is encrypted: most commands do without."""
    import pyrage

    return pyrage


class Pieces:
    """Chunks as a file to read from; ``note`` sees each."""

    def __init__(self, chunks: Any, note: Callable[[bytes], object] = lambda _chunk: None) -> None:
        self._chunks, self._note, self._left = iter(chunks), note, b""

    def read(self, size: int = -1) -> bytes:
        """Up to ``size`` bytes; all with -1; none at the end."""
        while size < 0 or len(self._left) < size:
            chunk = next(self._chunks, b"")
            if not chunk:
                break
            self._note(chunk)
            self._left += chunk
        cut = len(self._left) if size < 0 else size
        given, self._left = self._left[:cut], self._left[cut:]
        return given
