"""The coded words of FADA's DICOM objects. Where a public scheme has no code, the scheme is 99FADA."""

from __future__ import annotations

from highdicom.sr import CodedConcept
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from services.domain import biometry
from services.domain.examination import weight

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
DEGREE = CodedConcept("deg", "UCUM", "degree")
GRAM = CodedConcept("g", "UCUM", "gram")
NO_UNIT = CodedConcept("1", "UCUM", "no units")
PERCENT = CodedConcept("%", "UCUM", "percent")

MEASURES = {
    "HC": concept(codes.cid12005.HeadCircumference),
    "BPD": concept(codes.cid12005.BiparietalDiameter),
    "OFD": concept(codes.cid12005.OccipitalFrontalDiameter),
    "AC": concept(codes.cid12005.AbdominalCircumference),
    "FL": concept(codes.cid12005.FemurLength),
    "TAD": concept(codes.cid12005.TransverseAbdominalDiameter),
    "APAD": concept(codes.cid12005.AnteriorPosteriorAbdominalDiameter),
}
EARLY_MEASURES = {
    "CRL": concept(codes.cid12009.CrownRumpLength),
    "NT": concept(codes.cid12009.NuchalTranslucency),
}
RATIOS = {
    "HC/AC": concept(codes.cid12004.HCAC),
    "FL/AC": concept(codes.cid12004.FLAC),
    "FL/BPD": concept(codes.cid12004.FLBPD),
    "CI": concept(codes.cid12004.CephalicIndex),
}
GROWTH_CHARTS = {weight.HADLOCK_1991: concept(codes.cid12015.EFWByGAHadlock1991)}
EQUATIONS = {
    "Hadlock 1984 (BPD, HC, AC, FL)": private("HADLOCK-1984-ALL", "BPD, HC, AC, FL, Hadlock 1984"),
    weight.INTERGROWTH_2017: private("IG21-EFW-2017", "AC, HC, INTERGROWTH-21st 2017"),
    "Hadlock 1984 (AC)": concept(codes.cid12013.ACHadlock1984),
    "Hadlock 1984 (FL)": concept(codes.cid12013.FLHadlock1984),
    "Hadlock 1985 (BPD, HC, AC, FL)": concept(codes.cid12014.EFWByACBPDFLHCHadlock1985),
    "Hadlock 1985 (HC, AC, FL)": concept(codes.cid12014.EFWByACFLHCHadlock1985),
    "Hadlock 1985 (BPD, AC, FL)": concept(codes.cid12014.EFWByACBPDFLHadlock1985),
    "Hadlock 1985 (AC, FL)": concept(codes.cid12014.EFWByACFLHadlock1985),
    biometry.HADLOCK_CRL: concept(codes.cid12013.CRLHadlock1992),
    biometry.HADLOCK_HC: concept(codes.cid12013.HCHadlock1984),
    biometry.HADLOCK_BPD: concept(codes.cid12013.BPDHadlock1984),
    biometry.INTERGROWTH_HC: private("IG21-HC-2016", "HC, INTERGROWTH-21st 2016"),
}
STRUCTURES = {
    "fetal_head": concept(codes.SCT.Head),
    "abdomen": concept(codes.SCT.Abdomen),
    "femur": concept(codes.SCT.Femur),
    "CSP": private("CSP", "Cavum septi pellucidi"),
    "lateral_ventricle": private("LV", "Lateral ventricle of brain"),
}
OBSTETRIC_REPORT = CodedConcept("11525-3", "LN", "US Pelvis Fetus for pregnancy")
GESTATIONAL_AGE = concept(codes.LN.GestationalAge)
PLANE = private("PLANE", "Ultrasound plane")
SUBPLANE = private("SUBPLANE", "Level of the head")
CONFIDENCE = private("CONFIDENCE", "Calibrated confidence")
NOT_ASSESSED = private("NOT_ASSESSED", "Not assessed")
STATUS = private("STATUS", "Status of the result")
MODEL = private("MODEL", "Model release")
SOURCE = private("SOURCE", "Where this is from")


def growth_chart(name: str) -> CodedConcept:
    """The chart that a centile is of (CID 12015), by the name that the domain gives it."""
    value = name.replace("INTERGROWTH-21st", "IG21").replace("(", "").replace(")", "")
    return GROWTH_CHARTS.get(name) or private(value.replace(" ", "-"), name)


def structure(label: str) -> CodedConcept:
    """The code of a structure that the model names, by its label."""
    return STRUCTURES.get(label) or private(label, label.replace("_", " "))
