"""What a question asks for, by rules alone: its task, its structures, and the phases that answer it.

The question's text goes no further than this: no model, no log and no record sees it.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.domain.questions.words import says, table

# In this order: a question that names several is taken for the first.
_PHASES = {
    "segment": ("classify", "map", "detect", "segment"),
    "age": ("classify", "map", "detect", "segment"),
    "measure": ("classify", "map", "detect", "segment"),
    "plane": ("classify",),
    "quality": ("classify",),
    "describe": ("interpret", "classify", "map", "detect", "segment"),
    "detect": ("classify", "map", "detect"),
}

_LENGTH = ("CRL",)  # named alone, its millimetres are asked for


@dataclass(frozen=True, slots=True)
class Question:
    """``declined`` is empty, or why nothing is done: ``domain``, ``sex``. ``structures`` are keys of
    ``words.json``; ``unassessed``: it asks whether something is normal, which nothing here assesses."""

    task: str = ""
    structures: tuple[str, ...] = ()
    phases: tuple[str, ...] = ()
    declined: str = ""
    unassessed: bool = False

    @property
    def asked_labels(self) -> tuple[str, ...]:
        """What a text model is asked to find, in FADA's names."""
        named = (label for key in self.structures for label in table()["structures"][key]["asks"])
        return tuple(dict.fromkeys(named))

    @property
    def found_labels(self) -> tuple[str, ...]:
        """The labels under which a reading may hold it."""
        named = (label for key in self.structures for label in table()["structures"][key]["finds"])
        return tuple(dict.fromkeys(named))


def askable() -> tuple[str, ...]:
    """The labels under which a release that answers in words may give what it can be asked to find."""
    named = (k for e in table()["structures"].values() if e["asks"] for k in e["finds"])
    return tuple(dict.fromkeys(named))


def understand(text: str) -> Question:
    """The question in ``text``, in any of the five languages."""
    words = table()
    if says(text, words["sex"]):
        return Question(declined="sex")
    structures = _structures(text)
    unassessed = says(text, words["unassessed"])
    task = next((name for name in _PHASES if says(text, words["tasks"][name])), "")
    if task == "detect" and not structures:
        task = ""  # to find something, it must be named
    if not task and not structures:
        return Question(declined="domain")
    task = task or ("measure" if structures == _LENGTH else "detect")
    return Question(task, structures, _PHASES[task], unassessed=unassessed)


def _structures(text: str) -> tuple[str, ...]:
    """Longer names go first and are taken out: the head of a "fetal head" is not named twice."""
    structures, rest = [], text.casefold()
    named = [
        (word, key)
        for key, entry in table()["structures"].items()
        for words in entry["words"].values()
        for word in words
    ]
    for word, key in sorted(named, key=lambda one: (-len(one[0]), one[0])):
        if says(rest, {key_0: [word] for key_0 in ("en", "fr", "sw", "hi", "pt")}):
            rest = rest.replace(word.rstrip("*").casefold(), " ")
            structures.append(key)
    return tuple(key for key in table()["structures"] if key in structures)
