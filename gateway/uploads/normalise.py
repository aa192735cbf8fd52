"""Makes uploads into DICOM files for the ingest service: DICOM as it is, ZIP entries, images.

Web form, tus and phones call ``ingest_uploads``; a file's own fault becomes its outcome, a fault of
the hub is raised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from gateway.dependencies import Services
from gateway.http import problems
from gateway.ingest.service import IngestOutcome
from gateway.ingest.spool import RequestFiles, SpooledFile
from gateway.uploads import zip_archive
from gateway.uploads.known_picture import known_picture, with_known
from services.dicom.objects.ultrasound import Subject
from services.domain.dicom import values as dicom_values
from services.domain.dicom.file_kind import HEIC_WORDS, kind_of
from services.domain.errors import FadaError, InvalidInput, TooLarge, UnsupportedMedia
from services.domain.study import IngestSource, Principal

IMAGE_BYTES, CLIP_BYTES = 64 * 2**20, 256 * 2**20


@dataclass(frozen=True, slots=True)
class UploadDescription:
    """What the sender stated about images, which carry no such data themselves.

    ``pixel_mm`` is mm per pixel along x and y. With a phone's ``case`` the SOP Instance UID is made
    from it, so that the phone can know it.
    """

    urgent: bool = False
    pixel_mm: tuple[float, float] | None = None
    subject: Subject = field(default_factory=lambda: Subject(study_key=""))
    case: str = ""
    study_uid: str = ""

    @property
    def corrects(self) -> bool:
        """Whether it gives a scale or patient data, also for an image that is here already."""
        subject = self.subject
        return self.pixel_mm is not None or any(
            (
                subject.patient_name,
                subject.patient_id,
                subject.study_date,
                subject.accession,
                subject.description,
            )
        )


@dataclass(frozen=True, slots=True)
class _Upload:
    services: Services
    site: str
    description: UploadDescription
    study_key: str
    request_files: RequestFiles


def ingest_uploads(
    services: Services,
    principal: Principal,
    files: list[SpooledFile],
    description: UploadDescription,
    *,
    source: IngestSource,
    request_id: str,
    request_files: RequestFiles,
) -> list[IngestOutcome]:
    """One outcome for each file, or for each entry of a ZIP, in order. Blocking.

    Files that are made on the way are added to ``request_files``, for removal.

    Raises:
        Unavailable, QuotaExceeded: a part of the hub is down, or has no room for what is in the files;
            nothing may be taken as received.
    """
    upload = _Upload(
        services, principal.site, description, _study_key(principal.site, files), request_files
    )
    parts: list[SpooledFile | IngestOutcome] = []
    for file in files:
        try:
            for entry in _entries(upload, file):
                if isinstance(entry, SpooledFile):
                    parts.append(_as_dicom(upload, entry, len(parts)))
                else:
                    parts.append(entry)
        except FadaError as error:
            if error.status >= 500 or error.retryable:
                raise
            parts.append(IngestOutcome(file.name, sha256=file.sha256, error=error))
    ready = [part for part in parts if isinstance(part, SpooledFile)]
    if not ready:
        return [part for part in parts if isinstance(part, IngestOutcome)]
    ingested = iter(
        services.ingest.ingest(
            principal, ready, source=source, urgent=description.urgent, request_id=request_id
        )
    )
    return [next(ingested) if isinstance(part, SpooledFile) else part for part in parts]


def _entries(upload: _Upload, file: SpooledFile) -> Sequence[SpooledFile | IngestOutcome]:
    """The file itself, or the entries of an archive."""
    if kind_of(file.head()) == "zip":
        return zip_archive.unpack(file.path, upload.services.settings, upload.request_files)
    return [file]


def _as_dicom(upload: _Upload, file: SpooledFile, position: int) -> SpooledFile | IngestOutcome:
    """The file as DICOM, or the outcome that says why not."""
    try:
        kind = kind_of(file.head())
        if kind == "dicom":
            return file
        if kind == "heic":
            raise UnsupportedMedia(HEIC_WORDS)
        if kind not in ("image", "clip"):
            raise UnsupportedMedia("Send DICOM, PNG, JPEG, MP4, MOV, or a ZIP archive of these.")
        if file.size > (CLIP_BYTES if kind == "clip" else IMAGE_BYTES):
            raise TooLarge("A picture may have 64 MiB, a clip 256 MiB.")
        subject = _subject(upload, file, position)
        known = known_picture(upload.services, upload.site, subject)
        subject, pixel_mm = with_known(subject, upload.description.pixel_mm, known)
        dicom = _decoded(upload, file, subject, pixel_mm)
        upload.request_files.append(dicom)
        return dicom
    except FadaError as error:
        if error.status >= 500 or error.retryable:
            raise
        return IngestOutcome(file.name, sha256=file.sha256, error=error)


def _decoded(
    upload: _Upload, file: SpooledFile, subject: Subject, pixel_mm: tuple[float, float] | None
) -> SpooledFile:
    """A picture or clip as a DICOM object, made in a bounded child."""
    services, description = upload.services, upload.description
    request = {
        "do": "picture",
        "path": str(file.path),
        "subject": asdict(subject),
        "pixel_mm": pixel_mm,
    }
    with upload.request_files.made_by(services.settings.max_instance_bytes, file.name) as out:
        services.parser.ask({**request, "out": str(out.path)})
        return replace(out.finish(), correction=description.corrects)


def _subject(upload: _Upload, file: SpooledFile, position: int) -> Subject:
    """The same images sent again make the same objects."""
    description = upload.description
    subject = description.subject
    if description.case:
        return replace(
            subject,
            study_uid=description.study_uid,
            series_uid=dicom_values.case_series_uid(description.case),
            sop_uid=dicom_values.case_picture_uid(description.case, file.sha256),
        )
    return replace(
        subject,
        study_key=subject.study_key or upload.study_key,
        series_key=file.sha256[:16],
        instance_number=position + 1,
    )


def _study_key(site: str, files: list[SpooledFile]) -> str:
    joined = "\n".join([site, *sorted(f.sha256 for f in files)])
    return hashlib.sha256(joined.encode()).hexdigest()


def parse_description(fields: dict[str, str]) -> UploadDescription:
    """From form fields or tus metadata. Raises InvalidInput."""
    both = (fields.get("pixel_mm_x", ""), fields.get("pixel_mm_y", ""))
    one = fields.get("pixel_mm", "")
    sizes = (one, one) if one else both
    pixel_mm = (_pixel_size(sizes[0]), _pixel_size(sizes[1])) if any(sizes) else None
    date = fields.get("study_date", "").replace("-", "")
    if date and not (len(date) == 8 and date.isascii() and date.isdigit()):
        raise InvalidInput("study_date has the form YYYY-MM-DD.")
    subject = Subject(
        study_key=_text(fields, "study"),
        patient_name=_text(fields, "patient_name"),
        patient_id=_text(fields, "patient_id"),
        study_date=date,
        accession=_text(fields, "accession", 16),
        description=_text(fields, "description"),
    )
    urgent = fields.get("urgent", "") in ("1", "true", "on", "yes")
    return UploadDescription(urgent, pixel_mm, subject)


def _text(fields: dict[str, str], name: str, max_length: int = 64) -> str:
    value = fields.get(name, "").strip()
    if len(value) > max_length or any(ord(c) < 32 or c == "\\" for c in value):
        raise InvalidInput(
            f"{name} may have {max_length} characters, no backslash and no line breaks."
        )
    return value


def _pixel_size(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.005 <= value <= 5.0:
        raise InvalidInput("A pixel is between 0.005 and 5 mm wide.")
    return value


def outcomes_json(outcomes: list[IngestOutcome], request_id: str) -> dict[str, Any]:
    """The outcomes as the JSON of the API."""
    items = [
        {
            "name": o.name,
            "accepted": o.error is None,
            "new": o.new,
            "study_id": o.study_id or None,
            "study_uid": o.study_uid or None,
            "sop_uid": o.sop_uid or None,
            "sha256": o.sha256 or None,
            "job_id": o.job_id,
            "problem": problems.content(o.error, request_id) if o.error else None,
        }
        for o in outcomes
    ]
    accepted = sum(o.error is None for o in outcomes)
    return {"items": items, "accepted": accepted, "refused": len(items) - accepted}
