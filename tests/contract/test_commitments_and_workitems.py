"""Storage commitment and work items, on both indexes."""

from __future__ import annotations

import pytest
from index_cases import Clock

from services.domain.commitment import Reference
from services.domain.errors import Conflict, NotFound
from services.domain.orders import workitem
from services.domain.study import Principal, Role
from services.index.port import Index

WHO = Principal("key:tests", "here", Role.SONOGRAPHER)
OBJECTS = (Reference("1.2.840.10008.5.1.4.1.1.6.1", "1.2.3"),)


def made(label: str) -> workitem.Json:
    given = {
        "00741000": {"vr": "CS", "Value": ["SCHEDULED"]},
        "00741200": {"vr": "CS", "Value": ["LOW"]},
        "00741204": {"vr": "LO", "Value": [label]},
        "00404005": {"vr": "DT", "Value": ["20260301080000"]},
        "00404041": {"vr": "CS", "Value": ["READY"]},
    }
    return workitem.created(given, "1.2.9")


def test_a_machines_question_is_kept_until_it_was_told(index: Index, clock: Clock) -> None:
    with index.begin() as tx:
        tx.commitments.ask(WHO, "US1", "2.25.1", OBJECTS)
        tx.commitments.ask(WHO, "US1", "2.25.1", OBJECTS)
        assert tx.commitments.take_due(10, 60.0) == [], "the machine may still be there"
        tx.commitments.postpone(tx.commitments.question("here", "US1", "2.25.1").id, 0.0)
    with index.begin() as tx:
        (due,) = tx.commitments.take_due(10, 60.0)
        assert due.objects == OBJECTS
        assert tx.commitments.take_due(10, 60.0) == [], "somebody else has it"
    with index.begin() as tx:
        tx.commitments.told(WHO, due.id, 1, 0)
        tx.commitments.told(WHO, due.id, 1, 0)
    with index.read() as tx:
        with pytest.raises(NotFound):
            tx.commitments.question("here", "US1", "2.25.1")
        trail = [one.action for one in tx.audit.find("here", subject=due.id)]
    assert trail == ["commitment.told"]


def test_a_question_that_nobody_can_be_told_ends(index: Index) -> None:
    with index.begin() as tx:
        tx.commitments.ask(WHO, "US2", "2.25.2", OBJECTS)
        assert tx.commitments.purge(60.0) == 0
        assert tx.commitments.purge(-1.0) == 1


def test_an_item_is_made_once_and_its_subscribers_are_told_in_order(index: Index) -> None:
    with index.begin() as tx:
        first = tx.workitems.create(WHO, made("one"), "", False)
        assert tx.workitems.create(WHO, made("one"), "", False) == first
        tx.workitems.subscribe(WHO, "A", "1.2.9")
        tx.workitems.subscribe(WHO, "B", workitem.GLOBAL)
    with index.begin() as tx, pytest.raises(Conflict):
        tx.workitems.create(WHO, made("two"), "", False)
    with index.begin() as tx:
        held = tx.workitems.lock("here", "1.2.9")
        going = workitem.moved(held.attributes, "IN PROGRESS", "2.25.5", "", tx.workitems.now())
        saved = tx.workitems.save(WHO, held, going, "2.25.5")
        assert (saved.transaction_uid, saved.performer) == ("2.25.5", WHO.subject)
        tx.workitems.save(WHO, saved, workitem.progressed(going, 40, "is read"))
    with index.read() as tx:
        for name in ("A", "B"):
            events = tx.workitems.events("here", name, 0, 10)
            kinds = [one.report["00001002"]["Value"][0] for one in events]
            assert kinds == [1, 1, 3]
            assert tx.workitems.events("here", name, events[1].seq, 10) == [events[2]]
        assert tx.workitems.events("there", "A", 0, 10) == []
        assert tx.workitems.find("there", limit=10, offset=0) == []
    with index.begin() as tx:
        assert tx.workitems.purge_events(-1.0) == 6
