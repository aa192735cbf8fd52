"""The Unified Procedure Step: what a new item needs, its states, and what its end needs (PS3.4 CC)."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from services.domain.errors import InvalidInput
from services.domain.orders import workitem
from services.domain.orders.workitem import (
    AlreadySo,
    NotFinished,
    NotInState,
    WorkitemState,
    WrongTransaction,
)

NOW = datetime(2026, 3, 1, 8, 30, tzinfo=UTC)
SCHEDULED: dict[str, Any] = {
    "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
    "00741200": {"vr": "CS", "Value": ["MEDIUM"]},
    "00741204": {"vr": "LO", "Value": ["Read the study"]},
    "00404005": {"vr": "DT", "Value": ["20260301080000"]},
    "00404041": {"vr": "CS", "Value": ["READY"]},
}
DONE: dict[str, Any] = {
    "00404028": {"vr": "SQ", "Value": [workitem.code("X", "99T", "A station")]},
    "00404019": {"vr": "SQ", "Value": [workitem.code("110004", "DCM", "CAD")]},
    "00404050": {"vr": "DT", "Value": ["20260301080100"]},
    "00404051": {"vr": "DT", "Value": ["20260301080200"]},
    "00404033": {"vr": "SQ"},
}


def claimed() -> workitem.Json:
    return workitem.moved(workitem.created(SCHEDULED, "1.2.3"), "IN PROGRESS", "2.25.7", "", NOW)


@pytest.mark.parametrize("tag", sorted(SCHEDULED))
def test_a_new_item_needs_what_is_of_type_one(tag: str) -> None:
    with pytest.raises(InvalidInput):
        workitem.created({k: v for k, v in SCHEDULED.items() if k != tag}, "1.2.3")


@pytest.mark.parametrize(
    ("tag", "entry"),
    [
        ("00741000", {"vr": "CS", "Value": ["IN PROGRESS"]}),
        ("00741200", {"vr": "CS", "Value": ["STAT"]}),
        ("00404041", {"vr": "CS", "Value": ["PERHAPS"]}),
        ("00081195", {"vr": "UI", "Value": ["2.25.1"]}),
        ("00741216", {"vr": "SQ", "Value": [DONE]}),
        ("00741002", {"vr": "SQ", "Value": [{}]}),
        ("00080018", {"vr": "UI", "Value": ["9.9"]}),
        ("00420011", {"vr": "OB", "InlineBinary": "AAAA"}),
        ("bad", {"vr": "CS"}),
        ("00400400", "text"),
    ],
)
def test_a_new_item_says_nothing_that_it_cannot(tag: str, entry: Any) -> None:
    with pytest.raises(InvalidInput):
        workitem.created({**SCHEDULED, tag: entry}, "1.2.3")


def test_what_may_be_empty_is_there_afterwards() -> None:
    made = workitem.created(SCHEDULED, "1.2.3")
    for tag in ("00081195", "00404021", "00404018", "00741216", "00741002", "00100020"):
        assert "Value" not in made[tag]
    assert made["00080018"]["Value"] == ["1.2.3"]
    assert made["00080016"]["Value"] == ["1.2.840.10008.5.1.4.34.6.1"]


def test_the_states_follow_the_standard() -> None:
    item = workitem.created(SCHEDULED, "1.2.3")
    for wanted in ("COMPLETED", "CANCELED", "SCHEDULED"):
        with pytest.raises(NotInState):
            workitem.moved(item, wanted, "2.25.7", "", NOW)
    with pytest.raises(InvalidInput):
        workitem.moved(item, "IN PROGRESS", "", "", NOW)
    with pytest.raises(InvalidInput):
        workitem.moved(item, "DONE", "2.25.7", "", NOW)
    going = claimed()
    with pytest.raises(NotInState):
        workitem.moved(going, "IN PROGRESS", "2.25.7", "2.25.7", NOW)
    with pytest.raises(WrongTransaction):
        workitem.moved(going, "CANCELED", "2.25.8", "2.25.7", NOW)
    ended = workitem.moved(going, "CANCELED", "2.25.7", "2.25.7", NOW)
    assert workitem.state_of(ended) is WorkitemState.CANCELED
    (progress,) = ended["00741002"]["Value"]
    assert progress["00404052"]["Value"] == ["20260301083000+0000"]
    assert progress["0074100E"]["Value"]
    with pytest.raises(AlreadySo):
        workitem.moved(ended, "CANCELED", "2.25.7", "2.25.7", NOW)
    with pytest.raises(NotInState):
        workitem.moved(ended, "COMPLETED", "2.25.7", "2.25.7", NOW)


@pytest.mark.parametrize("missing", sorted(DONE))
def test_completed_needs_what_was_performed(missing: str) -> None:
    part = {tag: entry for tag, entry in DONE.items() if tag != missing}
    item = {**claimed(), "00741216": {"vr": "SQ", "Value": [part]}}
    with pytest.raises(NotFinished):
        workitem.moved(item, "COMPLETED", "2.25.7", "2.25.7", NOW)
    whole = {**claimed(), "00741216": {"vr": "SQ", "Value": [DONE]}}
    ended = workitem.moved(whole, "COMPLETED", "2.25.7", "2.25.7", NOW)
    assert workitem.state_of(ended) is WorkitemState.COMPLETED


def test_an_update_is_of_who_claimed_it_and_changes_no_identity() -> None:
    going = claimed()
    words = {"00741204": {"vr": "LO", "Value": ["Other words"]}}
    with pytest.raises(WrongTransaction):
        workitem.updated(going, words, "", "2.25.7")
    assert workitem.updated(going, words, "2.25.7", "2.25.7")["00741204"] == words["00741204"]
    for tag, vr, value in (("00100020", "LO", "X"), ("00741000", "CS", "COMPLETED")):
        with pytest.raises(InvalidInput):
            workitem.updated(going, {tag: {"vr": vr, "Value": [value]}}, "2.25.7", "2.25.7")
    ended = workitem.cancelled(going, NOW)
    with pytest.raises(NotInState):
        workitem.updated(ended, words, "2.25.7", "2.25.7")
