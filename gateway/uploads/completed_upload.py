"""A complete upload becomes what its metadata says: a file, an image or a preview of a case."""

from __future__ import annotations

import re
import uuid
from typing import Any

from gateway.dependencies import Services
from gateway.ingest.case_previews import keep_preview
from gateway.ingest.service import IngestOutcome
from gateway.ingest.spool import RequestFiles, SpooledFile
from gateway.uploads import normalise
from gateway.uploads.partial_upload import PartialUpload, UploadFiles
from services.dicom.objects.ultrasound import Subject
from services.domain.errors import ChecksumMismatch, FadaError, InvalidInput
from services.domain.study import IngestSource, Principal
from services.index.port import Case, Transaction, Upload

_PREVIEW = re.compile(r"[0-9.]{1,64}/[1-9][0-9]{0,5}")


def validate_metadata(metadata: dict[str, str], *, preview: bool = False) -> None:
    """Refuse at the start what could only fail at the end. Raises InvalidInput."""
    normalise.parse_description(metadata)
    if case := metadata.get("case"):
        try:
            uuid.UUID(case)
        except ValueError as error:
            raise InvalidInput("A case is a UUID.") from error
    named = metadata.get("preview", "")
    if preview != bool(named) or (preview and not (case and _PREVIEW.fullmatch(named))):
        raise InvalidInput("A preview is of a case's frame: SOP Instance UID, slash, number.")
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
        Unavailable, QuotaExceeded: nothing was counted; the client sends the last bytes again.
    """
    part.sync()
    room = services.spool_room.holding(who, completes=True)
    with room as holding, services.spool.request_files(holding) as request_files:
        outcomes = _outcomes(services, who, files, upload, request_id, request_files)
    answer = normalise.outcomes_json(outcomes, request_id)
    return "complete" if answer["accepted"] else "failed", answer


def _outcomes(
    services: Services,
    who: Principal,
    files: UploadFiles,
    upload: Upload,
    request_id: str,
    request_files: RequestFiles,
) -> list[IngestOutcome]:
    metadata = upload.metadata
    name = metadata.get("filename", "")[:255]
    file = files.spooled(upload.id, name)
    expected = metadata.get("sha256", "")
    if expected and file.sha256 != expected:
        error: FadaError = ChecksumMismatch("The file is not the one that was announced.")
        return [IngestOutcome(name, sha256=file.sha256, error=error)]
    if metadata.get("preview"):
        return [_preview(services, who, file, metadata)]
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


def _preview(
    services: Services, who: Principal, file: SpooledFile, metadata: dict[str, str]
) -> IngestOutcome:
    sop_uid, _, frame = metadata["preview"].partition("/")
    refused: FadaError | None = None
    try:
        data = file.path.read_bytes()
        keep_preview(services.index, who, metadata["case"], sop_uid, int(frame), data)
    except InvalidInput as error:
        refused = error
    return IngestOutcome(file.name, sop_uid=sop_uid, sha256=file.sha256, error=refused)


def ingest_case_file(
    services: Services,
    who: Principal,
    file: SpooledFile,
    metadata: dict[str, str],
    request_id: str,
    request_files: RequestFiles,
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
