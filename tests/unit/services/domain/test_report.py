"""How sure a name is, in words for people."""

from __future__ import annotations

import pytest

from services.domain.report import named


@pytest.mark.parametrize(
    ("confidence", "said"),
    [(0.004, "head <1 %"), (0.834, "head 83 %"), (0.9999, "head >99 %"), (1.0, "head")],
)
def test_only_what_a_person_said_has_no_percentage(confidence: float, said: str) -> None:
    assert named("head", confidence) == said
