"""The hub's own secret, and what is kept under it: credentials for other systems, encrypted at rest."""

from __future__ import annotations

import base64
import json
import os
import secrets
from pathlib import Path
from typing import Any

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from pydantic import SecretStr

from services.domain.errors import FadaError
from services.settings import Settings

_PURPOSE = b"fada destination credentials 1"


class CredentialsUnreadable(FadaError):
    """They were sealed under another secret: FADA_SECRET_KEY changed, or this process has another."""

    code, title, status = (
        "credentials_unreadable",
        "The destination's credentials cannot be read: enter them again",
        500,
    )


def with_secret(settings: Settings) -> Settings:
    """With the secret that signs tokens; where none is set, one is made and kept in FADA_HOME."""
    if settings.secret_key.get_secret_value():
        return settings
    home = settings.home.expanduser()
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    return settings.model_copy(update={"secret_key": SecretStr(_secret_in(home / "secret.key"))})


def secrets_of(settings: Settings) -> tuple[bytes, ...]:
    """The hub's secret, then those before it: what they signed, sealed and encrypted is read still."""
    given = with_secret(settings).secret_key.get_secret_value()
    return tuple(one.strip().encode() for one in given.split(",") if one.strip())


def next_secret(given: str) -> str:
    """A fresh secret before those that ``given`` holds."""
    return ",".join((secrets.token_hex(32), given))


def seal(settings: Settings, credentials: dict[str, str]) -> str:
    """Encrypted under the hub's secret; empty for none."""
    if not credentials:
        return ""
    return _cipher(settings).encrypt(json.dumps(credentials).encode()).decode()


def unseal(settings: Settings, sealed: str) -> dict[str, str]:
    """Raises CredentialsUnreadable."""
    if not sealed:
        return {}
    try:
        opened: Any = json.loads(_cipher(settings).decrypt(sealed.encode()))
    except InvalidToken as error:
        raise CredentialsUnreadable() from error
    return {str(name): str(value) for name, value in opened.items()}


def seal_again(settings: Settings, sealed: str) -> str:
    """The same under the hub's present secret. Raises CredentialsUnreadable."""
    try:
        return _cipher(settings).rotate(sealed.encode()).decode() if sealed else ""
    except InvalidToken as error:
        raise CredentialsUnreadable() from error


def _cipher(settings: Settings) -> MultiFernet:
    """Encrypts under the first secret, reads under each."""
    derived = (
        HKDF(SHA256(), 32, salt=None, info=_PURPOSE).derive(secret)
        for secret in secrets_of(settings)
    )
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derived])


def _secret_in(path: Path) -> str:
    """The secret that the file holds; made when there is none."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    fd = os.open(fresh, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_hex(32))
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(fresh, path)  # of several processes that start at once, one wins
    except FileExistsError:
        pass
    finally:
        fresh.unlink()
    return path.read_text().strip()
