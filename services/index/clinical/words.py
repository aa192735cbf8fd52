"""SQLite's index of words (FTS5, trigrams): studies by a piece of name, number or accession.

``study_words`` holds the folded text of each study. It is filled behind the receipt, by the sweeper: a row of
``studies`` whose ``words`` is null is not in it yet, and is looked at itself. Triggers take out what was
changed or erased (migration 0031). An SQLite without FTS5's trigrams has no such table; nor has PostgreSQL,
which keeps its trigrams itself.

A trigram needs three characters. Names in Chinese or Korean have fewer: beside the text stand their
characters alone and in pairs, filled up with ``_PAD``.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    FromClause,
    Select,
    Text,
    column,
    select,
    table,
    text,
)

from services.index.clinical.matching import holds
from services.index.database.connection import Session
from services.index.database.tables import studies

TABLE = "study_words"
_PAD = "\x02"
_KNOWN: WeakKeyDictionary[Engine, bool] = WeakKeyDictionary()
_WAITING = "FROM studies INDEXED BY ix_studies_without_words WHERE words IS NULL"


def has_words(connection: Connection) -> bool:
    """Whether this database has the index of words."""
    if connection.dialect.name != "sqlite":
        return False
    known = _KNOWN.get(connection.engine)
    if known is None:
        query = text("SELECT count(*) FROM sqlite_master WHERE name = :name")
        known = bool(connection.execute(query, {"name": TABLE}).scalar_one())
        _KNOWN[connection.engine] = known
    return known


class StudyWords:
    """Reads and fills the index of words, in the caller's transaction."""

    def __init__(self, session: Session) -> None:
        self._connection, self._read = session.connection, session.read
        self._known: dict[tuple[str, ...], list[str] | None] = {}

    def find(self, site: str, words: list[str], most: int) -> list[str] | None:
        """The ids of studies that may have all ``words``; None: more than ``most``, or not to be known so.

        The caller compares the texts themselves: they may be of another site, and have the pieces of a
        word apart from each other.
        """
        if self._connection.dialect.name != "sqlite":
            return None
        key = (site, *words)
        if key not in self._known or not self._read:  # a page and its total ask for the same
            self._known[key] = self._find(site, words, most)
        return self._known[key]

    def _find(self, site: str, words: list[str], most: int) -> list[str] | None:
        if not has_words(self._connection):
            query = select(studies.c.id).where(studies.c.site == site)
            return self._ids(query.where(holds(studies.c.searched, words)), most)
        waiting = text(f"SELECT id {_WAITING} AND site = :site LIMIT :most")
        given = {"site": site, "most": most + 1}
        ids = list(self._connection.execute(waiting, given).scalars())
        filled = self._filled(words, most)
        return None if filled is None or len(ids) + len(filled) > most else ids + filled

    def _filled(self, words: list[str], most: int) -> list[str] | None:
        """By the longest word alone, which is the rarest as a rule; by all where that is not enough."""
        filled = table(TABLE, column("study_id"), column("searched", Text))
        query = select(filled.c.study_id)
        ids: list[str] | None = None
        for sought in ([max(words, key=len)], words):
            known = self.rows(sought)
            fits = known[1] if known is not None else holds(filled.c.searched, words)
            ids = self._ids(query.where(fits), most)
            if ids is not None or known is None:
                break
        return ids

    def _ids(self, query: Select[Any], most: int) -> list[str] | None:
        ids = list(self._connection.execute(query.limit(most + 1)).scalars())
        return ids if len(ids) <= most else None

    def rows(self, words: list[str]) -> tuple[FromClause, ColumnElement[bool]] | None:
        """Those of the index that ``words`` match, to be joined with studies: a table and its condition."""
        sought = match(words)
        if not sought or not has_words(self._connection):
            return None
        filled = table(TABLE, column("study_id"))
        return filled, text(f"{TABLE} MATCH :sought").bindparams(sought=sought)  # type: ignore[return-value]

    def fill(self, limit: int) -> int:
        """Take in studies that came or were changed since; how many."""
        if not self.waiting():
            return 0
        query = text(f"SELECT rowid, id, searched {_WAITING} LIMIT :limit")
        rows = self._connection.execute(query, {"limit": limit}).all()
        insert = text(
            f"INSERT INTO {TABLE} (study_id, searched, short) VALUES (:id, :searched, :short)"  # noqa: S608
        )
        note = text("UPDATE studies SET words = last_insert_rowid() WHERE id = :id")
        for row in rows:
            given = {"id": row.id, "searched": row.searched, "short": short(row.searched)}
            self._connection.execute(insert, given)
            self._connection.execute(note, {"id": row.id})
        return len(rows)

    def waiting(self) -> bool:
        """Whether there is anything to fill in."""
        if not has_words(self._connection):
            return False
        return self._connection.execute(text(f"SELECT 1 {_WAITING} LIMIT 1")).first() is not None


def match(words: Iterable[str]) -> str:
    """An FTS5 query for texts with all trigrams of all ``words``; empty where they have none."""
    pieces: dict[str, None] = {}
    for word in words:
        pieces |= dict.fromkeys(_pieces(word))
    return " AND ".join('"{}"'.format(piece.replace('"', '""')) for piece in pieces)


def _pieces(word: str) -> list[str]:
    if len(word) >= 3:
        return [word[at : at + 3] for at in range(len(word) - 2)]
    return [] if word.isascii() else [word.ljust(3, _PAD)]


def short(searched: str) -> str:
    """What is kept beside the text, so that one or two characters of a script without Latin are found."""
    pieces: dict[str, None] = {}
    for word in searched.split():
        if not word.isascii():
            pieces |= dict.fromkeys(one + 2 * _PAD for one in word)
            pieces |= dict.fromkeys(one + other + _PAD for one, other in pairwise(word))
    return " ".join(pieces)
