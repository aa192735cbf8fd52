"""Pages by offset are those of a plain list, however deep, and also while studies come and go."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from index_cases import ANNA, Clock, migrated, patient, send

from gateway.dicomweb.page_marks import PageMarks
from services.domain.errors import InvalidInput
from services.index import open_index
from services.index.port import Index, StudyQuery

LIMIT = 25


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def index(tmp_path: Path, clock: Clock) -> Iterator[Index]:
    url = f"sqlite:///{tmp_path}/index.db"
    migrated(url).close()
    opened = open_index(url, clock=clock)
    add(opened, clock, range(400))
    yield opened
    opened.close()


def add(index: Index, clock: Clock, numbers: range) -> None:
    with index.begin() as tx:
        for number in numbers:
            clock.pass_(1)
            send(tx, f"1.{number + 1}", [], attributes=patient(pid=f"P{number}"))


def page(index: Index, offset: int, marks: PageMarks | None = None) -> list[str]:
    query = StudyQuery(limit=LIMIT, offset=offset)
    with index.read() as tx:
        studies = marks.find(tx, "north", query) if marks else tx.studies.find("north", query)
    return [study.study_uid for study in studies]


def test_pages_are_those_of_a_plain_list(index: Index) -> None:
    marks = PageMarks()
    for offset in range(0, 450, LIMIT - 1):  # a page is asked for with one study of the next
        assert page(index, offset, marks) == page(index, offset)


def test_no_row_before_a_page_is_walked_over(index: Index, monkeypatch: pytest.MonkeyPatch) -> None:
    marks, asked = PageMarks(), []
    with index.read() as tx:
        table = type(tx.studies)
    whole = table.find

    def find(self: object, site: str, query: StudyQuery) -> object:
        asked.append(query)
        return whole(self, site, query)  # type: ignore[arg-type]

    monkeypatch.setattr(table, "find", find)
    for offset in range(0, 400, LIMIT):
        page(index, offset, marks)
    assert [one.offset for one in asked if one.after is not None] == [0] * 7
    assert max(one.offset for one in asked) == 200


def test_what_came_meanwhile_is_counted(index: Index, clock: Clock) -> None:
    marks = PageMarks()
    for offset in range(0, 300, LIMIT):
        page(index, offset, marks)
    add(index, clock, range(400, 410))
    for offset in (300, 310, 325):
        assert page(index, offset, marks) == page(index, offset)


def test_a_mark_that_left_the_list_is_not_used(index: Index) -> None:
    marks = PageMarks()
    for offset in range(0, 300, LIMIT):
        page(index, offset, marks)
    last = page(index, 299)[0]
    with index.begin() as tx:
        gone = tx.studies.by_uid("north", last)
        tx.studies.withdraw(ANNA, gone.id, "another's")
    assert page(index, 300, marks) == page(index, 300)


def test_a_query_that_is_refused_is_refused(index: Index) -> None:
    query = replace(StudyQuery(), match={"PatientAddress": "x"})
    with index.read() as tx, pytest.raises(InvalidInput):
        PageMarks().find(tx, "north", query)
