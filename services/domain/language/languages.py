"""The texts that people read, one file a language, which the pages have too (``web/shared/i18n``)."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Final

LANGUAGES: Final = ("en", "fr", "sw", "hi", "pt")
FOLDER: Final = Path(__file__).parents[3] / "web" / "shared" / "i18n"


@cache
def catalogue(language: str) -> Mapping[str, str]:
    """Every text by its key. Raises ValueError for a language that is not one of ``LANGUAGES``."""
    if language not in LANGUAGES:
        raise ValueError(f"the languages are {', '.join(LANGUAGES)}")
    return MappingProxyType(json.loads((FOLDER / f"{language}.json").read_text(encoding="utf-8")))
