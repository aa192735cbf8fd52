"""Which destinations get a result: ordered rules of a site, and what a rule looks at."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum


class ResultKind(StrEnum):
    """What a result is to those who get it; it may be several at once."""

    PRELIMINARY = "preliminary"  # by the model, seen by nobody
    FINAL = "final"  # accepted or signed by a person
    URGENT = "urgent"  # of a study that somebody marked urgent
    FINDING = "finding"  # rare for the age, or against the last period
    FAILED = "failed"  # the study could not be read
    DISAGREEMENT = "disagreement"  # phone and hub read it differently


DEFAULT_KINDS = frozenset({ResultKind.PRELIMINARY, ResultKind.FINAL})


@dataclass(frozen=True, slots=True)
class DeliverySubject:
    """What is to be sent. ``origin``: how the study came in (stow, web, dimse, …); ``findings``: the
    classifications of its frames."""

    kinds: frozenset[ResultKind]
    plane: str = ""
    findings: frozenset[str] = frozenset()
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Rule:
    """Conditions, all of which must hold (an empty one always does), and where results go then.

    ``destinations`` are ids; with none, what fits the rule is sent nowhere.
    """

    results: frozenset[ResultKind] = frozenset()
    planes: frozenset[str] = frozenset()
    findings: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    destinations: tuple[str, ...] = ()

    def fits(self, subject: DeliverySubject) -> bool:
        """Whether every condition holds."""
        return (
            (not self.results or bool(self.results & subject.kinds))
            and (not self.planes or subject.plane in self.planes)
            and (not self.findings or bool(self.findings & subject.findings))
            and (not self.origins or subject.origin in self.origins)
        )


@dataclass(frozen=True, slots=True)
class Route:
    """Where a subject goes: ``rule`` counts from 1; None: by default."""

    destinations: tuple[str, ...]
    rule: int | None


def route(rules: Sequence[Rule], by_default: Iterable[str], subject: DeliverySubject) -> Route:
    """The first rule that fits decides. Without one, preliminary and final results go to the
    destinations ``by_default``, and nothing else does."""
    for number, rule in enumerate(rules, 1):
        if rule.fits(subject):
            return Route(tuple(dict.fromkeys(rule.destinations)), number)
    if subject.kinds & DEFAULT_KINDS:
        return Route(tuple(by_default), None)
    return Route((), None)
