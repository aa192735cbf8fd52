"""Images and networks that are paid by the byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from edge.agent import link
from edge.agent.link import LinkRules, Metered


def busctl(folder: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int = 0) -> None:
    """A system bus with a NetworkManager that says ``answer``."""
    program = folder / "busctl"
    program.write_text(f"#!/bin/sh\necho '{answer}'\nexit {code}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.mark.parametrize(
    ("answer", "code", "metered"),
    [("u 1", 0, True), ("u 3", 0, True), ("u 0", 0, False), ("u 2", 0, False), ("u 4", 0, False),
     ("", 1, False), ("nonsense", 0, False)],
)  # fmt: skip
def test_networkmanager_says_whether_it_costs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, answer: str, code: int, metered: bool
) -> None:
    busctl(tmp_path, monkeypatch, answer, code)
    assert link.network_is_metered() is metered
    assert LinkRules().costs() is metered
    assert LinkRules(metered=Metered.YES).costs()


def test_images_wait_for_wifi_or_for_tomorrow(tmp_path: Path) -> None:
    costs = LinkRules(metered=Metered.YES)
    assert costs.waits_for(10**9) == "", "no rule, no waiting"
    assert "costs nothing" in replace(costs, wait_for_wifi=True).waits_for(1)
    assert LinkRules(wait_for_wifi=True, metered=Metered.NO).waits_for(1) == ""
    budget = replace(costs, daily_mb=2)
    assert budget.waits_for(2_000_000) == ""
    spent = budget.noted(1_500_000)
    assert "tomorrow" in spent.waits_for(600_000)
    assert spent.waits_for(500_000) == ""
    assert "costs nothing" in spent.waits_for(2_000_001), "more than a day has: tomorrow is no help"
    assert replace(spent, day="2001-01-01").waits_for(2_000_000) == "", "another day"
    spent.save(tmp_path)
    assert LinkRules.load(tmp_path) == spent
    (tmp_path / "link.json").write_text("{")
    assert LinkRules.load(tmp_path) == LinkRules()
