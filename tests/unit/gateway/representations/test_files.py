from __future__ import annotations

import pytest

from gateway.representations.files import RangeNotSatisfiable, single_range


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-9", (0, 10)),
        ("bytes=90-", (90, 10)),
        ("bytes=90-500", (90, 10)),
        ("bytes=-10", (90, 10)),
        ("bytes=-500", (0, 100)),
        ("bytes=0-1,5-6", None),
        ("bytes=-", None),
        ("items=0-1", None),
        ("bytes=" + "9" * 80, None),
        ("bytes=50-40", None),
        ("bytes=" + "0-1," * 80, None),
    ],
)
def test_one_range_or_all(header: str | None, expected: tuple[int, int] | None) -> None:
    assert single_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=-0"])
def test_bytes_that_are_not_there(header: str) -> None:
    with pytest.raises(RangeNotSatisfiable):
        single_range(header, 100)
