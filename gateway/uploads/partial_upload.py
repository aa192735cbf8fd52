"""A resumable upload: its bytes on disk, what one request appends, and the ingest when it is complete.

One file each, one writer at a time; an offset counts once its bytes are durable. The lock is the
kernel's (flock), so it holds between processes and ends with the process that held it.
"""

from __future__ import annotations

import fcntl
import hashlib
import hmac
import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from gateway.dependencies import Services
from gateway.ingest.service import IngestOutcome
from gateway.ingest.spool import SpooledFile, sha256_of, write_all
from gateway.uploads import normalise
from services.dicom.objects.ultrasound import Subject
from services.domain.errors import (
    ChecksumMismatch,
    FadaError,
    InvalidInput,
    NotFound,
    StoreUnavailable,
    TooLarge,
    UploadLocked,
)
from services.domain.study import IngestSource, Principal
from services.index.port import Case, Transaction, Upload

CHECKPOINT = 4 * 2**20  # bytes after which an offset becomes durable within one request


class PartialUpload:
    """The open, locked file of one upload."""

    def __init__(self, path: Path, offset: int) -> None:
        try:
            self._fd = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound("This upload's bytes are gone; start it again.") from error
        try:
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._fd)
            raise UploadLocked("Another request is writing this upload.", retry_after=1) from error
        self.path = path
        self._at = offset

    def start(self, offset: int) -> None:
        """Write from the durable ``offset`` (read it under the lock); bytes after it are discarded."""
        os.ftruncate(self._fd, offset)
        os.lseek(self._fd, offset, os.SEEK_SET)
        self._at = offset

    @property
    def at(self) -> int:
        """Bytes of the upload that are written."""
        return self._at

    def write(self, data: bytes) -> None:
        """Append. Raises StoreUnavailable when the disk is full."""
        try:
            write_all(self._fd, data)
        except OSError as error:
            raise StoreUnavailable("The hub's disk is full.", retry_after=60) from error
        self._at += len(data)

    def sync(self) -> None:
        """Wait until what was written is on disk."""
        os.fsync(self._fd)

    def __enter__(self) -> PartialUpload:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)


class UploadFiles:
    """The folder of unfinished uploads. File names are the uploads' ids, which are made here."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "tus"
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)

    def path(self, upload_id: str) -> Path:
        """Where an upload's bytes lie."""
        return self._folder / upload_id

    def create(self, upload_id: str) -> None:
        """An empty file; it and its name are durable on return."""
        fd = os.open(self.path(upload_id), os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        os.fsync(fd)
        os.close(fd)
        folder = os.open(self._folder, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    @contextmanager
    def open(self, upload_id: str) -> Iterator[PartialUpload]:
        """Locked for one writer. Raises UploadLocked, NotFound."""
        with PartialUpload(self.path(upload_id), 0) as part:
            yield part

    def remove(self, upload_id: str) -> None:
        """Forget the bytes; it may be gone already."""
        self.path(upload_id).unlink(missing_ok=True)

    def touched(self, upload_id: str) -> float:
        """When bytes came last, Unix seconds; 0 when the file is gone."""
        try:
            return self.path(upload_id).stat().st_mtime
        except FileNotFoundError:
            return 0.0

    def spooled(self, upload_id: str, name: str) -> SpooledFile:
        """The complete file with its SHA-256; ``name`` is the sender's."""
        path = self.path(upload_id)
        return SpooledFile(path, sha256_of(path), path.stat().st_size, name)


@dataclass(slots=True)
class Appender:
    """Writes the body of one request. With a checksum nothing counts before it is verified.

    ``length`` is the whole upload's, ``durable`` the offset that the index holds; both in bytes.
    """

    services: Services
    site: str
    upload_id: str
    part: PartialUpload
    length: int
    durable: int
    checksum: tuple[str, bytes] | None
    _hash: Any = None

    def write(self, chunk: bytes) -> None:
        """Append. Raises TooLarge beyond the upload's length."""
        if self.part.at + len(chunk) > self.length:
            raise TooLarge("More bytes came than Upload-Length says.")
        self.part.write(chunk)
        if self.checksum is not None:
            if self._hash is None:
                self._hash = hashlib.new(self.checksum[0], usedforsecurity=False)
            self._hash.update(chunk)
        elif self.part.at - self.durable >= CHECKPOINT and self.part.at < self.length:
            self.checkpoint()

    def verify(self) -> None:
        """Raises ChecksumMismatch: the offset did not move."""
        if self.checksum is None:
            return
        digest = self._hash.digest() if self._hash else hashlib.new(self.checksum[0]).digest()
        if not hmac.compare_digest(digest, self.checksum[1]):
            raise ChecksumMismatch("Send these bytes again.")

    def keep_received(self) -> None:
        """The connection broke: what came so far counts, unless a checksum covers the whole."""
        if self.checksum is None and self.part.at < self.length:
            self.checkpoint()

    def checkpoint(self) -> None:
        """Make what is written durable, then count it in the index."""
        if self.part.at == self.durable:
            return
        self.services.spool.check_room()
        self.part.sync()
        with self.services.index.begin() as tx:
            tx.uploads.advance(self.site, self.upload_id, self.durable, self.part.at)
        self.durable = self.part.at

    def complete(self, state: str, outcome: dict[str, Any]) -> None:
        """After the file was ingested: the last bytes count now."""
        with self.services.index.begin() as tx:
            if self.durable != self.length:
                tx.uploads.advance(self.site, self.upload_id, self.durable, self.length)
            tx.uploads.finish(self.site, self.upload_id, state, outcome)


def validate_metadata(metadata: dict[str, str]) -> None:
    """Refuse at the start what could only fail at the end. Raises InvalidInput."""
    normalise.parse_description(metadata)
    if case := metadata.get("case"):
        try:
            uuid.UUID(case)
        except ValueError as error:
            raise InvalidInput("A case is a UUID.") from error
    digest = metadata.get("sha256", "")
    if digest and not (len(digest) == 64 and all(c in "0123456789abcdef" for c in digest)):
        raise InvalidInput("sha256 has 64 hexadecimal digits.")


def require_case(tx: Transaction, who: Principal, metadata: dict[str, str]) -> None:
    """Images come after their report. Raises NotFound."""
    if metadata.get("case"):
        tx.cases.get(who, str(uuid.UUID(metadata["case"])))


def complete_upload(
    services: Services,
    who: Principal,
    files: UploadFiles,
    upload: Upload,
    part: PartialUpload,
    request_id: str,
) -> tuple[str, dict[str, Any]]:
    """Ingest the upload: (``complete`` or ``failed``, the outcome as JSON). Blocking.

    ``part`` is the upload's file, which stays locked meanwhile.

    Raises:
        Unavailable: nothing was counted; the client sends the last bytes again.
    """
    part.sync()
    with services.spool.request_files() as request_files:
        outcomes = _outcomes(services, who, files, upload, request_id, request_files)
    answer = normalise.outcomes_json(outcomes, request_id)
    return "complete" if answer["accepted"] else "failed", answer


def _outcomes(
    services: Services,
    who: Principal,
    files: UploadFiles,
    upload: Upload,
    request_id: str,
    request_files: list[SpooledFile],
) -> list[IngestOutcome]:
    metadata = upload.metadata
    name = metadata.get("filename", "")[:255]
    file = files.spooled(upload.id, name)
    expected = metadata.get("sha256", "")
    if expected and file.sha256 != expected:
        error: FadaError = ChecksumMismatch("The file is not the one that was announced.")
        return [IngestOutcome(name, sha256=file.sha256, error=error)]
    if metadata.get("case"):
        return ingest_case_file(services, who, file, metadata, request_id, request_files)
    return normalise.ingest_uploads(
        services,
        who,
        [file],
        normalise.parse_description(metadata),
        source=IngestSource.TUS,
        request_id=request_id,
        request_files=request_files,
    )


def ingest_case_file(
    services: Services,
    who: Principal,
    file: SpooledFile,
    metadata: dict[str, str],
    request_id: str,
    request_files: list[SpooledFile],
) -> list[IngestOutcome]:
    """A file of a phone's case, named in ``metadata``. Raises as ``normalise.ingest_uploads``."""
    with services.index.read() as tx:
        case = tx.cases.get(who, str(uuid.UUID(metadata["case"])))
    # A scale set by hand belongs to one image; a case's own is for all of them.
    pixel_mm = normalise.parse_description(metadata).pixel_mm or case.pixel_mm
    outcomes = normalise.ingest_uploads(
        services,
        who,
        [file],
        _description_of(case, pixel_mm),
        source=IngestSource.PHONE,
        request_id=request_id,
        request_files=request_files,
    )
    _note_arrivals(services, who, case.id, file.sha256, outcomes)
    return outcomes


def _note_arrivals(
    services: Services,
    who: Principal,
    case_id: str,
    sha256: str,
    outcomes: list[IngestOutcome],
) -> None:
    """The case's pictures that are here; with its last one its study is read at once."""
    arrived = [outcome for outcome in outcomes if outcome.error is None]
    with services.index.begin() as tx:
        for outcome in arrived:
            tx.cases.arrived(who.site, case_id, sha256, outcome.sop_uid)
            tx.previews.arrived(who.site, outcome.sop_uid)
        if not tx.cases.missing(who.site, case_id):
            for study_id in {one.study_id for one in arrived if one.study_id}:
                tx.studies.complete(who, study_id)
    services.ingest.dispatcher.wake()


def _description_of(
    case: Case, pixel_mm: tuple[float, float] | None
) -> normalise.UploadDescription:
    """What the report that came first said about its images."""
    subject = Subject(
        study_key=case.id,
        patient_name=case.patient_name,
        patient_id=case.patient_id,
        study_date=case.study_date,
    )
    return normalise.UploadDescription(case.urgent, pixel_mm, subject, case.id, case.study_uid)
