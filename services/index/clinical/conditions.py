"""A query of the worklist or of QIDO-RS as conditions on studies, and the order of its list."""

from __future__ import annotations

import json
from datetime import UTC, datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Text, and_, case, cast, func, or_, select, true

from services.index.clinical import matching
from services.index.database import tables
from services.index.port import StudyQuery


def sort_key(order: ColumnElement[Any], *, narrow: bool) -> ColumnElement[Any]:
    """What a list is ordered by. SQLite, which counts no rows, would walk along the order of a list to find
    the few that match: ``narrow``."""
    return case((true(), order)) if narrow else order


def conditions_of(
    site: str, query: StudyQuery, ids: list[str] | None = None
) -> list[ColumnElement[bool]]:
    """What a study must fulfil. ``ids``: of the only studies that come into question, on SQLite. It would
    look at the whole site rather than for each of them, were the site compared as an index can answer.
    """
    columns = tables.studies.c
    of_site = [columns.site == site]
    if ids is not None:
        each = func.json_each(json.dumps(ids)).table_valued("value")
        of_site = [columns.id.in_(select(each.c.value)), (columns.site + "") == site]
    withdrawn = (
        columns.withdrawn_at.is_not(None) if query.withdrawn else columns.withdrawn_at.is_(None)
    )
    conditions: list[ColumnElement[bool]] = [*of_site, withdrawn]
    if query.study_uid is not None:
        conditions.append(columns.study_uid == query.study_uid)
    for keyword, pattern in query.match.items():
        condition = matching.attribute(keyword, pattern, fuzzy=query.fuzzy)
        if condition is not None:
            conditions.append(condition)
    if query.states:
        conditions.append(columns.state.in_([state.value for state in query.states]))
    if query.urgent is not None:
        conditions.append(columns.urgent.is_(query.urgent))
    if query.plane is not None:
        conditions.append(columns.plane == query.plane)
    if query.reason is not None:  # JSON: the quotes make it the whole word
        named = cast(columns.reasons, Text).contains(f'"{query.reason}"', autoescape=True)
        conditions.append(named)
    if query.received_from is not None:
        conditions.append(columns.received_at >= query.received_from)
    if query.received_to is not None:
        conditions.append(columns.received_at <= query.received_to)
    conditions += _days(query)
    if query.text.strip():
        conditions.append(matching.free_text(query.text))
    return conditions


def _days(query: StudyQuery) -> list[ColumnElement[bool]]:
    """By the day of the examination; where the header has none, by the day of receipt (UTC)."""
    columns, conditions = tables.studies.c, []
    if query.day_from is not None:
        at = datetime.combine(query.day_from, time.min, UTC)
        undated = and_(columns.study_date == "", columns.received_at >= at)
        conditions.append(or_(columns.study_date >= f"{query.day_from:%Y%m%d}", undated))
    if query.day_to is not None:
        end = datetime.combine(query.day_to + timedelta(days=1), time.min, UTC)
        undated = and_(columns.study_date == "", columns.received_at < end)
        dated = and_(columns.study_date != "", columns.study_date <= f"{query.day_to:%Y%m%d}")
        conditions.append(or_(dated, undated))
    return conditions
