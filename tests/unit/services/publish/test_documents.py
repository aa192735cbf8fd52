"""FHIR and PDF: what must be in them, and what must not."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fhir.resources.R4B.bundle import Bundle

from services.domain.language.languages import LANGUAGES
from services.domain.report import (
    UNREVIEWED,
    Abstention,
    Dating,
    FrameReading,
    Measurement,
    Origin,
    ReleaseId,
    Report,
    Scored,
    Structure,
)
from services.publish import fhir
from services.publish.pdf_strings import Words, keys

HC = Measurement("HC", 891.4, 262.8, 242.3, 283.2, "ultrasound_region", "ellipse")
AGE = Dating("Hadlock 1984 (HC)", "HC", 200.17, 185.7, 214.6, "28w 4d")
FRAME = FrameReading(
    "1.2", "1.2.3", 1, 540, 360, True, 0.99, 0.91, Scored("head", 0.99),
    structures=(Structure("fetal_head", 0.98, (1, 2, 3, 4)),), measurements=(HC,), datings=(AGE,),
    abstentions=((Abstention.LOW_CONFIDENCE, "CSP"),),
)  # fmt: skip
REPORT = Report(
    "1.2.3.4", Origin.HUB, ReleaseId("fada-nano", "0.2.0", "ab" * 32),
    datetime(2026, 1, 2, tzinfo=UTC), (FRAME,),
)  # fmt: skip
ATTRIBUTES = {
    "00100010": {"vr": "PN", "Value": [{"Alphabetic": "शर्मा^प्रिया"}]},
    "00100020": {"vr": "LO", "Value": ["P-1"]},
    "00080020": {"vr": "DA", "Value": ["20250115"]},
}
IMAGES = [fhir.ImageRef("1.2", "1.2.3", "1.2.840.10008.5.1.4.1.1.6.1", "US", 1)]


def resources(report=REPORT, attributes=ATTRIBUTES):
    bundle = json.loads(fhir.document(report, attributes, IMAGES))
    Bundle.model_validate(bundle)
    return [entry["resource"] for entry in bundle["entry"]]


def test_fhir_is_preliminary_until_a_person_has_reviewed():
    final = resources()[0]
    assert (final["status"], final["conclusion"]) == ("preliminary", UNREVIEWED)
    reviewed = resources(replace(REPORT, reviewed_by="Dr A"))
    assert {
        r["status"] for r in reviewed if r["resourceType"] in ("DiagnosticReport", "Observation")
    } == {"final"}


def test_fhir_names_equation_interval_and_release():
    age = next(r for r in resources() if r.get("method", {}).get("text") == AGE.equation)
    assert age["valueQuantity"] == {
        "value": 200.2, "unit": "d", "system": "http://unitsofmeasure.org", "code": "d",
    }  # fmt: skip
    assert age["code"]["coding"][0]["code"] == "18185-9"
    assert REPORT.release.sha256 in age["device"]["display"]
    assert any("185.7 to 214.6" in note["text"] for note in age["note"])


def test_fhir_has_no_millimetre_without_calibration():
    pixels = replace(
        FRAME, measurements=(replace(HC, mm=None, mm_low=None, mm_high=None),), datings=()
    )
    text = json.dumps(resources(replace(REPORT, frames=(pixels,))))
    assert '"mm"' not in text
    assert "not calibrated" in text


def test_fhir_refers_to_what_is_in_the_bundle_and_same_report_is_same_bytes():
    bundle = json.loads(fhir.document(REPORT, ATTRIBUTES, IMAGES))
    there = {entry["fullUrl"] for entry in bundle["entry"]}
    asked = {r["reference"] for r in bundle["entry"][0]["resource"]["result"]}
    assert asked <= there
    assert fhir.document(REPORT, ATTRIBUTES, IMAGES) == fhir.document(REPORT, ATTRIBUTES, IMAGES)


def test_every_word_is_there_in_five_languages():
    for language in LANGUAGES:
        words = Words(language)
        assert all(words(key).strip() for key in keys())
    with pytest.raises(ValueError, match="languages"):
        Words("de")


def test_counts_have_their_singular():
    said = {one: [Words(one).counted("days", n) for n in (-4, -1, 0, 1)] for one in LANGUAGES}
    assert said["en"] == ["-4 days", "-1 day", "+0 days", "+1 day"]
    assert said["fr"] == ["-4 jours", "-1 jour", "+0 jour", "+1 jour"]
    assert said["sw"] == ["siku -4", "siku -1", "siku +0", "siku +1"]
    assert "1 day," in Words("en").counted("lmp_agrees", 1, m=5)
    assert "2 days," in Words("en").counted("lmp_agrees", 2, m=5)


def test_every_reason_has_words():
    assert {reason.value for reason in Abstention} <= set(keys())


def test_no_word_about_the_sex_of_a_fetus_is_in_the_vocabulary():
    for language in LANGUAGES:
        vocabulary = " ".join(Words(language)(key) for key in keys()).lower()
        for word in ("male", "female", "boy", "girl", "garçon", "fille", "लड़का", "लड़की", "menino"):
            assert word not in vocabulary.split()
