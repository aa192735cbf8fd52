"""An examination as a FHIR transaction: coded, idempotent, valid R4, and silent on what is not known."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import pytest
from fhir.resources.R4B.bundle import Bundle
from unit.services.publish.test_pdf import (
    ATTRIBUTES,
    FACTS,
    FRAMES,
    examination,
    frame,
    measurement,
    report,
)

from services.domain.examination.examination import Examination
from services.domain.examination.source import Source, SourceKind
from services.domain.examination.summary import summarise
from services.publish import fhir
from services.publish.fhir.codes import EQUATIONS, LOINC_CODES

IMAGES = [
    fhir.ImageRef("1.2", one.sop_uid, "1.2.840.10008.5.1.4.1.1.6.1", "US", 1) for one in FRAMES
]
ORDERED = ATTRIBUTES | {"00080050": {"vr": "SH", "Value": ["A-7"]}}
WHOLE = examination(*FRAMES, **FACTS)


def bundle(whole: Examination = WHOLE, reported: Any = None, **more: Any) -> dict[str, Any]:
    data = fhir.document(reported or report(*FRAMES), ORDERED, IMAGES, whole, site="north", **more)
    made: dict[str, Any] = json.loads(data)
    Bundle.model_validate(made)
    return made


def of(made: dict[str, Any], code: str) -> dict[str, Any]:
    """The observation with this code, of whichever system."""
    (observation,) = (
        entry["resource"] for entry in made["entry"]
        if entry["resource"]["resourceType"] == "Observation"
        and code in [c["code"] for c in entry["resource"]["code"].get("coding", ())]
    )  # fmt: skip
    return dict(observation)


def luhn(code: str) -> bool:
    digits, check = code.split("-")
    doubled = [
        sum(divmod(2 * int(d), 10)) if n % 2 == 0 else int(d)
        for n, d in enumerate(reversed(digits))
    ]
    return (10 - sum(doubled) % 10) % 10 == int(check)


@pytest.mark.parametrize(
    "code", [*(code for code, _ in LOINC_CODES.values()), *EQUATIONS.values(), "11525-3"]
)
def test_the_check_digit_of_every_loinc_code(code: str) -> None:
    assert luhn(code)


def test_it_is_a_transaction_that_can_be_sent_again() -> None:
    made = bundle()
    assert made["type"] == "transaction"
    kinds = [entry["resource"]["resourceType"] for entry in made["entry"]]
    assert {"Patient", "ServiceRequest", "ImagingStudy", "DiagnosticReport"} < set(kinds)
    for entry in made["entry"]:
        kind, identifier = entry["resource"]["resourceType"], entry["resource"]["identifier"][0]
        query = f"identifier={identifier['system']}|{identifier['value']}"
        if kind in ("Patient", "ServiceRequest", "ImagingStudy"):
            assert entry["request"] == {"method": "POST", "url": kind, "ifNoneExist": query}
        else:
            assert entry["request"] == {"method": "PUT", "url": f"{kind}?{query}"}
    urls = [entry["fullUrl"] for entry in made["entry"]]
    assert len(set(urls)) == len(urls)


def test_every_reference_leads_into_the_bundle() -> None:
    made = bundle()
    there = {entry["fullUrl"] for entry in made["entry"]}
    asked = set()

    def walk(value: Any) -> None:
        if isinstance(value, dict):
            asked.update([value["reference"]] if "reference" in value else [])
            for one in value.values():
                walk(one)
        elif isinstance(value, list):
            for one in value:
                walk(one)

    walk(made)
    assert asked <= there
    assert asked


def test_an_amended_version_puts_its_figures_in_place_of_the_first() -> None:
    final = replace(report(*FRAMES), reviewed_by="Dr A")
    first, second = bundle(reported=final), bundle(reported=final, amends=True)
    assert [e["request"] for e in first["entry"]] == [e["request"] for e in second["entry"]]
    states = {
        e["resource"]["status"]
        for e in second["entry"]
        if e["resource"]["resourceType"] == "Observation"
    }
    assert states == {"amended"}


def test_a_size_with_interval_age_centile_and_the_dating_that_placed_it() -> None:
    made = bundle()
    ac = of(made, "11979-2")
    assert ac["valueQuantity"] == {
        "value": 255.0,
        "unit": "mm",
        "system": "http://unitsofmeasure.org",
        "code": "mm",
    }
    parts = {c["code"]["coding"][0]["code"]: c for c in ac["component"]}
    assert parts["interval-95-low"]["valueQuantity"]["value"] == 250.0
    assert parts["11892-7"]["code"]["text"] == "Hadlock 1984 (AC)"
    assert 0 < parts["centile"]["valueQuantity"]["value"] < 100
    assert "INTERGROWTH-21st" in parts["centile"]["code"]["text"]
    age = next(e for e in made["entry"] if e["resource"] == of(made, "18185-9"))
    assert {"reference": age["fullUrl"], "type": "Observation"} in ac["derivedFrom"]


def test_weight_dates_and_what_people_entered_with_whos_codes() -> None:
    made = bundle()
    assert of(made, "11727-5")["method"]["coding"][0]["code"] == "11732-5"
    assert of(made, "ANC.B6.DE22")["valueDateTime"] == "2026-03-13"
    assert of(made, "ANC.B6.DE14")["valueDateTime"] == "2025-06-06"
    assert of(made, "ANC.B6.DE17")["valueQuantity"]["value"] == 210
    assert of(made, "ANC.B8.DE109")["valueInteger"] == 1
    assert [of(made, code)["valueInteger"] for code in ("11996-6", "11977-6")] == [3, 1]
    assert of(made, "ANC.B8.DE111")["valueCodeableConcept"]["coding"][0]["code"] == "breech"
    assert of(made, "ANC.B8.DE107")["valueQuantity"]["value"] == 142


def test_who_said_it_stands_at_what_was_said() -> None:
    ann = Source(SourceKind.PERSON, "Ann", datetime(2026, 1, 2, 9, 30, tzinfo=UTC))
    sources = {
        "presentation": ann, "anatomy.heart": ann, "impression": ann, "last_period": ann,
        "comment": Source(SourceKind.PHONE, "Clinic 2"), "indication": Source(SourceKind.ORDER, "A-7"),
    }  # fmt: skip
    made = bundle(replace(WHOLE, sources=sources, last_period=date(2025, 6, 6)))
    for code in ("ANC.B8.DE111", "anatomy-heart", "19005-8", "ANC.B6.DE14"):
        one = of(made, code)
        assert one["performer"] == [{"type": "Practitioner", "display": "Ann"}], code
        assert one["issued"].startswith("2026-01-02T09:30")
        assert "device" not in one, "no model said it"
    assert of(made, "comment")["device"] == {"display": "phone Clinic 2"}
    assert of(made, "18785-6")["valueString"] == "growth"
    assert {"text": "From order A-7"} in of(made, "18785-6")["note"]
    assert "performer" not in of(made, "11979-2"), "the model measured"


def test_what_is_not_known_is_absent_as_coded_data() -> None:
    bare = frame(1, "head", measurement("HC", None))
    made = bundle(Examination(summarise((bare,), day=None)), report(bare))
    text = json.dumps(made)
    assert '"mm"' not in text
    codes = {c["code"] for c in of(made, "11984-2")["dataAbsentReason"]["coding"]}
    assert codes == {"unsupported", "not_calibrated"}
    assert of(made, "11963-6")["dataAbsentReason"]["coding"][0]["code"] == "not-performed"
    assert "normal" not in text


def test_a_study_without_numbers_names_nobody() -> None:
    data = fhir.document(report(*FRAMES), {}, IMAGES, WHOLE)
    kinds = {e["resource"]["resourceType"] for e in json.loads(data)["entry"]}
    assert not kinds & {"Patient", "ServiceRequest"}


def test_a_server_gets_the_numbers_that_it_knows() -> None:
    data = json.dumps(bundle()).encode()
    known = fhir.Known("urn:oid:1.2.36", "https://his.example/orders", "77&78")
    sent = json.loads(fhir.for_server(data, known))
    Bundle.model_validate(sent)
    by_kind = {e["resource"]["resourceType"]: e for e in sent["entry"]}
    woman, order = by_kind["Patient"], by_kind["ServiceRequest"]
    assert woman["request"]["ifNoneExist"].startswith("identifier=urn:oid:1.2.36|")
    assert order["request"]["ifNoneExist"] == "identifier=https://his.example/orders|77%2678"
    kinds = [one["type"]["coding"][0]["code"] for one in order["resource"]["identifier"]]
    assert kinds == ["PLAC", "ACSN"]
    assert json.loads(fhir.for_server(data, fhir.Known(order_number="77"))) == bundle()


def test_what_a_correction_no_longer_says_is_entered_in_error() -> None:
    before = json.dumps(bundle()).encode()
    bare = frame(1, "head", measurement("HC", None))
    final = replace(report(bare), reviewed_by="Dr A")
    after = json.dumps(bundle(Examination(summarise((bare,), day=None)), final)).encode()
    sent = json.loads(fhir.for_server(after, fhir.Known(), [before, before]))
    Bundle.model_validate(sent)
    urls = [one["fullUrl"] for one in sent["entry"]]
    assert len(set(urls)) == len(urls)
    weight = of(sent, "11727-5")
    assert weight["status"] == "entered-in-error"
    assert "valueQuantity" not in weight
    assert weight["identifier"] == of(bundle(), "11727-5")["identifier"]
    assert of(sent, "11984-2")["status"] == "final", "what is still said stays"
    (diagnostic_report,) = [e["resource"] for e in sent["entry"] if "result" in e["resource"]]
    mentioned = {one["reference"] for one in diagnostic_report["result"]}
    wrong = {
        e["fullUrl"] for e in sent["entry"] if e["resource"].get("status") == "entered-in-error"
    }
    assert wrong
    assert not mentioned & wrong


def test_an_imaging_study_follows_its_woman() -> None:
    data = json.dumps(bundle()).encode()
    sent = json.loads(fhir.for_server(data, fhir.Known(), corrected=True))
    (study,) = [e for e in sent["entry"] if e["resource"]["resourceType"] == "ImagingStudy"]
    assert study["request"]["method"] == "PUT"
