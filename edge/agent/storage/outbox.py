"""The outbox: SQLite and a folder of images. A kill at any step loses no case and doubles none.

Every state has a way on: what is captured is read at the next start, what is read is sent, what was
being sent is sent again, and the hub's answer is kept even when it comes before its receipt.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from uuid_utils import uuid7

from edge.agent.case import UNSENT, CapturedCase, CapturedImage, CaseState
from edge.agent.storage.image_folder import ImageFolder
from edge.agent.storage.outbox_database import OutboxDatabase
from edge.agent.storage.vault import Vault
from services.domain.errors import Conflict, NotFound

_COLUMNS = (
    "id, n, state, urgent, frozen, version, pictures, report, pixel_mm, hub_version, hub_report,"
    " problem, study_uid"
)


class CaseOutbox:
    """All cases of one device; images and reports are sealed. ``reserve`` bytes always stay free."""

    def __init__(self, folder: Path, vault: Vault, *, reserve: int = 64 * 2**20) -> None:
        self.folder = folder
        self.vault = self._vault = vault
        self.images = ImageFolder(folder / "images", vault, reserve)
        self._database = OutboxDatabase(folder / "outbox.db")
        self._db, self._lock = self._database.connection, self._database.lock
        self._write = self._database.write
        self.fact, self.set_fact = self._database.fact, self._database.set_fact
        self.images.remove_orphans(self._named_images)

    def close(self) -> None:
        """Close the database; nothing is pending, every method was one transaction."""
        self._database.close()

    def _named_images(self) -> set[str]:
        rows = self._db.execute("SELECT pictures FROM cases").fetchall()
        return {image[0] for (listed,) in rows for image in json.loads(listed)}

    # --- capture -------------------------------------------------------------------------------
    def capture(
        self,
        images: list[tuple[bytes, str]],
        *,
        urgent: bool = False,
        pixel_mm: tuple[float, float] | None = None,
        study_uid: str = "",
        source: str = "",
    ) -> CapturedCase:
        """Keep new images (bytes, media type) as a case. Bytes are on disk before the row is.

        ``source`` names the file that they come from (see ``has_captured``); it is kept with the row,
        in one transaction, so that no kill makes two cases of one file.

        Raises:
            StorageFull: refused now is better than lost later.
        """
        with self._lock:
            kept = self.images.keep(images)
        case_id = str(uuid7())
        listed = json.dumps([[i.sha256, i.media_type, i.size] for i in kept])
        values = (case_id, CaseState.CAPTURED, int(urgent), json.dumps(pixel_mm), listed, study_uid)
        with self._write():
            self._db.execute(
                "INSERT INTO cases (id, state, urgent, pixel_mm, pictures, study_uid)"
                " VALUES (?, ?, ?, ?, ?, ?)",
                values,
            )
            if source:
                self._database.put_fact(f"seen:{source}", "1")
        return self.get(case_id)

    def has_captured(self, source: str) -> bool:
        """Whether a case was made of this file."""
        return bool(self.fact(f"seen:{source}"))

    def image(self, sha256: str) -> bytes:
        """The bytes as they were captured.

        Raises:
            InvalidInput: the file is gone or was changed.
        """
        return self.images.read(sha256)

    # --- read ----------------------------------------------------------------------------------
    def captured(self) -> list[CapturedCase]:
        """What is to be read on this device: urgent first, then oldest capture first."""
        return self._find("WHERE state = ? ORDER BY urgent DESC, n", (CaseState.CAPTURED,))

    @contextmanager
    def reading(self) -> Iterator[None]:
        """One reader of this device's cases at a time, in whichever thread or program; others wait.

        The lock is the kernel's: it ends with the process that held it.
        """
        descriptor = os.open(self.folder / "reading.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)

    def start_reading(self, case_id: str) -> int:
        """Count an attempt **before** it is made; the count. A case that kills its reader is noticed."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET read_attempts = read_attempts + 1 WHERE id = ?", (case_id,)
            )
            row = self._db.execute(
                "SELECT read_attempts FROM cases WHERE id = ?", (case_id,)
            ).fetchone()
        return int(row[0]) if row else 0

    def interrupt_reading(self, case_id: str) -> None:
        """A person ended the attempt: it does not count."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET read_attempts = max(read_attempts - 1, 0) WHERE id = ?",
                (case_id,),
            )

    def first_report(self, case_id: str, report: bytes) -> bool:
        """Put the report of a case that was captured; False when another process was quicker."""
        with self._write():
            done = self._db.execute(
                "UPDATE cases SET report = ?, state = ?, problem = '' WHERE id = ? AND state = ?",
                (
                    self._vault.seal(report, case_id),
                    CaseState.ANALYSED,
                    case_id,
                    CaseState.CAPTURED,
                ),
            )
        return done.rowcount > 0

    def give_up_reading(self, case_id: str, problem: str) -> None:
        """This device cannot read the case: it goes to the hub without a report."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET state = ?, problem = ? WHERE id = ? AND state = ?",
                (CaseState.UNREAD, problem, case_id, CaseState.CAPTURED),
            )

    def analysed(self, case_id: str, report: bytes) -> None:
        """Put the device's report, a correction too. A frozen case gets a new version, sent again."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET report = ?, version = version + frozen, frozen = 0, problem = '',"
                " hub_state = CASE WHEN frozen AND hub_state = ? THEN ? ELSE hub_state END,"
                " state = ? WHERE id = ?",
                (
                    self._vault.seal(report, case_id),
                    CaseState.REVIEWED,  # the review was of the version before
                    CaseState.HUB_ANALYSED,
                    CaseState.ANALYSED,
                    case_id,
                ),
            )

    # --- send ----------------------------------------------------------------------------------
    def waiting(self) -> list[CapturedCase]:
        """What is to be sent: urgent first, then oldest capture first."""
        return self._find("WHERE state IN (?, ?, ?) ORDER BY urgent DESC, n", UNSENT)

    def attempt(self, case_id: str) -> CapturedCase:
        """Mark as failed **before** the attempt and freeze: a kill in between changes nothing.

        Raises:
            Conflict: the case is not one that waits to be sent.
        """
        with self._write():
            self._db.execute(
                "UPDATE cases SET state = ?, frozen = 1 WHERE id = ? AND state IN (?, ?, ?)",
                (CaseState.FAILED, case_id, *UNSENT),
            )
        case = self.get(case_id)
        if case.state is not CaseState.FAILED:
            raise Conflict("Only an analysed case can be sent.")
        return case

    def received(self, case_id: str, version: int) -> None:
        """Only on the hub's durable answer for this very version. A result of the hub that came
        before it counts now."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET state = CASE WHEN hub_state = '' THEN ? ELSE hub_state END,"
                " problem = '' WHERE id = ? AND version = ? AND state = ?",
                (CaseState.RECEIVED, case_id, version, CaseState.FAILED),
            )

    def next_version(self, case_id: str, version: int) -> None:
        """The hub has other bytes under ``version`` (this device's folder was put back): the case goes
        out under the next number."""
        with self._write():
            self._db.execute(
                "UPDATE cases SET version = version + 1 WHERE id = ? AND version = ? AND state = ?",
                (case_id, version, CaseState.FAILED),
            )

    def problem(self, case_id: str, words: str) -> None:
        """Note what stands in the way, for the user."""
        with self._write():
            self._db.execute("UPDATE cases SET problem = ? WHERE id = ?", (words, case_id))

    # --- back from the hub ---------------------------------------------------------------------
    def answered(self, case_id: str, hub_version: int, report: bytes, *, reviewed: bool) -> bool:
        """The hub's result or a person's review; an older one never replaces a newer one.

        True when it was new here.
        """
        state = CaseState.REVIEWED if reviewed else CaseState.HUB_ANALYSED
        with self._write():
            kept = self._db.execute(
                "UPDATE cases SET hub_version = ?, hub_report = ?, hub_state = ?,"
                " state = CASE WHEN state IN (?, ?, ?, ?) THEN state ELSE ? END"
                " WHERE id = ? AND hub_version < ?",
                (
                    hub_version,
                    self._vault.seal(report, case_id),
                    state,
                    CaseState.CAPTURED,
                    *UNSENT,
                    state,
                    case_id,
                    hub_version,
                ),
            )
        return kept.rowcount > 0

    def forget(self, case_id: str) -> None:
        """Erase a case that was erased at the hub, with the images that no other case has. Again: nothing.

        That its source was captured stays known, so that it is not captured anew.
        """
        with self._lock:
            cases = self._find("WHERE id = ?", (case_id,))
            with self._write():
                self._db.execute("DELETE FROM cases WHERE id = ?", (case_id,))
                for kind in ("missing", "upload"):
                    self._db.execute(
                        "DELETE FROM facts WHERE name LIKE ?", (f"{kind}:{case_id}:%",)
                    )
            self.images.remove(
                {one.sha256 for case in cases for one in case.images} - self._named_images()
            )

    # --- look ----------------------------------------------------------------------------------
    def get(self, case_id: str) -> CapturedCase:
        """One case.

        Raises:
            NotFound: this device has no such case.
        """
        cases = self._find("WHERE id = ?", (case_id,))
        if not cases:
            raise NotFound("There is no such case on this device.")
        return cases[0]

    def all(self) -> list[CapturedCase]:
        """All cases, the newest first."""
        return self._find("ORDER BY n DESC", ())

    def _find(self, where: str, values: tuple[object, ...]) -> list[CapturedCase]:
        with self._lock:
            query = self._db.execute(f"SELECT {_COLUMNS} FROM cases {where}", values)  # noqa: S608
            rows = query.fetchall()
        return [self._case(*row) for row in rows]

    def _case(
        self,
        case_id: str,
        order: int,
        state: str,
        urgent: int,
        frozen: int,
        version: int,
        images: str,
        report: bytes,
        pixel_mm: str,
        hub_version: int,
        hub_report: bytes,
        problem: str,
        study_uid: str,
    ) -> CapturedCase:
        size = json.loads(pixel_mm)
        return CapturedCase(
            id=case_id,
            order=order,
            state=CaseState(state),
            urgent=bool(urgent),
            frozen=bool(frozen),
            version=version,
            images=tuple(CapturedImage(*image) for image in json.loads(images)),
            report=self._opened(report, case_id),
            pixel_mm=tuple(size) if size else None,
            hub_version=hub_version,
            hub_report=self._opened(hub_report, case_id),
            problem=problem,
            study_uid=study_uid,
        )

    def _opened(self, sealed: bytes, case_id: str) -> bytes:
        return self._vault.open(sealed, case_id) if sealed else b""
