"""How sure a name is, in words for people."""

from __future__ import annotations

import pytest

from services.domain.report import named, whole_degrees


@pytest.mark.parametrize(
    ("confidence", "said"),
    [(0.004, "head <1 %"), (0.834, "head 83 %"), (0.9999, "head >99 %"), (1.0, "head")],
)
def test_only_what_a_person_said_has_no_percentage(confidence: float, said: str) -> None:
    assert named("head", confidence) == said


@pytest.mark.parametrize(
    ("degrees", "read"), [(12.5, "13"), (13.5, "14"), (12.4, "12"), (0.0, "0")]
)
def test_half_a_degree_is_read_upwards_as_in_a_browser(degrees: float, read: str) -> None:
    assert whole_degrees(degrees) == read
