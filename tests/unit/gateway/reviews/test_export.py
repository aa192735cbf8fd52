"""Cells of the training set's table."""

import pytest

from gateway.reviews.export import spreadsheet_safe


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r"])
def test_a_cell_is_never_a_formula(start):
    assert spreadsheet_safe(f"{start}cmd|' /C calc'!A0") == f"'{start}cmd|' /C calc'!A0"


@pytest.mark.parametrize("value", ["head", "", "a=b", "[{}]", -3.5, 212])
def test_other_cells_stay(value):
    assert spreadsheet_safe(value) == value
