"""What uploads hand to the intake: DICOM as it is, ZIP entries, pictures made into DICOM.

Web form, tus and phones call ``receive``; a file's own fault becomes its outcome, a fault of the hub
is raised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from gateway.dependencies import Outcome, Services
from gateway.http import problems
from gateway.ingest import zip_archive
from gateway.ingest.spool import Spooled
from services.dicom.objects.ultrasound import Subject, read_picture, ultrasound_object
from services.domain import case_uids
from services.domain.errors import FadaError, InvalidInput, TooLarge, UnsupportedMedia
from services.domain.study import IngestSource, Principal

PICTURE_BYTES = 64 * 2**20
BY_HAND = "Pixel size given by hand at upload; not read from the image."


@dataclass(frozen=True, slots=True)
class Described:
    """What the sender said about pictures, which say nothing themselves.

    ``sop_uid`` of a picture is made from ``case`` when there is one, so that a phone can know it.
    """

    urgent: bool = False
    pixel_mm: tuple[float, float] | None = None
    subject: Subject = field(default_factory=lambda: Subject(study_key=""))
    case: str = ""
    study_uid: str = ""

    @property
    def says_something(self) -> bool:
        """Whether a picture that is here already is described anew: its scale, or whose it is."""
        about = self.subject
        return self.pixel_mm is not None or any(
            (about.patient_name, about.patient_id, about.study_date, about.accession,
             about.description)
        )  # fmt: skip


def receive(
    services: Services,
    principal: Principal,
    files: list[Spooled],
    told: Described,
    *,
    source: IngestSource,
    request_id: str,
    basket: list[Spooled],
) -> list[Outcome]:
    """Blocking. One outcome for each file, or for each entry of a ZIP, in order.

    Raises:
        Unavailable: a part of the hub is down; nothing may be taken as received.
    """
    ready: list[Spooled | Outcome] = []
    key = _study_key(principal.site, files)
    for file in files:
        try:
            for entry in _opened(services, file, basket):
                if isinstance(entry, Spooled):
                    ready.append(_dicom(services, entry, told, key, len(ready), basket))
                else:
                    ready.append(entry)
        except FadaError as error:
            if error.status >= 500:
                raise
            ready.append(Outcome(file.name, sha256=file.sha256, error=error))
    taken = iter(
        services.intake.take(
            principal,
            [r for r in ready if isinstance(r, Spooled)],
            source=source,
            urgent=told.urgent,
            request_id=request_id,
        )
        if any(isinstance(r, Spooled) for r in ready)
        else ()
    )
    return [next(taken) if isinstance(r, Spooled) else r for r in ready]


def _opened(
    services: Services, file: Spooled, basket: list[Spooled]
) -> Sequence[Spooled | Outcome]:
    """The file itself, or the entries of an archive."""
    if kind_of(file.head()) == "zip":
        return zip_archive.unpack(file.path, services.spool, services.settings, basket)
    return [file]


def _dicom(
    services: Services,
    file: Spooled,
    told: Described,
    study_key: str,
    place: int,
    basket: list[Spooled],
) -> Spooled | Outcome:
    """The file as DICOM, or why not."""
    try:
        kind = kind_of(file.head())
        if kind == "dicom":
            return file
        if kind != "picture":
            raise UnsupportedMedia("Send DICOM, PNG, JPEG, or a ZIP archive of these.")
        if file.size > PICTURE_BYTES:
            raise TooLarge("A picture may have 64 MiB.")
        subject = _subject(told, file, study_key, place)
        data = ultrasound_object(read_picture(file.path.read_bytes()), subject, told.pixel_mm)
        with services.spool.writer(services.settings.max_instance_bytes, file.name) as out:
            out.write(data)
            made = replace(out.finish(), correction=told.says_something)
        basket.append(made)
        return made
    except FadaError as error:
        if error.status >= 500:
            raise
        return Outcome(file.name, sha256=file.sha256, error=error)


def _subject(told: Described, file: Spooled, study_key: str, place: int) -> Subject:
    """The same pictures sent again make the same objects."""
    subject = told.subject
    note = BY_HAND if told.pixel_mm is not None else ""
    if told.case:
        uid = case_uids.picture_uid(told.case, file.sha256)
        study_uid, series_uid = told.study_uid, case_uids.series_uid(told.case)
        return replace(subject, study_uid=study_uid, series_uid=series_uid, sop_uid=uid, note=note)
    return replace(
        subject,
        study_key=subject.study_key or study_key,
        series_key=file.sha256[:16],
        instance_number=place + 1,
        note=note,
    )


def kind_of(head: bytes) -> str:
    """dicom, zip, picture or unknown, by a file's first 132 bytes and never by its name."""
    if head[128:132] == b"DICM":
        return "dicom"
    if head[:4] in (b"PK\x03\x04", b"PK\x05\x06"):
        return "zip"
    if head[:8] == b"\x89PNG\r\n\x1a\n" or head[:3] == b"\xff\xd8\xff":
        return "picture"
    return "unknown"


def _study_key(site: str, files: list[Spooled]) -> str:
    joined = "\n".join([site, *sorted(f.sha256 for f in files)])
    return hashlib.sha256(joined.encode()).hexdigest()


def described(fields: dict[str, str]) -> Described:
    """From form fields or tus metadata. Raises InvalidInput."""
    both = (fields.get("pixel_mm_x", ""), fields.get("pixel_mm_y", ""))
    one = fields.get("pixel_mm", "")
    sizes = (one, one) if one else both
    pixel_mm = (_size(sizes[0]), _size(sizes[1])) if any(sizes) else None
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
    return Described(fields.get("urgent", "") in ("1", "true", "on", "yes"), pixel_mm, subject)


def _text(fields: dict[str, str], name: str, most: int = 64) -> str:
    value = fields.get(name, "").strip()
    if len(value) > most or any(ord(c) < 32 or c == "\\" for c in value):
        raise InvalidInput(f"{name} may have {most} characters, no backslash and no line breaks.")
    return value


def _size(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0.005 <= value <= 5.0:
        raise InvalidInput("A pixel is between 0.005 and 5 mm wide.")
    return value


def answer(outcomes: list[Outcome], request_id: str) -> dict[str, Any]:
    """The outcomes as JSON."""
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
