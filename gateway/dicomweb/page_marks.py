"""Pages by offset, as QIDO-RS has them, that cost the same however deep: the next goes on where one ended.

A database that is given an offset walks over all that comes before. Where a page ended is remembered here for
some minutes, by query, and the next page is asked for behind that study. What came in meanwhile stands before
it, and is counted, so that an offset means what it means without marks. Who begins far down walks once.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, replace
from datetime import datetime

from services.domain.errors import NotFound
from services.index.port import Study, StudyQuery, Transaction

_SECONDS = 300.0
_QUERIES, _MARKS = 200, 1000  # remembered at most; marks of one query
_SHALLOW = 200  # up to here walking costs nothing; a row of pages begins here


@dataclass(frozen=True, slots=True)
class Mark:
    """``study_id`` had ``place`` studies up to it, when ``newer`` ones had come since ``first``."""

    place: int
    study_id: str
    first: datetime
    newer: int
    at: float


class PageMarks:
    """Safe to share between threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[object, dict[int, Mark]] = OrderedDict()

    def find(self, tx: Transaction, site: str, query: StudyQuery) -> list[Study]:
        """As ``tx.studies.find`` does, newest first. Raises InvalidInput."""
        key = (site, tuple(sorted(query.match.items())), query.fuzzy)
        mark, shift = self._before(tx, site, query, key)
        if mark is None:
            studies = tx.studies.find(site, query)
        else:
            rest = query.offset - mark.place - shift
            studies = tx.studies.find(site, replace(query, after=mark.study_id, offset=rest))
        if studies and (mark is not None or query.offset <= _SHALLOW):
            self._note(tx, site, query, key, studies, mark)
        return studies

    def _before(
        self, tx: Transaction, site: str, query: StudyQuery, key: object
    ) -> tuple[Mark | None, int]:
        """The nearest mark before the page, and how many studies came since it was made."""
        since = time.monotonic() - _SECONDS
        with self._lock:
            marks = [one for one in self._known.get(key, {}).values() if one.at > since]
        for mark in sorted(marks, key=lambda one: -one.place):
            if mark.place <= query.offset and query.offset > _SHALLOW:
                came = self._newer(tx, site, query, mark.first) - mark.newer
                if 0 <= came <= query.offset - mark.place and self._is_there(tx, site, mark):
                    return mark, came
                break
        return None, 0

    def _note(
        self,
        tx: Transaction,
        site: str,
        query: StudyQuery,
        key: object,
        studies: list[Study],
        mark: Mark | None,
    ) -> None:
        first = mark.first if mark is not None else studies[0].received_at
        newer = self._newer(tx, site, query, first)
        places = {query.offset + len(studies): studies[-1]}
        if (
            len(studies) == query.limit and len(studies) > 1
        ):  # one more was asked for, to know of more
            places[query.offset + len(studies) - 1] = studies[-2]
        now = time.monotonic()
        with self._lock:
            marks = self._known.setdefault(key, {})
            self._known.move_to_end(key)
            for place, study in places.items():
                marks[place] = Mark(place, study.id, first, newer, now)
            while len(marks) > _MARKS:
                del marks[min(marks, key=lambda place: marks[place].at)]
            while len(self._known) > _QUERIES:
                self._known.popitem(last=False)

    @staticmethod
    def _newer(tx: Transaction, site: str, query: StudyQuery, first: datetime) -> int:
        """Those that stand at or before ``first`` in the list, at most MOST_COUNTED."""
        return tx.studies.count(site, replace(query, received_from=first, offset=0))

    @staticmethod
    def _is_there(tx: Transaction, site: str, mark: Mark) -> bool:
        try:
            return tx.studies.get(site, mark.study_id).withdrawn_at is None
        except NotFound:
            return False
