"""The page that leads a newcomer through the code names what is there, and no more than an hour's reading."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "docs" / "navigating.md").read_text()
STEPS = re.findall(r"^\| (\d+) \| `([^`]+)` \| (.+) \|$", PAGE, re.MULTILINE)
MOST_LINES = 6000  # that a person reads in an hour, about a hundred in a minute


def test_a_studys_way_is_read_in_an_hour():
    assert [int(number) for number, _, _ in STEPS] == list(range(1, len(STEPS) + 1))
    assert 15 <= len(STEPS) <= 25
    lines = sum(len((ROOT / file).read_text().splitlines()) for _, file, _ in STEPS)
    assert lines < MOST_LINES


def test_each_step_was_seen_on_the_traced_way():
    traced = set(re.findall(r"`([\w/.]+\.py)`", (ROOT / "docs" / "walk.md").read_text()))
    at_the_start = {"gateway/app.py", "services/index/port.py"}  # composition, and what is promised
    assert {file for _, file, _ in STEPS} - at_the_start <= traced


def test_every_file_and_folder_that_is_named_is_there():
    named = {word for word in re.findall(r"`([\w./-]+)`", PAGE) if "/" in word}
    assert len(named) > 40
    assert [path for path in sorted(named) if not (ROOT / path).exists()] == []
