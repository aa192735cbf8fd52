"""The outbox's SQLite file: its tables, its transactions, and small facts beside the cases.

Facts are the hub's cursor, uploads that are under way, files that were captured.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
CREATE TABLE IF NOT EXISTS cases (
  n INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, state TEXT NOT NULL,
  urgent INTEGER NOT NULL,
  pixel_mm TEXT NOT NULL DEFAULT 'null', frozen INTEGER NOT NULL DEFAULT 0,
  version INTEGER NOT NULL DEFAULT 1,
  pictures TEXT NOT NULL, report BLOB NOT NULL DEFAULT x'', hub_version INTEGER NOT NULL DEFAULT 0,
  hub_report BLOB NOT NULL DEFAULT x'', problem TEXT NOT NULL DEFAULT '');
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""
# Added after the first release: a device's own file gets them when it is opened.
_LATER_COLUMNS = {
    "hub_state": "TEXT NOT NULL DEFAULT ''",  # what the hub's answer makes of the case, once received
    "read_attempts": "INTEGER NOT NULL DEFAULT 0",
    "study_uid": "TEXT NOT NULL DEFAULT ''",
}


class OutboxDatabase:
    """One connection, used by one thread at a time: the page answers from several."""

    def __init__(self, path: Path) -> None:
        self.lock = threading.RLock()
        self.connection = sqlite3.connect(
            path, isolation_level=None, timeout=10, check_same_thread=False
        )
        self.connection.execute("PRAGMA journal_mode = WAL")
        self.connection.execute("PRAGMA synchronous = FULL")
        self.connection.executescript(_SCHEMA)
        self._add_later_columns()

    def close(self) -> None:
        """Close the file; nothing is pending, every write was one transaction."""
        self.connection.close()

    @contextmanager
    def write(self) -> Iterator[None]:
        """One transaction: durable at the end, rolled back on any error."""
        with self.lock:
            self.connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self.connection.execute("ROLLBACK")
                raise
            self.connection.execute("COMMIT")

    def fact(self, name: str) -> str:
        """What was noted under ``name``; empty where nothing was."""
        with self.lock:
            query = self.connection.execute("SELECT value FROM facts WHERE name = ?", (name,))
            row = query.fetchone()
        return str(row[0]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        """Note ``value`` under ``name``."""
        with self.write():
            self.put_fact(name, value)

    def put_fact(self, name: str, value: str) -> None:
        """The same within a transaction of the caller."""
        self.connection.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))

    def _add_later_columns(self) -> None:
        with self.write():
            rows = self.connection.execute("PRAGMA table_info(cases)")
            present = {row[1] for row in rows}
            for name, kind in _LATER_COLUMNS.items():
                if name not in present:
                    self.connection.execute(f"ALTER TABLE cases ADD COLUMN {name} {kind}")
