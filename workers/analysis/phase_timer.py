"""The seconds of each phase of a job."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from services.telemetry import traces

_T = TypeVar("_T")
# One after the other, from the start of a job to the moment that its report bears. What comes later
# ("objects") and the model server's own phases ("model_...") stand beside them.
UNTIL_REPORT = ("load", "infer", "judge", "wait", "draw")


@dataclass(slots=True)
class PhaseTimer:
    """The ``seconds`` of each phase of a job; the same name adds up."""

    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """What is spent within is added to ``name``, and is a span of the trace."""
        started = time.perf_counter()
        try:
            with traces.span(f"pipeline.{name}"):
                yield
        finally:
            spent = time.perf_counter() - started
            self.seconds[name] = self.seconds.get(name, 0.0) + spent

    def timed(self, name: str, items: Iterator[_T]) -> Iterator[_T]:
        """The same items; what making each takes is added to ``name``."""
        while True:
            with self.phase(name):
                item = next(items, None)
            if item is None:
                return
            yield item

    def rounded(self) -> dict[str, float]:
        """Seconds to a tenth of a millisecond, as a report holds them."""
        return {name: round(value, 4) for name, value in self.seconds.items()}
