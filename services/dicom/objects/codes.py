"""The coded words of FADA's DICOM objects. Where a public scheme has no code, the scheme is 99FADA."""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from services.domain import biometry

SCHEME = "99FADA"


def private(value: str, meaning: str) -> CodedConcept:
    """A code of FADA's own scheme; ``value`` has at most 16 characters (PS3.3 section 8.1)."""
    return CodedConcept(value[:16], SCHEME, meaning[:64])


def concept(code: Code) -> CodedConcept:
    """pydicom's code as highdicom takes it."""
    return CodedConcept.from_code(code)


MILLIMETRE = CodedConcept("mm", "UCUM", "millimeter")
PIXELS = CodedConcept("{pixels}", "UCUM", "pixels")
DAY = CodedConcept("d", "UCUM", "day")
PERCENT = CodedConcept("%", "UCUM", "percent")

MEASURES = {
    "HC": concept(codes.cid12005.HeadCircumference),
    "BPD": concept(codes.cid12005.BiparietalDiameter),
    "OFD": concept(codes.cid12005.OccipitalFrontalDiameter),
}
EQUATIONS = {
    biometry.HADLOCK_HC: concept(codes.cid12013.HCHadlock1984),
    biometry.HADLOCK_BPD: concept(codes.cid12013.BPDHadlock1984),
    biometry.INTERGROWTH_HC: private("IG21-HC-2016", "HC, INTERGROWTH-21st 2016"),
}
STRUCTURES = {
    "fetal_head": concept(codes.SCT.Head),
    "CSP": private("CSP", "Cavum septi pellucidi"),
    "lateral_ventricle": private("LV", "Lateral ventricle of brain"),
}
GESTATIONAL_AGE = concept(codes.LN.GestationalAge)
PLANE = private("PLANE", "Ultrasound plane")
CONFIDENCE = private("CONFIDENCE", "Calibrated confidence")
NOT_ASSESSED = private("NOT_ASSESSED", "Not assessed")
STATUS = private("STATUS", "Status of the result")
MODEL = private("MODEL", "Model release")


def structure(label: str) -> CodedConcept:
    """The code of a structure that the model names, by its label."""
    return STRUCTURES.get(label) or private(label, label.replace("_", " "))
