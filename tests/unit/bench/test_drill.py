"""The drill's table: every case is there, its tests exist, and what did not run is never held."""

from pathlib import Path

import pytest

from bench.drill.__main__ import chosen
from bench.drill.case import Seen, case
from bench.drill.pytest_run import ROOT, Outcome, _result, is_alone
from bench.drill.table import HEADING, Row, Run, page

ALL = chosen("")
ONE = next(one for one in ALL if one.number == "4")


def test_every_case_of_the_list_is_there_once():
    numbers = [one.number for one in ALL]
    assert numbers[:50] == [str(n) for n in range(1, 51)]
    assert numbers[50:] == [f"F{n}" for n in range(1, len(numbers) - 49)]


@pytest.mark.parametrize("node", sorted({node for one in ALL for node in one.tests}))
def test_its_tests_exist(node):
    file, *_, name = node.split("::")
    assert f"def {name}(" in (ROOT / file).read_text()


def test_cases_are_chosen_by_number():
    assert [one.number for one in chosen("f2, 3")] == ["3", "F2"]
    with pytest.raises(SystemExit, match="51"):
        chosen("51")


def test_a_case_without_tests_and_without_a_strike_is_refused():
    with pytest.raises(ValueError, match="99"):

        @case(99, "nothing")
        def nothing(hub):
            """99: nothing is done"""


@pytest.mark.parametrize(
    ("result", "live", "held", "word"),
    [
        (Outcome(passed=2), Seen(True, "all there"), True, "2 tests passed; all there"),
        (Outcome(passed=2), Seen(False, "one lost"), False, "NOT HELD: one lost"),
        (Outcome(passed=1, failed=["x: wrong"]), Seen(True, ""), False, "FAILED x: wrong"),
        (Outcome(skipped=["no node here"]), Seen(True, ""), False, "no node here"),
        (Outcome(), Seen(True, ""), False, "did not run"),
        (Outcome(passed=1, skipped=["x[2]: no node here"]), Seen(True, ""), False, "no node here"),
        (Outcome(passed=1), "the hub failed", False, "the hub failed"),
    ],
)
def test_what_counts_as_held(result, live, held, word):
    row = Row.of(ONE, {"tests/a.py::test_x": result}, live)
    assert row.held is held
    assert word in row.seen + row.reason


def test_parameters_belong_to_their_test():
    lines = [
        {"node": "t.py::test_a[1]", "outcome": "passed", "seconds": "1", "words": ""},
        {"node": "t.py::test_a[2]", "outcome": "skipped", "seconds": "1", "words": "none here"},
        {"node": "t.py::test_ab", "outcome": "failed", "seconds": "1", "words": "wrong"},
    ]
    result = _result("t.py::test_a", lines)
    assert (result.passed, result.failed, len(result.skipped)) == (1, [], 1)
    assert not result.held, "a parameter that was skipped is not known to hold"


def test_what_needs_a_hub_runs_in_each_combination():
    assert is_alone("tests/unit/services/test_outbox.py::test_x")
    assert not is_alone("tests/unit/workers/test_orphans.py::test_x")
    assert not is_alone("tests/integration/gateway/ingest/test_tus.py::test_x")


def test_the_page_keeps_what_people_wrote_and_runs_are_kept(tmp_path: Path):
    row = Row.of(ONE, {"tests/a.py::test_x": Outcome(passed=1)}, Seen(True, "a | b"))
    run = Run("sqlite", "redis", "SQLite, Redis 7", rows=[row])
    run.keep(tmp_path)
    run.keep(tmp_path)
    missing = Run("sqlite", "valkey", missing="no valkey server is installed here")
    missing.keep(tmp_path)
    text = page(f"# The drill\n\nWhy.\n\n{HEADING}\n\nold", Run.kept(tmp_path))
    assert text.startswith("# The drill\n\nWhy.\n\n## Runs\n")
    assert "old" not in text
    assert r"a \| b" in text
    assert "not run: no valkey server is installed here" in text
    assert missing.not_run() == {"": "no valkey server is installed here"}
