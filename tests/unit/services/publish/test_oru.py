"""ORU^R01 that HL7apy's tables of 2.5.1 accept, with every measure, interval and refusal."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, date, datetime

import hl7
import readings
from hl7apy.consts import VALIDATION_LEVEL
from hl7apy.parser import parse_message

from services.domain.examination.examination import Examination
from services.domain.examination.fetuses import summarise_several
from services.domain.examination.pregnancy import date_pregnancy
from services.domain.examination.summary import summarise
from services.domain.report import Abstention, Measurement
from services.publish import oru

DAY = date(2026, 3, 1)
DATING = date_pregnancy(date(2025, 8, 24), ())
AT = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
ATTRIBUTES = {
    "00100020": {"vr": "LO", "Value": ["P|1"]},
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "Doe^Jane^^Dr"}]},
    "00100030": {"vr": "DA", "Value": ["19980402"]},
    "00080020": {"vr": "DA", "Value": ["20260301"]},
    "00080050": {"vr": "SH", "Value": ["A-7"]},
}


def message(
    status: str = oru.FINAL,
    pdf: bytes | None = b"%PDF-1.7 page",
    whole: Examination | None = None,
    **more: object,
) -> str:
    report = replace(
        readings.report("1.2.3", readings.head("1.2.3.1", 800, 540)),
        comment="Twins & more\nsee tomorrow",
        **more,  # type: ignore[arg-type]
    )
    frame = replace(
        report.frames[0],
        measurements=(
            Measurement("HC", 500.0, 250.0, 246.5, 253.5),
            Measurement("BPD", 140.0),
        ),
        abstentions=((Abstention.LOW_CONFIDENCE, "FL"),),
    )
    report = replace(report, frames=(frame, *report.frames[1:]))
    envelope = oru.Envelope("delivery-1", "north", "EMR", "Hospital", "north")
    whole = whole or Examination(
        summarise(report.frames, day=DAY, dating=DATING), {"impression": "Small."}
    )
    return oru.message(envelope, oru.Content(report, ATTRIBUTES, whole, status, pdf), AT)


def test_it_is_valid_by_the_tables_of_2_5_1() -> None:
    parsed = parse_message(message(), validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    assert parsed.validate()


def test_measures_have_codes_units_intervals_and_the_status() -> None:
    parsed = hl7.parse(message(oru.CORRECTED))
    rows = {str(one[3]).split("^")[0]: one for one in parsed.segments("OBX")}
    circumference = rows["11984-2"]
    assert (str(circumference[5]), str(circumference[6])) == ("250.0", "mm^mm^UCUM")
    assert {str(one[11]) for one in parsed.segments("OBX")} == {"C", "X"}
    assert str(rows["11820-8"][6]).startswith("{pixels}"), "never a millimetre without calibration"
    assert (str(rows["11963-6"][5]), str(rows["11963-6"][11])) == ("", "X")
    assert str(rows["18185-9"][5]) == "189"  # by the pregnancy's dating, not by this image
    assert str(rows["11778-8"][5]) == "20260531"
    notes = [str(one[3]) for one in parsed.segments("NTE")]
    assert "95 % interval 246.5 to 253.5 mm" in notes
    assert "px only: not calibrated" in notes
    assert "not assessed: low_confidence" in notes


def test_values_of_several_fetuses_stand_apart() -> None:
    parts = {
        letter: Examination(summarise([readings.measured(HC=mm, AC=mm, FL=mm / 5)], day=DAY))
        for letter, mm in (("A", 250.0), ("B", 230.0))
    }
    together = summarise_several([], [readings.measured(FL=49.0)], day=DAY)
    parsed = hl7.parse(message(whole=Examination(together, {"fetuses": 2}, (), parts)))
    observations = [
        (str(one[3]).split("^")[0], str(one[4]), str(one[5])) for one in parsed.segments("OBX")
    ]
    assert ("11984-2", "A", "250.0") in observations
    assert ("11984-2", "B", "230.0") in observations
    assert ("11963-6", "unassigned 1", "49.0") in observations
    assert {part for code, part, _ in observations if code == "11727-5"} == {"A", "B"}


def test_texts_cannot_break_out_and_the_pdf_is_whole() -> None:
    text = message()
    assert "Twins \\T\\ more\\.br\\see tomorrow" in text
    parsed = hl7.parse(text)
    assert str(parsed.segment("PID")[3]).startswith("P\\F\\1^^^north^MR")
    assert str(parsed.segment("PID")[5]) == "Doe^Jane^^^Dr"
    document = next(str(one[5]) for one in parsed.segments("OBX") if str(one[2]) == "ED")
    assert base64.b64decode(document.split("^")[4]) == b"%PDF-1.7 page"


def test_the_same_delivery_has_the_same_identity() -> None:
    first, second = (hl7.parse(message(pdf=None)).segment("MSH") for _ in range(2))
    assert str(first[10]) == str(second[10])
    assert len(str(first[10])) == 20


def content(status: str = oru.CORRECTED, **more: object) -> oru.Content:
    report = readings.report("1.2.3", readings.head("1.2.3.1", 800, 540))
    whole = Examination(summarise(report.frames, day=DAY, dating=DATING), {})
    return replace(oru.Content(report, ATTRIBUTES, whole, status), **more)  # type: ignore[arg-type]


ENVELOPE = oru.Envelope("delivery-1", "north")


def test_what_a_correction_no_longer_says_is_deleted() -> None:
    before = content(oru.FINAL, pdf=b"%PDF-1.7 page")
    report = replace(before.report, frames=())
    now = content(report=report, examination=Examination(summarise((), day=DAY), {}))
    text = oru.message(ENVELOPE, now, AT, [before, before])
    assert parse_message(text, validation_level=VALIDATION_LEVEL.STRICT, find_groups=True)
    rows = [(str(one[3]).split("^")[0], str(one[11])) for one in hl7.parse(text).segments("OBX")]
    assert {("11984-2", "D"), ("18185-9", "D"), ("11525-3", "D")} < set(rows)
    assert ("59776-5", "C") in rows, "the words are still said"
    assert len(rows) == len(set(rows))
    assert all(not str(one[5]) for one in hl7.parse(text).segments("OBX") if str(one[11]) == "D")


def test_a_result_of_another_woman_is_withdrawn_from_her() -> None:
    former = {"00100020": {"vr": "LO", "Value": ["P-wrong"]}}
    text = oru.withdrawal(ENVELOPE, content(), AT, former, [content(oru.FINAL)])
    parsed = hl7.parse(text)
    assert str(parsed.segment("PID")[3]).startswith("P-wrong^")
    assert {str(one[11]) for one in parsed.segments("OBX")} == {"W"}
    own = hl7.parse(oru.message(ENVELOPE, content(), AT))
    assert str(parsed.segment("MSH")[10]) != str(own.segment("MSH")[10])


def test_it_answers_the_order_under_the_placers_number() -> None:
    request = hl7.parse(oru.message(ENVELOPE, content(placer=("77", "HIS")), AT)).segment("OBR")
    assert (str(request[2]), str(request[18])) == ("77^HIS", "A-7")
    request = hl7.parse(oru.message(ENVELOPE, content(), AT)).segment("OBR")
    assert (str(request[2]), str(request[18])) == ("A-7", "A-7")
