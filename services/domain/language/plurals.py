"""Which form of a word a whole number takes: CLDR's plural rules of the five languages."""

from __future__ import annotations

from typing import Final

# French, Hindi and Portuguese say zero in the singular; English and Swahili do not.
_ZERO_IS_ONE: Final = frozenset({"fr", "hi", "pt"})


def is_one(language: str, n: int) -> bool:
    """Whether ``n`` (0 or more) takes the singular in ``language`` (en, fr, sw, hi, pt).

    CLDR's category ``one``; ``Intl.PluralRules`` on the pages gives the same.
    """
    return n == 1 or (n == 0 and language in _ZERO_IS_ONE)
