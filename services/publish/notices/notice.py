"""What people are told: that a case is there, of which kind, and where. Never of whom, and nothing of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from services.domain.errors import InvalidInput

LANGUAGES: Final = ("en", "fr", "pt", "sw", "hi")
# In the order in which one counts; the last is that of a machine's result that nobody has seen.
KINDS: Final = ("urgent", "failed", "final", "preliminary")
# language → kind → title, sentence
_WORDS: Final = {
    "en": {
        "urgent": ("Urgent case", "An urgent study is ready."),
        "failed": ("Study not read", "A study could not be read."),
        "final": ("Study reviewed", "A study has been reviewed."),
        "preliminary": ("Study ready", "A study is ready for review."),
    },
    "fr": {
        "urgent": ("Cas urgent", "Une étude urgente est prête."),
        "failed": ("Étude non lue", "Une étude n’a pas pu être lue."),
        "final": ("Étude validée", "Une étude a été validée."),
        "preliminary": ("Étude prête", "Une étude est prête à être relue."),
    },
    "pt": {
        "urgent": ("Caso urgente", "Um estudo urgente está pronto."),
        "failed": ("Estudo não lido", "Um estudo não pôde ser lido."),
        "final": ("Estudo revisto", "Um estudo foi revisto."),
        "preliminary": ("Estudo pronto", "Um estudo está pronto para revisão."),
    },
    "sw": {
        "urgent": ("Kesi ya dharura", "Uchunguzi wa dharura uko tayari."),
        "failed": ("Uchunguzi haukusomwa", "Uchunguzi mmoja haukuweza kusomwa."),
        "final": ("Uchunguzi umehakikiwa", "Uchunguzi mmoja umehakikiwa."),
        "preliminary": ("Uchunguzi uko tayari", "Uchunguzi uko tayari kuhakikiwa."),
    },
    "hi": {
        "urgent": ("तत्काल मामला", "एक तत्काल जाँच तैयार है।"),
        "failed": ("जाँच पढ़ी नहीं गई", "एक जाँच पढ़ी नहीं जा सकी।"),
        "final": ("जाँच की समीक्षा हुई", "एक जाँच की समीक्षा हो गई है।"),
        "preliminary": ("जाँच तैयार है", "एक जाँच समीक्षा के लिए तैयार है।"),
    },
}


@dataclass(frozen=True, slots=True)
class Notice:
    """``identity`` stays the same when it is sent again; ``link`` is empty for a hub that has no public
    address; ``kind`` is one of ``KINDS``."""

    identity: str
    kind: str
    link: str = ""

    def words(self, language: str) -> tuple[str, str]:
        """Title and sentence."""
        return _WORDS[language][self.kind]


def notice_of(identity: str, results: Iterable[str], public_url: str, study_id: str) -> Notice:
    """``results``: what the result is (``services.domain.routing.ResultKind``)."""
    told = set(results)
    kind = next((one for one in KINDS if one in told), "preliminary")
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
