"""What people are told: that a case is there, of which kind, and where. Never of whom, and nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.domain.errors import InvalidInput
from services.domain.language.languages import LANGUAGES, catalogue

# In the order in which one counts; the last is that of a machine's result that nobody has seen.
KINDS: Final = ("urgent", "failed", "final", "preliminary")


@dataclass(frozen=True, slots=True)
class Notice:
    """``identity`` stays the same when it is sent again; ``link`` is empty for a hub that has no public
    address; ``kind`` is one of ``KINDS``."""

    identity: str
    kind: str
    link: str = ""

    def words(self, language: str) -> tuple[str, str]:
        """Title and sentence."""
        words = catalogue(language)
        return words[f"notice.{self.kind}.title"], words[f"notice.{self.kind}.sentence"]


def notice_of(identity: str, results: Iterable[str], public_url: str, study_id: str) -> Notice:
    """``results``: what the result is (``services.domain.routing.ResultKind``)."""
    kinds = set(results)
    kind = next((one for one in KINDS if one in kinds), "preliminary")
    link = f"{public_url.rstrip('/')}/study/{study_id}" if public_url else ""
    return Notice(identity, kind, link)


def language_of(text: str) -> str:
    """Raises InvalidInput: the hub has no words in it."""
    language = text or "en"
    if language not in LANGUAGES:
        raise InvalidInput(f"The language is one of {', '.join(LANGUAGES)}.")
    return language


def parse_host(address: str, default: int) -> tuple[str, int]:
    """``host`` or ``host:port``. Raises InvalidInput."""
    try:
        parts = urlsplit(f"//{address.strip()}")
        port = parts.port or default
    except ValueError as error:
        raise InvalidInput("The address is host:port.") from error
    if not parts.hostname or parts.path or parts.query or parts.fragment or "@" in address:
        raise InvalidInput("The address is host:port.")
    return parts.hostname, port
