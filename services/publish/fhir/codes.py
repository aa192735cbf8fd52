"""The codes of a report in FHIR: LOINC by measure, fact and equation, WHO's antenatal codes, UCUM units."""

from __future__ import annotations

from typing import Any, Final

Json = dict[str, Any]
LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
SYSTEM: Final = "https://fada.health/fhir"
WHO: Final = "http://fhir.org/guides/who/anc-cds/CodeSystem/anc-custom-codes"

# Measure or fact → LOINC code and its name; WHO's code and name.
LOINC_CODES: Final = {
    "BPD": ("11820-8", "Fetal Head Diameter.biparietal US"),
    "HC": ("11984-2", "Fetal Head Circumference US"),
    "OFD": ("11851-3", "Fetal Head Diameter.occipital-frontal US"),
    "AC": ("11979-2", "Fetal Abdomen Circumference US"),
    "FL": ("11963-6", "Fetal Femur diaphysis [Length] US"),
    "CRL": ("11957-8", "Fetal Crown Rump length US"),
    "NT": ("33069-6", "Fetal Nuchal translucency US"),
    "EFW": ("11727-5", "Fetal body weight Estimated US"),
    "HC/AC": ("11947-9", "Fetal Head circumference/Abdominal circumference"),
    "FL/AC": ("11871-1", "Fetal Femur length/Abdominal circumference"),
    "FL/BPD": ("11872-9", "Fetal Femur length/Biparietal diameter"),
    "CI": ("11823-2", "Fetal Cephalic index"),
    "age": ("18185-9", "Gestational age"),
    "age_by_period": ("11885-1", "Gestational age Estimated from last menstrual period"),
    "composite": ("11888-5", "Gestational age composite Estimated US"),
    "due": ("11778-8", "Delivery date Estimated"),
    "last_period": ("8665-2", "Last menstrual period start date"),
    "fetuses": ("11878-6", "Number of fetuses US"),
    "gravida": ("11996-6", "[#] Pregnancies"),
    "para": ("11977-6", "[#] Parity"),
    "heart_rate": ("11948-7", "Fetal Heart rate US"),
    "indication": ("18785-6", "Radiology Reason for study (narrative)"),
    "impression": ("19005-8", "Radiology Imaging study [Impression] (narrative)"),
}
WHO_CODES: Final = {
    "age": ("ANC.B6.DE17", "Gestational age"),
    "due": ("ANC.B6.DE22", "Expected date of delivery (EDD)"),
    "last_period": ("ANC.B6.DE14", "Last menstrual period (LMP) date"),
    "fetuses": ("ANC.B8.DE109", "Number of fetuses"),
    "presentation": ("ANC.B8.DE111", "Fetal presentation"),
    "heart_rate": ("ANC.B8.DE107", "Fetal heart rate"),
}
# Equation → LOINC code.
EQUATIONS: Final = {
    "Hadlock 1992 (CRL)": "11910-7",
    "Hadlock 1984 (BPD)": "11902-4",
    "Hadlock 1984 (HC)": "11932-1",
    "Hadlock 1984 (AC)": "11892-7",
    "Hadlock 1984 (FL)": "11920-6",
    "Hadlock 1985 (BPD, HC, AC, FL)": "11732-5",
    "Hadlock 1985 (HC, AC, FL)": "11746-5",
    "Hadlock 1985 (BPD, AC, FL)": "11735-8",
    "Hadlock 1985 (AC, FL)": "11751-5",
}


def quantity(value: float, unit: str) -> Json:
    """A UCUM quantity."""
    return {"value": value, "unit": unit, "system": UCUM, "code": unit}
