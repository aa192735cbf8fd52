"""Follow the folder in which an ultrasound machine leaves its images: each file becomes a case, once."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.agent.analysis import capture_files
from edge.agent.storage.image_folder import StorageFull
from edge.agent.storage.outbox import CaseOutbox
from services.domain.dicom.file_kind import kind_of
from services.domain.errors import FadaError, InvalidInput

SUFFIXES = (
    ".png",
    ".jpg",
    ".jpeg",
    ".mp4",
    ".mov",
    ".dcm",
    "",
)  # probes give their DICOM files no ending
_FIRST_WAIT, _LONGEST_WAIT = 5.0, 600.0  # s between two tries of a file that is refused
Notify = Callable[[str], None]


@dataclass(slots=True)
class _Refusal:
    """A file that was refused as it is: tried again after a while, for what stood in the way may end."""

    mark: str
    reason: str
    wait: float
    until: float


class FolderWatch:
    """Looks again and again; what it has captured is noted in the outbox and outlives it."""

    def __init__(
        self,
        folder: Path,
        outbox: CaseOutbox,
        notify: Notify,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.folder, self._outbox, self._notify, self._clock = folder, outbox, notify, clock
        self._sizes: dict[Path, int] = {}
        self._refusals: dict[Path, _Refusal] = {}
        self._trouble = ""

    def look(self) -> int:
        """Capture what is new and whole; the number of cases made. A refusal is said once."""
        count = 0
        try:
            paths = sorted(p for p in self.folder.iterdir() if _is_image(p))
        except OSError as error:  # a stick that was pulled out: it may come back
            self._say(f"{self.folder} cannot be read: {error.strerror}. It will be tried again.")
            return 0
        try:
            for path in paths:
                count += self._take(path)
        except StorageFull as error:
            self._say(f"{error.title}. {error.detail}")
            return count
        self._trouble = ""
        return count

    def _say(self, trouble: str) -> None:
        if trouble != self._trouble:
            self._notify(trouble)
        self._trouble = trouble

    def _take(self, path: Path) -> bool:
        try:
            status = path.stat()
        except OSError:
            return False  # it went away between two looks
        mark = f"{path.name}:{status.st_size}:{status.st_mtime_ns}"
        if self._outbox.has_captured(mark) or self._waits(path, mark):
            return False
        if self._sizes.get(path) != status.st_size:
            self._sizes[path] = status.st_size  # it may still grow: it is looked at again next time
            return False
        try:
            capture_files(self._outbox, [path], source=mark)
        except StorageFull:
            raise
        except FadaError as error:
            self._refuse(path, mark, error)
            return False
        self._refusals.pop(path, None)
        return True

    def _waits(self, path: Path, mark: str) -> bool:
        refusal = self._refusals.get(path)
        return refusal is not None and refusal.mark == mark and self._clock() < refusal.until

    def _refuse(self, path: Path, mark: str, error: FadaError) -> None:
        before = self._refusals.get(path)
        same = before is not None and before.mark == mark
        wait = min(before.wait * 2, _LONGEST_WAIT) if before is not None and same else _FIRST_WAIT
        if before is None or not same or before.reason != error.detail:
            self._notify(error.detail)
        self._refusals[path] = _Refusal(mark, error.detail, wait, self._clock() + wait)


def _is_image(path: Path) -> bool:
    """By its ending; a file without one only when it begins as a DICOM file does."""
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES or path.name.startswith(".") or not path.is_file():
        return False
    if suffix:
        return True
    try:
        with path.open("rb") as file:
            return kind_of(file.read(132)) == "dicom"
    except OSError:
        return False


def check_folder(folder: Path) -> None:
    """Raises InvalidInput: there is no such folder to begin with."""
    if not folder.is_dir():
        raise InvalidInput(f"There is no folder {folder}.")
