"""A report as HL7 v2.5.1 ORU^R01: the examination's measures, weight, age and due date, the words, the PDF.

Codes are LOINC, units UCUM. What could not be assessed is an OBX with status X, never left out.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from services.domain.biometry import weeks_and_days
from services.domain.dicom.values import STUDY_DATE, first_text
from services.domain.examination.examination import Examination
from services.domain.examination.pregnancy import Basis
from services.domain.examination.summary import MeasureSummary
from services.domain.examination.weight import Weight
from services.domain.report import Centile, Report

PRELIMINARY, FINAL, CORRECTED = "P", "F", "C"
_DELETED, _WRONG = "D", "W"  # OBX-11 (table 0085): no longer said; posted for the wrong patient
# LOINC of the AIUM/DICOM obstetric set (PS3.16 CID 12005, 12013, 12019).
MEASURES = {
    "BPD": ("11820-8", "Fetal Head Diameter.biparietal US"),
    "HC": ("11984-2", "Fetal Head Circumference US"),
    "OFD": ("11851-3", "Fetal Head Diameter.occipital-frontal US"),
    "AC": ("11979-2", "Fetal Abdomen Circumference US"),
    "FL": ("11963-6", "Fetal Femur diaphysis Length US"),
    "CRL": ("11957-8", "Fetal Crown Rump length US"),
    "NT": ("33069-6", "Fetal Nuchal translucency US"),
    "EFW": ("11727-5", "Fetal body weight Estimated US"),
}
_BASES = {Basis.LAST_PERIOD: "last menstrual period", Basis.SCAN: "the earliest scan"}
_AGE = ("18185-9", "Gestational age")
_PROCEDURE = "11525-3^US Pelvis Fetus for pregnancy^LN"
_ACCESSION = "00080050"
_ESCAPES = {"\\": "\\E\\", "|": "\\F\\", "^": "\\S\\", "~": "\\R\\", "&": "\\T\\"}


@dataclass(frozen=True, slots=True)
class Envelope:
    """Who sends to whom. ``identity`` stays the same when a message is sent again."""

    identity: str
    site: str
    receiving_application: str = ""
    receiving_facility: str = ""
    assigner: str = ""  # of patient numbers


@dataclass(frozen=True, slots=True)
class Content:
    """``attributes``: the study's DICOM JSON; ``examination``: its images read as one; ``status``: P, F
    or C; ``pdf``: the report as PDF; ``placer``: the order's number where it was placed, and whose number
    that is.
    """

    report: Report
    attributes: dict[str, Any]
    examination: Examination
    status: str
    pdf: bytes | None = None
    placer: tuple[str, str] = ("", "")


def message(
    envelope: Envelope, content: Content, at: datetime, earlier: Sequence[Content] = ()
) -> str:
    """Segments, each ended by CR. What ``earlier`` versions said and this one does not is deleted: a
    receiver that keeps each OBX would show it on."""
    said = _observations(content)
    before = [one for version in earlier for one in _observations(version)]
    return _message(envelope, content, at, [*said, *_taken_back(before, said, _DELETED)])


def withdrawal(
    envelope: Envelope,
    content: Content,
    at: datetime,
    former: dict[str, Any],
    sent: Sequence[Content],
) -> str:
    """What was ``sent`` under another woman, ``former`` in DICOM JSON, was not hers."""
    identity = f"{envelope.identity} withdrawn"
    hers = replace(content, attributes={**content.attributes, **former}, status=CORRECTED)
    before = [one for version in sent for one in _observations(version)]
    return _message(replace(envelope, identity=identity), hers, at, _taken_back(before, (), _WRONG))


def _message(
    envelope: Envelope, content: Content, at: datetime, observations: Sequence[list[str]]
) -> str:
    segments = [
        _header(envelope, at),
        _patient(envelope, content.attributes),
        _order("ORC|RE", content),
        _request(content),
    ]
    for number, (first, *rest) in enumerate(observations, 1):
        segments += [f"OBX|{number}|{first}", *rest]
    return "".join(f"{one}\r" for one in segments)


def _observations(content: Content) -> list[list[str]]:
    """Each as its OBX without number, and its notes."""
    made = [*_measures(content), *_ages(content), *_words(content)]
    return made if content.pdf is None else [*made, _document(content.pdf, content.status)]


def _taken_back(
    before: Sequence[list[str]], said: Sequence[list[str]], status: str
) -> list[list[str]]:
    """Once each what is in ``before`` and not in ``said``, by code and sub-id (OBX-3 and 4)."""
    kept = {_about(one) for one in said}
    gone = {_about(one): None for one in before if _about(one) not in kept}
    return [[f"|{code}|{part}|||||||{status}"] for code, part in gone]


def _about(observation: list[str]) -> tuple[str, str]:
    _, code, part = observation[0].split("|")[:3]
    return code, part


def _header(envelope: Envelope, at: datetime) -> str:
    identity = hashlib.sha256(envelope.identity.encode()).hexdigest()[:20]  # MSH-10 holds 20
    names = (envelope.site, envelope.receiving_application, envelope.receiving_facility)
    site, application, facility = map(escape, names)
    return (
        f"MSH|^~\\&|FADA|{site}|{application}|{facility}|{_moment(at)}||ORU^R01^ORU_R01|"
        f"{identity}|P|2.5.1||||||UNICODE UTF-8"
    )


def _patient(envelope: Envelope, attributes: dict[str, Any]) -> str:
    number = escape(first_text(attributes, "00100020"))
    family, given, middle, prefix, suffix = (
        escape(part) for part in (first_text(attributes, "00100010").split("^") + [""] * 5)[:5]
    )
    name = f"{family}^{given}^{middle}^{suffix}^{prefix}".rstrip("^")
    birth = escape(first_text(attributes, "00100030"))
    sex = first_text(attributes, "00100040")
    sex = sex if sex in ("F", "M", "O") else "U"
    return f"PID|1||{number}^^^{escape(envelope.assigner)}^MR||{name}||{birth}|{sex}"


def _order(head: str, content: Content) -> str:
    """The placer's number, by which who asked finds the order; without one the accession number."""
    number, system = map(escape, content.placer)
    number = f"{number}^{system}".rstrip("^") or escape(first_text(content.attributes, _ACCESSION))
    return f"{head}|{number}|{content.report.study_uid}^FADA"


def _request(content: Content) -> str:
    report = content.report
    reader = escape(report.reviewed_by or "")
    taken = first_text(content.attributes, STUDY_DATE) + first_text(content.attributes, "00080030")
    fields = _order("OBR|1", content).split("|") + [""] * 30
    fields[4], fields[7] = _PROCEDURE, escape(taken.split(".")[0])
    fields[18] = escape(first_text(content.attributes, _ACCESSION))  # as orders carry it
    fields[22], fields[24] = _moment(report.reviewed_at or report.created_at), "OUS"
    fields[25] = content.status
    fields[32] = f"&{reader}" if reader else ""
    return "|".join(fields).rstrip("|")


def _measures(content: Content) -> Iterator[list[str]]:
    """Each measure of the examination, of each fetus; then what has no millimetres, and what was refused."""
    status, whole, written = content.status, content.examination, set[str]()
    for letter, part in whole.parts:
        for one in part.summary.measures:
            written.add(one.measure)
            yield _measure(one, letter, status)
        if part.summary.weight is not None:
            yield _weight(part.summary.weight, letter, status)
    for number, value in enumerate(whole.summary.unassigned, 1):
        written.add(value.measure)
        head = _head(value.measure, f"unassigned {number}")
        yield [f"{head}{value.mm:.1f}|mm^mm^UCUM|||||{status}", _note("fetus not said")]
    yield from _others(content.report, written, status)


def _head(name: str, part: str) -> str:
    """OBX-2 to 5 of a number; ``part`` (OBX-4) tells fetuses apart."""
    code, words = MEASURES.get(name, (name, name))
    system = "LN" if name in MEASURES else "99FADA"
    return f"NM|{escape(code)}^{escape(words)}^{system}|{part}|"


def _measure(one: MeasureSummary, letter: str, status: str) -> list[str]:
    """The value that counts, the images that it rests on, its age and centile."""
    lines = [f"{_head(one.measure, letter)}{one.mm:.1f}|mm^mm^UCUM|||||{status}"]
    if len(one.counted) > 1:
        lines.append(_note(f"mean of {len(one.counted)} images"))
    if one.mm_low is not None and one.mm_high is not None:
        lines.append(_note(f"95 % interval {one.mm_low:.1f} to {one.mm_high:.1f} mm"))
    if one.dating is not None:
        lines.append(_note(f"{one.dating.text} by {one.dating.equation}"))
    return [*lines, *_centile(one.centile)]


def _weight(weight: Weight, letter: str, status: str) -> list[str]:
    return [
        f"{_head('EFW', letter)}{weight.grams:.0f}|g^gram^UCUM|||||{status}",
        _note(f"{weight.equation}, 2 SD {weight.low_grams:.0f} to {weight.high_grams:.0f} g"),
        *_centile(weight.centile),
    ]


def _centile(centile: Centile | None) -> list[str]:
    if centile is None:
        return []
    return [_note(f"centile {centile.centile:.1f}, z {centile.z:+.2f}, {centile.chart}")]


def _others(report: Report, written: set[str], status: str) -> Iterator[list[str]]:
    """In pixels alone, or of no equation: once, from the frame that shows it best; then refusals."""
    frames = sorted((f for f in report.frames if f.in_scope), key=lambda f: -f.quality)
    for frame in frames:
        for one in frame.measurements:
            if one.name in written:
                continue
            written.add(one.name)
            if one.mm is None:
                value = f"{one.px:g}|{{pixels}}^px^UCUM|||||{status}"
                yield [_head(one.name, "") + value, _note("px only: not calibrated")]
            else:
                yield [f"{_head(one.name, '')}{one.mm:g}|mm^mm^UCUM|||||{status}"]
    for frame in frames:
        for reason, about in frame.abstentions:
            if about in MEASURES and about not in written:
                written.add(about)
                code, words = MEASURES[about]
                yield [f"|{code}^{words}^LN||||||||X", _note(f"not assessed: {reason.value}")]


def _ages(content: Content) -> Iterator[list[str]]:
    """By the pregnancy's dating, by all measures together, and the due date."""
    status, whole = content.status, content.examination
    summary, dating = whole.summary, whole.summary.dating
    if dating is not None and summary.ga_days is not None:
        code, words = _AGE
        value = f"{summary.ga_days}|d^day^UCUM|||||{status}"
        basis = f"{weeks_and_days(summary.ga_days)} by {_BASES[dating.basis]}"
        note = f"{basis}, {dating.equation}" if dating.equation else basis
        yield [f"NM|{code}^{words}^LN||{value}", _note(note)]
        due = f"{dating.due:%Y%m%d}||||||{status}"
        yield [f"DT|11778-8^Delivery date Estimated^LN||{due}"]
    for letter, part in whole.parts:
        composite = part.summary.composite
        if composite is not None:
            words = "Gestational age composite Estimated US"
            value = f"{composite.days:.1f}|d^day^UCUM|||||{status}"
            note = _note(f"{composite.text} by {composite.equation}")
            yield [f"NM|11888-5^{words}^LN|{letter}|{value}", note]


def _words(content: Content) -> Iterator[list[str]]:
    report, fact = content.report, content.examination.fact
    texts = [report.label, fact("impression"), fact("comment"), report.comment]
    for number, text in enumerate(dict.fromkeys(text for text in texts if text), 1):
        yield [f"TX|59776-5^Procedure findings^LN|{number}|{escape(text)}||||||{content.status}"]


def _document(pdf: bytes, status: str) -> list[str]:
    content = base64.b64encode(pdf).decode()
    return [f"ED|11525-3^US Pelvis Fetus for pregnancy^LN||^AP^PDF^Base64^{content}||||||{status}"]


def _note(text: str) -> str:
    return f"NTE|1||{escape(text)}"


def escape(text: str) -> str:
    """Text for a field: delimiters and line ends as escape sequences (chapter 2.7)."""
    escaped = "".join(_ESCAPES.get(letter, letter) for letter in text)
    lines = escaped.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    return "\\.br\\".join("".join(c for c in line if c >= " ") for line in lines)


def _moment(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y%m%d%H%M%S+0000")
