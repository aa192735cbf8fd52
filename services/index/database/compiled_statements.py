"""Statements of the way in, compiled once for each database and then run by the driver alone.

Building, looking up and binding a statement, and wrapping what comes back, costs the library several
times what SQLite needs to run it; every object that comes in runs seven.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection, Dialect, Insert
from sqlalchemy.exc import DBAPIError
from sqlalchemy.sql.expression import UpdateBase

_Bind = tuple[str, Callable[[Any], Any] | None]


class Prepared:
    """Runs with the same names of values each time. What it returns are the driver's own types."""

    def __init__(self, build: Callable[[str], UpdateBase]) -> None:
        """``build`` makes the statement for a dialect of this name."""
        self._build = build
        self._made: dict[str, tuple[str, bool, list[_Bind]]] = {}

    def run(self, connection: Connection, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The first row that it returns, if it returns any. Raises what the connection does."""
        dialect = connection.dialect
        made = self._made.get(dialect.name)
        if made is None:
            made = self._made[dialect.name] = self._compile(dialect, list(values))
        text, positional, binds = made
        bound = [to(values[name]) if to else values[name] for name, to in binds]
        given = bound if positional else dict(zip((name for name, _ in binds), bound, strict=True))
        driver: Any = connection.connection.dbapi_connection
        fault = dialect.dbapi.Error  # type: ignore[union-attr]
        try:
            done = driver.execute(text, given)
            row: tuple[Any, ...] | None = done.fetchone() if done.description else None
        except fault as error:
            raise DBAPIError.instance(
                text, None, error, fault, hide_parameters=True, dialect=dialect
            ) from error
        return row

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
