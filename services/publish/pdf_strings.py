"""The words of the printed report in five languages (``pdf.`` in each language's file). Numbers, units,
equations and names stay as they are.

A translation that is missing is an error of its file, found by a test, not an English word.
"""

from __future__ import annotations

from datetime import date

from services.domain.language.languages import catalogue
from services.domain.language.plurals import is_one

_PREFIX = "pdf."


class Words:
    """The words of one language."""

    def __init__(self, language: str) -> None:
        """Raises ValueError for a language that is not one of the five."""
        self.language = language
        self._words = catalogue(language)

    def __call__(self, key: str) -> str:
        """The text for ``key`` in this language; KeyError for a key that does not exist."""
        return self._words[_PREFIX + key]

    def counted(self, key: str, n: int, **values: object) -> str:
        """The text for ``key`` about ``n`` of something, in the singular where there is one (``key_one``)."""
        one = is_one(self.language, abs(n)) and self.knows(f"{key}_one")
        return self(f"{key}_one" if one else key).format(n=n, **values)

    def label(self, name: str) -> str:
        """A plane's or structure's name; a label that is not known stays as the release has it."""
        return self(name) if self.knows(name) else name.replace("_", " ")

    def field(self, name: str) -> str:
        """What a field of the model's text is called, as on the pages."""
        return self._words[f"field.{name}"]

    def day(self, day: date) -> str:
        """A date as readers of this language write it: 5 Jan 2026."""
        return f"{day.day} {self('months').split(', ')[day.month - 1]} {day.year}"

    def knows(self, key: str) -> bool:
        """Whether there is a text for ``key``."""
        return _PREFIX + key in self._words


def keys() -> tuple[str, ...]:
    """The keys that every language has a text for."""
    return tuple(k.removeprefix(_PREFIX) for k in catalogue("en") if k.startswith(_PREFIX))
