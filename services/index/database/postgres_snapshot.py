"""A copy of a PostgreSQL index while it is in use, and the way back: COPY of every table, of one moment.

The tables' form is not copied: migrations make it, up to the revision that the copy names. So any server
from PostgreSQL 14 on takes it, under any role, and no client programs of the server's version are needed.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from alembic import command
from sqlalchemy import Connection, Engine, inspect, text

from services.domain.errors import ObjectCorrupt
from services.index.database.connection import connect
from services.index.database.migrate import LOCK, configuration, migrate, without_deadline

_TABLES = "tables.json"
_VERSION = "alembic_version"
_CHUNK = 1 << 20


@contextmanager
def frozen(engine: Engine) -> Iterator[Connection]:
    """A transaction that sees one moment, for as long as it takes."""
    with (
        engine.connect().execution_options(isolation_level="REPEATABLE READ") as connection,
        connection.begin(),
        without_deadline(connection),
    ):
        connection.execute(text("SET TRANSACTION READ ONLY"))
        for limit in ("statement_timeout", "idle_in_transaction_session_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = 0"))
        yield connection


def take(connection: Connection, copy: Path) -> None:
    """Every table's rows, as PostgreSQL's own text form, in a ZIP archive."""
    tables = {name: _columns(connection, name) for name in _in_order(connection)}
    with zipfile.ZipFile(copy, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr(_TABLES, json.dumps(tables))
        for name, columns in tables.items():
            with archive.open(f"{name}.copy", "w", force_zip64=True) as member:
                _copy_out(connection, _copy(name, columns, "TO STDOUT"), member)


def put_back(engine: Engine, copy: Path, revision: str) -> None:
    """All of it in one transaction: tables of the copy's revision, its rows, the newest form.

    What FADA's tables held before is dropped in the same transaction.
    """
    with connect(engine) as connection, without_deadline(connection):
        for limit in ("statement_timeout", "lock_timeout"):
            connection.execute(text(f"SET LOCAL {limit} = 0"))
        connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": LOCK})
        _drop(connection)
        command.upgrade(configuration(connection), revision)
        with zipfile.ZipFile(copy) as archive:
            tables: dict[str, list[str]] = json.loads(archive.read(_TABLES))
            for name in _in_order(connection):
                if name not in tables:
                    raise ObjectCorrupt(f"The copy of the index has no table {name}.")
                with archive.open(f"{name}.copy") as member:
                    _copy_in(connection, _copy(name, tables[name], "FROM STDIN"), member)
        _count_on(connection)
    migrate(engine)


def _in_order(connection: Connection) -> list[str]:
    """FADA's tables, those first that others refer to."""
    tables = inspect(connection).get_sorted_table_and_fkc_names()
    return [str(name) for name, _ in tables if name not in (None, _VERSION)]


def _columns(connection: Connection, table: str) -> list[str]:
    return [str(column["name"]) for column in inspect(connection).get_columns(table)]


def _copy(table: str, columns: list[str], way: str) -> str:
    names = ", ".join(_quoted(one) for one in columns)
    return f"COPY {_quoted(table)} ({names}) {way}"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _copy_out(connection: Connection, statement: str, member: IO[bytes]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as rows:
        for block in rows:
            member.write(block)


def _copy_in(connection: Connection, statement: str, member: IO[bytes]) -> None:
    driver: Any = connection.connection.driver_connection
    with driver.cursor() as cursor, cursor.copy(statement) as rows:
        while block := member.read(_CHUNK):
            rows.write(block)


def _drop(connection: Connection) -> None:
    names = [*_in_order(connection), _VERSION]
    connection.execute(text(f"DROP TABLE IF EXISTS {', '.join(map(_quoted, names))} CASCADE"))
    constraints = connection.execute(
        text(
            "SELECT p.proname FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace "
            r"WHERE n.nspname = current_schema() AND p.proname LIKE 'fada\_%'"
        )
    ).scalars()
    for name in constraints.all():
        connection.execute(text(f"DROP FUNCTION {_quoted(name)} CASCADE"))


def _count_on(connection: Connection) -> None:
    """Columns that the database counts go on after the highest number."""
    sequences = connection.execute(
        text(
            "SELECT table_name, column_name, pg_get_serial_sequence(quote_ident(table_name), column_name)"
            " FROM information_schema.columns WHERE table_schema = current_schema()"
            " AND pg_get_serial_sequence(quote_ident(table_name), column_name) IS NOT NULL"
        )
    ).all()
    for table, column, sequence in sequences:
        highest = f"SELECT max({_quoted(column)}) FROM {_quoted(table)}"  # noqa: S608
        connection.execute(
            text(f"SELECT setval(:sequence, coalesce(({highest}), 1), ({highest}) IS NOT NULL)"),
            {"sequence": sequence},
        )
