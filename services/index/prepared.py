"""Statements of the way in, compiled once for each database and then run by the driver.

Building, looking up and binding a statement costs the library several times what SQLite needs to run
it; every object that comes in runs eight.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, CursorResult, Dialect, Insert
from sqlalchemy.sql.expression import UpdateBase

_Bind = tuple[str, Callable[[Any], Any] | None]


class Prepared:
    """Runs with the same names of values each time. What it returns are the driver's own types."""

    def __init__(self, build: Callable[[str], UpdateBase]) -> None:
        """``build`` makes the statement for a dialect of this name."""
        self._build = build
        self._made: dict[str, tuple[str, bool, list[_Bind]]] = {}

    def run(self, connection: Connection, values: dict[str, Any]) -> CursorResult[Any]:
        """Raises what the connection does."""
        dialect = connection.dialect
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = self._compile(dialect, list(values))
        text, positional, binds = made
        bound = [(name, to(values[name]) if to else values[name]) for name, to in binds]
        if positional:
            return connection.exec_driver_sql(text, tuple(value for _, value in bound))
        return connection.exec_driver_sql(text, dict(bound))

    def _compile(self, dialect: Dialect, names: list[str]) -> tuple[str, bool, list[_Bind]]:
        statement = self._build(dialect.name)
        keys = names if isinstance(statement, Insert) else None
        compiled: Any = statement.compile(dialect=dialect, column_keys=keys)
        order = compiled.positiontup if compiled.positional else list(compiled.binds)
        binds = [
            (name, compiled.binds[name].type.dialect_impl(dialect).bind_processor(dialect))
            for name in order
        ]
        return str(compiled), bool(compiled.positional), binds
