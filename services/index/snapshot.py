"""The whole index as one file, of one moment, while it is in use; and back into a database."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.engine import make_url

from services.domain.errors import Conflict
from services.index.database import postgres_snapshot, sqlite_snapshot
from services.index.database.connection import connect, open_engine, utc_now
from services.index.database.migrate import migrate
from services.index.database.objects_needed import NeededObject, needed_objects
from services.index.database.tables.objects import index_identity
from services.index.sql_index import SqlIndex

__all__ = ["Head", "NeededObject", "is_used", "kind_of", "needed", "put_back", "take"]
_SQLITE, _POSTGRES = "sqlite", "postgresql"
# With a row in one of these a database belongs to a hub that somebody uses.
_SIGNS = ("studies", "patients", "cases", "api_keys", "accounts", "audit")


class OtherDatabase(Conflict):
    """The copy is of the other kind of database."""

    code, title = "other_database", "The copy is of another kind of database"


@dataclass(frozen=True, slots=True)
class Head:
    """``kind``: sqlite or postgresql. ``revision``: of its tables. ``identity``: the index's own."""

    kind: str
    revision: str
    identity: str


def kind_of(url: str) -> str:
    """sqlite or postgresql."""
    return _SQLITE if make_url(url).get_backend_name() == _SQLITE else _POSTGRES


def take(url: str, copy: Path, each: Callable[[NeededObject], None]) -> Head:
    """Write the copy, and name every object that it needs.

    Raises:
        IndexUnavailable, NotFound: there is no such database.
    """
    _ensure_identity(url)
    if kind_of(url) == _SQLITE:
        sqlite_snapshot.take(_file(url), copy)
        with sqlite_snapshot.reading(copy) as connection:
            return _told(connection, _SQLITE, each)
    with _postgres(url) as connection:
        postgres_snapshot.take(connection, copy)
        return _told(connection, _POSTGRES, each)


def needed(url: str, each: Callable[[NeededObject], None]) -> Head:
    """Name every object that the index needs, without a copy."""
    engine = open_engine(url)
    try:
        with connect(engine, read=True) as connection:
            return _told(connection, kind_of(url), each)
    finally:
        engine.dispose()


def put_back(url: str, copy: Path, head: Head) -> Path | None:
    """Make the copy the index, in its newest form. ``copy`` is used up.

    Returns the file of an SQLite index that was there before; it is kept beside.

    Raises:
        OtherDatabase: the copy is of another kind than ``url``.
    """
    if kind_of(url) != head.kind:
        raise OtherDatabase(
            f"The backup is of {head.kind}, and FADA_INDEX_URL names {kind_of(url)}."
        )
    before = None
    if head.kind == _SQLITE:
        sqlite_snapshot.check(copy)
        before = sqlite_snapshot.put_back(copy, _file(url))
    engine = open_engine(url)
    try:
        if head.kind == _SQLITE:
            migrate(engine)
        else:
            postgres_snapshot.put_back(engine, copy, head.revision)
    finally:
        engine.dispose()
    return before


def is_used(url: str) -> bool:
    """Whether there is an index that somebody has used: a study, a person, a key, an audit entry."""
    if kind_of(url) == _SQLITE and not _file(url).exists():
        return False
    engine = open_engine(url)
    try:
        with connect(engine, read=True) as connection:
            there = set(inspect(connection).get_table_names())
            return any(
                connection.execute(text(f"SELECT 1 FROM {name} LIMIT 1")).first()  # noqa: S608
                for name in _SIGNS
                if name in there
            )
    finally:
        engine.dispose()


def _told(connection: Connection, kind: str, each: Callable[[NeededObject], None]) -> Head:
    for one in needed_objects(connection):
        each(one)
    revision = connection.execute(text("SELECT version_num FROM alembic_version")).scalar_one()
    identity = connection.execute(select(index_identity.c.identity)).scalar()
    return Head(kind, str(revision), str(identity or ""))


def _ensure_identity(url: str) -> None:
    if kind_of(url) == _SQLITE and not _file(url).exists():
        return  # opening it would make an empty one
    engine = open_engine(url)
    try:
        with SqlIndex(engine, utc_now, lambda _site: (), lambda _site: 0.0).begin() as tx:
            tx.objects.identity()
    finally:
        engine.dispose()


@contextmanager
def _postgres(url: str) -> Iterator[Connection]:
    engine = open_engine(url)
    try:
        with postgres_snapshot.frozen(engine) as connection:
            yield connection
    finally:
        engine.dispose()


def _file(url: str) -> Path:
    return Path(make_url(url).database or "").expanduser().absolute()
