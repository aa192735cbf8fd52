"""The outbox: SQLite and a folder of images. A kill at any step loses no case and doubles none."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uuid_utils import uuid7

from edge.agent.case import UNSENT, Case, Picture, State
from edge.agent.vault import Vault
from services.domain.errors import Conflict, FadaError, NotFound

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
_COLUMNS = (
    "id, n, state, urgent, frozen, version, pictures, report, hub_version, hub_report, problem,"
    " pixel_mm"
)


class StorageFull(FadaError):
    """New captures are refused; the queue is kept."""

    code, title, status = "storage_full", "There is no room for a further image on this device", 507


class Outbox:
    """All cases of one device; images and reports are sealed. ``reserve`` bytes always stay free."""

    def __init__(self, folder: Path, vault: Vault, *, reserve: int = 64 * 2**20) -> None:
        self.folder = folder
        self._vault = vault
        self.reserve = reserve
        self.images = folder / "images"
        self.images.mkdir(parents=True, exist_ok=True, mode=0o700)
        # The page answers from several threads: one at a time may use the connection.
        self._one = threading.RLock()
        self._db = sqlite3.connect(
            folder / "outbox.db", isolation_level=None, timeout=10, check_same_thread=False
        )
        self._db.execute("PRAGMA journal_mode = WAL")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.executescript(_SCHEMA)

    def close(self) -> None:
        self._db.close()

    @contextmanager
    def _write(self) -> Iterator[None]:
        with self._one:
            self._db.execute("BEGIN IMMEDIATE")
            try:
                yield
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    # --- capture -------------------------------------------------------------------------------
    def capture(
        self,
        images: list[tuple[bytes, str]],
        *,
        urgent: bool = False,
        pixel_mm: tuple[float, float] | None = None,
    ) -> Case:
        """Keep new images (bytes, media type) as a case. Bytes are on disk before the row is.

        Raises:
            StorageFull: refused now is better than lost later.
        """
        need = sum(len(data) for data, _ in images)
        if shutil.disk_usage(self.folder).free - need < self.reserve:
            raise StorageFull("Send waiting cases or free some space, then take the image again.")
        with self._one:
            pictures = [self._keep(data, media_type) for data, media_type in images]
        case_id = str(uuid7())
        with self._write():
            self._db.execute(
                "INSERT INTO cases (id, state, urgent, pixel_mm, pictures) VALUES (?, ?, ?, ?, ?)",
                (
                    case_id,
                    State.CAPTURED,
                    int(urgent),
                    json.dumps(pixel_mm),
                    json.dumps([[p.sha256, p.media_type, p.size] for p in pictures]),
                ),
            )
        return self.get(case_id)

    def _keep(self, data: bytes, media_type: str) -> Picture:
        sha256 = hashlib.sha256(data).hexdigest()
        path = self.images / sha256
        if not path.exists():
            part = path.with_suffix(".part")
            with part.open("wb") as out:
                out.write(self._vault.seal(data, sha256))
                out.flush()
                os.fsync(out.fileno())
            part.replace(path)
        return Picture(sha256, media_type, len(data))

    def image(self, sha256: str) -> bytes:
        """The bytes as they were captured."""
        return self._vault.open((self.images / sha256).read_bytes(), sha256)

    def analysed(self, case_id: str, report: bytes) -> None:
        """Put the device's report. A frozen case gets a new version that will be sent again."""
        case = self.get(case_id)
        state = (
            State.ANALYSED if case.state in (State.CAPTURED, *UNSENT) or case.frozen else case.state
        )
        with self._write():
            self._db.execute(
                "UPDATE cases SET report = ?, state = ?, version = version + ?, frozen = 0 WHERE id = ?",
                (self._vault.seal(report, case_id), state, int(case.frozen), case_id),
            )

    # --- send ----------------------------------------------------------------------------------
    def waiting(self) -> list[Case]:
        """What is to be sent: urgent first, then oldest capture first."""
        return self._find("WHERE state IN (?, ?) ORDER BY urgent DESC, n", UNSENT)

    def attempt(self, case_id: str) -> Case:
        """Mark as failed **before** the attempt and freeze: a kill in between changes nothing."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET state = ?, frozen = 1 WHERE id = ? AND state IN (?, ?)",
                (State.FAILED, case_id, *UNSENT),
            )
        case = self.get(case_id)
        if case.state is not State.FAILED:
            raise Conflict("Only an analysed case can be sent.")
        return case

    def received(self, case_id: str, version: int) -> None:
        """Only on the hub's durable answer for this very version."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET state = ?, problem = '' WHERE id = ? AND version = ? AND state = ?",
                (State.RECEIVED, case_id, version, State.FAILED),
            )

    def problem(self, case_id: str, words: str) -> None:
        with self._write():
            self._db.execute("UPDATE cases SET problem = ? WHERE id = ?", (words, case_id))

    # --- back from the hub ---------------------------------------------------------------------
    def answered(self, case_id: str, hub_version: int, report: bytes, *, reviewed: bool) -> bool:
        """The hub's result or a person's review; an older one never replaces a newer one.

        True when it was new here.
        """
        state = State.REVIEWED if reviewed else State.HUB_ANALYSED
        with self._write():
            kept = self._db.execute(
                "UPDATE cases SET hub_version = ?, hub_report = ?,"
                " state = CASE WHEN state IN (?, ?, ?) THEN state ELSE ? END"
                " WHERE id = ? AND hub_version < ?",
                (
                    hub_version,
                    self._vault.seal(report, case_id),
                    State.CAPTURED,
                    *UNSENT,
                    state,
                    case_id,
                    hub_version,
                ),
            )
        return kept.rowcount > 0

    # --- look ----------------------------------------------------------------------------------
    def get(self, case_id: str) -> Case:
        found = self._find("WHERE id = ?", (case_id,))
        if not found:
            raise NotFound("There is no such case on this device.")
        return found[0]

    def all(self) -> list[Case]:
        return self._find("ORDER BY n DESC", ())

    def _find(self, where: str, values: tuple[object, ...]) -> list[Case]:
        with self._one:
            found = self._db.execute(f"SELECT {_COLUMNS} FROM cases {where}", values)  # noqa: S608
            rows = found.fetchall()
        return [
            Case(
                r[0],
                r[1],
                State(r[2]),
                bool(r[3]),
                bool(r[4]),
                r[5],
                tuple(Picture(*p) for p in json.loads(r[6])),
                self._opened(r[7], r[0]),
                tuple(json.loads(r[11])) if r[11] != "null" else None,
                r[8],
                self._opened(r[9], r[0]),
                r[10],
            )
            for r in rows
        ]

    def _opened(self, sealed: bytes, case_id: str) -> bytes:
        return self._vault.open(sealed, case_id) if sealed else b""

    # --- small facts (cursor, hub address) -----------------------------------------------------
    def fact(self, name: str) -> str:
        with self._one:
            row = self._db.execute("SELECT value FROM facts WHERE name = ?", (name,)).fetchone()
        return str(row[0]) if row else ""

    def set_fact(self, name: str, value: str) -> None:
        with self._write():
            self._db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, value))
