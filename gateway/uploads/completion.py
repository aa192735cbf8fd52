"""A resumable upload that is whole: into the intake, and its outcome kept where it can be read."""

from __future__ import annotations

import uuid
from typing import Any

from gateway.dependencies import Outcome, Services
from gateway.ingest import normalise
from gateway.uploads.files import Partial, Parts
from services.dicom.objects.ultrasound import Subject
from services.domain.errors import ChecksumMismatch, FadaError, InvalidInput
from services.domain.study import IngestSource, Principal
from services.index.port import Case, Transaction, Upload


def check(metadata: dict[str, str]) -> None:
    """Refuse at the start what could only fail at the end. Raises InvalidInput."""
    if case := metadata.get("case"):
        try:
            uuid.UUID(case)
        except ValueError as error:
            raise InvalidInput("A case is a UUID.") from error
    digest = metadata.get("sha256", "")
    if digest and not (len(digest) == 64 and all(c in "0123456789abcdef" for c in digest)):
        raise InvalidInput("sha256 has 64 hexadecimal digits.")


def check_case(tx: Transaction, who: Principal, metadata: dict[str, str]) -> None:
    """Images come after their report. Raises NotFound."""
    if metadata.get("case"):
        tx.cases.get(who, str(uuid.UUID(metadata["case"])))


def land(
    services: Services,
    who: Principal,
    parts: Parts,
    upload: Upload,
    part: Partial,
    request_id: str,
) -> tuple[str, dict[str, Any]]:
    """Blocking; (complete or failed, the outcome). The part stays locked meanwhile.

    Raises:
        Unavailable: nothing was counted; the client sends the last bytes again.
    """
    part.sync()
    with services.spool.basket() as basket:
        outcomes = _outcomes(services, who, parts, upload, request_id, basket)
    told = normalise.answer(outcomes, request_id)
    return "complete" if told["accepted"] else "failed", told


def _outcomes(
    services: Services,
    who: Principal,
    parts: Parts,
    upload: Upload,
    request_id: str,
    basket: list[Any],
) -> list[Outcome]:
    told = upload.metadata
    name = told.get("filename", "")[:255]
    file = parts.whole(upload.id, name)
    expected = told.get("sha256", "")
    if expected and file.sha256 != expected:
        error: FadaError = ChecksumMismatch("The file is not the one that was announced.")
        return [Outcome(name, sha256=file.sha256, error=error)]
    described, source = normalise.described(told), IngestSource.TUS
    if told.get("case"):
        with services.index.read() as tx:
            case = tx.cases.get(who, str(uuid.UUID(told["case"])))
        # A scale set by hand belongs to one picture; a case's own is for all of them.
        described, source = _of_case(case, described.pixel_mm or case.pixel_mm), IngestSource.PHONE
    outcomes = normalise.receive(
        services, who, [file], described, source=source, request_id=request_id, basket=basket
    )
    if described.case:
        with services.index.begin() as tx:
            for outcome in outcomes:
                if outcome.error is None:
                    tx.cases.arrived(who.site, described.case, file.sha256, outcome.sop_uid)
    return outcomes


def _of_case(case: Case, pixel_mm: tuple[float, float] | None) -> normalise.Described:
    """What the report that came first said about its pictures."""
    subject = Subject(
        study_key=case.id,
        patient_name=case.patient_name,
        patient_id=case.patient_id,
        study_date=case.study_date,
    )
    return normalise.Described(case.urgent, pixel_mm, subject, case.id, case.study_uid)
