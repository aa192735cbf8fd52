"""Images as DICOM files without the patient, for training or a teacher elsewhere, as one ZIP stream.

PS3.15 annex E, Basic Application Confidentiality Profile with Clean Pixel Data; pseudonyms, UIDs and shifts
of dates are the same within one export and mean nothing outside of it: their key is not kept.
"""

from __future__ import annotations

import secrets
import zipfile
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import StreamingResponse

from gateway.dependencies import Services, ServicesDep
from gateway.http.params import Manager, Since, Until
from gateway.representations.images import open_frames
from gateway.reviews.zip_buffer import ZipBuffer
from services.dicom.parser.pool import Parser
from services.domain.dicom.dates_of_copies import Dates
from services.domain.dicom.values import first_text
from services.domain.errors import FadaError
from services.index.port import Instance, Study, StudyQuery

router = APIRouter(prefix="/api/export", tags=["Review"])
_PAGE = 100
_INSTANCES = 1000


@router.get(
    "/dicom.zip",
    summary="Export images without the patient",
    operation_id="exportDicom",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/zip": {}}}},
)
def dicom(
    who: Manager,
    services: ServicesDep,
    study_id: Annotated[str | None, Query(pattern=r"^[0-9a-f-]{36}$")] = None,
    received_from: Since = None,
    received_to: Until = None,
    dates: Dates = "removed",
) -> StreamingResponse:
    """One study, or all of a time; header by PS3.15's Basic Profile, what lies around the scan and words in
    it blanked. ``dates=shifted`` keeps the days between a patient's images.
    """
    query = StudyQuery(received_from=received_from, received_to=received_to, limit=_PAGE)
    with services.index.begin() as tx:
        if study_id is not None:
            tx.studies.get(who.site, study_id)
        tx.audit.add(who, "export.dicom", study_id or who.site, {"dates": dates})
    name = f"fada-images-{datetime.now(UTC):%Y%m%d}.zip"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    body = _archive(services, _studies(services, who.site, study_id, query), dates)
    return StreamingResponse(body, headers=headers, media_type="application/zip")


def _studies(
    services: Services, site: str, study_id: str | None, query: StudyQuery
) -> Iterator[Study]:
    """Withdrawn studies, and those of whom it is not known whose they are, stay here."""
    if study_id is not None:
        with services.index.read() as tx:
            rows = [tx.studies.get(site, study_id)]
        yield from (row for row in rows if not row.held)
        return
    offset = 0
    while True:
        page = StudyQuery(
            received_from=query.received_from,
            received_to=query.received_to,
            limit=_PAGE,
            offset=offset,
        )
        with services.index.read() as tx:
            rows = list(tx.studies.find(site, page))
        yield from (row for row in rows if not row.held)
        if len(rows) < _PAGE:
            return
        offset += _PAGE


def _archive(services: Services, studies: Iterator[Study], dates: Dates) -> Iterator[bytes]:
    """A child of its own reads: a long clip keeps nobody else waiting."""
    key, buffer, skipped = secrets.token_hex(32), ZipBuffer(), 0
    child = Parser(services.settings, 1, seconds=services.settings.image_seconds)
    try:
        with zipfile.ZipFile(buffer, "w") as archive:
            for study in studies:
                patient = first_text(study.attributes, "00100020") or study.study_uid
                for instance in _images(services, study):
                    asked = {"key": key, "patient": patient, "dates": dates}
                    try:
                        alias, uid, data = _copy(services, child, instance, asked)
                    except FadaError:  # not readable, or not at hand now
                        skipped += 1
                        continue
                    archive.writestr(f"{alias}/{uid}.dcm", data, zipfile.ZIP_STORED)
                    yield buffer.take()
            archive.writestr("README.txt", _readme(dates, skipped))
        yield buffer.take()
    finally:
        child.close()


def _images(services: Services, study: Study) -> list[Instance]:
    with services.index.read() as tx:
        instances = tx.studies.instances(study.site, study_uid=study.study_uid, limit=_INSTANCES)
    return [one for one in instances if one.frames > 0]


def _copy(
    services: Services, child: Parser, instance: Instance, asked: dict[str, str]
) -> tuple[str, str, bytes]:
    """(the patient's alias, the copy's UID, its bytes)."""
    with (
        open_frames(services, instance) as image,
        services.spool.made_by(services.settings.max_inflated_bytes) as out,
    ):
        request = {"do": "deidentified", "path": str(image.path), "out": str(out.path)}
        answer = child.ask({**request, **asked, "sop_uid": instance.sop_uid})
        alias, uid = answer["names"]
        return alias, uid, out.path.read_bytes()


def _readme(dates: Dates, skipped: int) -> str:
    return (
        "Images of the exporting site, de-identified by FADA: PS3.15 table E.1-1, private elements and\n"
        "free text removed, UIDs replaced, what lies around the scan and words in it black.\n"
        f"Dates: {dates}. Images left out because they could not be read: {skipped}.\n"
        "Finding words is not perfect: look before you publish.\n"
    )
