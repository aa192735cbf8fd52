"""A resumable upload that is complete: it is ingested, and its outcome kept where it can be read."""

from __future__ import annotations

import uuid
from typing import Any

from gateway.dependencies import Services
from gateway.ingest.service import IngestOutcome
from gateway.ingest.spool import SpooledFile
from gateway.uploads import normalise
from gateway.uploads.files import PartialUpload, UploadFiles
from services.dicom.objects.ultrasound import Subject
from services.domain.errors import ChecksumMismatch, FadaError, InvalidInput
from services.domain.study import IngestSource, Principal
from services.index.port import Case, Transaction, Upload


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
    description, source = normalise.parse_description(metadata), IngestSource.TUS
    if metadata.get("case"):
        with services.index.read() as tx:
            case = tx.cases.get(who, str(uuid.UUID(metadata["case"])))
        # A scale set by hand belongs to one image; a case's own is for all of them.
        description = _description_of(case, description.pixel_mm or case.pixel_mm)
        source = IngestSource.PHONE
    outcomes = normalise.ingest_uploads(
        services,
        who,
        [file],
        description,
        source=source,
        request_id=request_id,
        request_files=request_files,
    )
    if description.case:
        with services.index.begin() as tx:
            for outcome in outcomes:
                if outcome.error is None:
                    tx.cases.arrived(who.site, description.case, file.sha256, outcome.sop_uid)
    return outcomes


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
