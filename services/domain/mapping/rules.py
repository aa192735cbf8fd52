"""The facts of phase 3: labels, names of planes, keywords and weights.

FADA's are as its authors publish them (``mahmoodphd/FADA``, Apache-2.0, webapp of June 2026); spaces in a
word belong to it. The planes of this system have a table of their own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Words = tuple[str, ...]

ELSE: Final = "body_full"
# What each of FADA's class labels asks for by itself.
LABEL_SEARCHES: Final[Mapping[str, str]] = {
    "huvf": "body_full",
    "huvb": "body_full",
    "hdvf": "body_full",
    "hdvb": "body_full",
    "legs": "abdomen_legs",
    "arms": "abdomen_arm",
    "abdomen": "abdomen",
    "Abd_plane": "abdomen_arm",
    "head": "head",
    "BPD_PLANE": "brain",
    "FL_PLANE": "femur",
    "NO_PLANE": "body_full",
    "Aorta": "cardiac",
    "Flows": "doppler",
    "V sign": "cardiac",
    "X sign": "cardiac",
    "Other": "body_full",
    "AC_PLANE": "body_full",
    "FL": "femur",
    "liver": "organs",
}
# Labels that name one thing: stronger than any words.
SPECIFIC: Final = frozenset(
    {"Aorta", "Flows", "BPD_PLANE", "FL_PLANE", "FL", "V sign", "X sign", "liver"}
)
# What this system's own planes ask for.
OWN_PLANES: Final[Mapping[str, str]] = {
    "head": "brain",
    "abdomen": "doppler",
    "femur": "femur",
    "thorax": "cardiac",
    "nt_view": "nt_nasal",
    "intrapartum": "pelvimetry",
    "body": "body_full",
    "no_plane": "body_full",
}

PLANE_FIELDS: Final = ("imaging_plane", "fetal_orientation")
# Names of planes, in the order in which they are looked for.
PLANES: Final[tuple[tuple[str, str], ...]] = (
    ("trans-thalamic", "brain"),
    ("transthalamic", "brain"),
    ("trans-cerebellar", "brain"),
    ("transcerebellar", "brain"),
    ("transventricular", "brain"),
    ("biparietal", "brain"),
    ("four chamber", "cardiac"),
    ("4-chamber", "cardiac"),
    ("4 chamber", "cardiac"),
    ("outflow tract", "cardiac"),
    ("three vessel", "cardiac"),
    ("aortic", "cardiac"),
    ("nuchal", "nt_nasal"),
    ("longitudinal view of femur", "femur"),
    ("femur length", "femur"),
    ("abdominal circumference", "body_full"),
    ("ac plane", "body_full"),
    ("crown-rump", "crl"),
    ("crown rump", "crl"),
    ("doppler", "doppler"),
    ("waveform", "doppler"),
    ("abdominal organ", "doppler"),
    ("stomach bubble", "doppler"),
    ("cervical length", "pelvimetry"),
)

GROUP_NAMES: Final = (
    "brain", "cardiac", "nt_nasal", "crl", "doppler", "pelvimetry", "body_full", "femur",
)  # fmt: skip
WEIGHTS: Final[Mapping[str, float]] = {
    "biometric_measurements": 3.0,
    "imaging_plane": 2.5,
    "anatomical_structures": 1.0,
    "fetal_orientation": 0.5,
    "normality_assessment": 0.5,
    "gestational_age": 0.3,
    "image_quality": 0.0,
    "clinical_recommendations": 0.3,
}
# Biometrics weigh less where they say that there are none.
DAMPENED_FIELD: Final = "biometric_measurements"
DAMPENED: Final = 0.3
UNMEASURED: Final = (
    "not measurable", "not visible", "cannot be measured", "unable to measure", "not assessed",
    "not obtained", "not clearly", "inadequate",
)  # fmt: skip
# Keywords of each structure; any of them counts, once a field.
WORDS: Final[Mapping[str, Words]] = {
    "Brain": (
        "brain", "cerebr", "cerebellum", "cortex", "vermis", "falx", "interhemispheric", "cranial",
        "parieto-occipital", "frontal lobe", "occipital",
    ),
    "CSP": ("septum pellucidum", "cavum", "csp", "midline echo"),
    "LV": ("ventricl", "ventriculomegaly", "choroid plexus"),
    "cardiac": (
        "heart", "cardiac", "chamber", "valve", "myocard", "atri", "foramen ovale",
        "interventricular", "aort",
    ),
    "thorax": (
        "thorax", "thorac", "thoric", "thorcic", "chest", "lung", "pleural", "rib cage", "diaphragm",
        "mediastin",
    ),
    "NT": ("nuchal", "nt_", "nt ", " nt,"),
    "nasal_bone": ("nasal bone", "nasal bridge"),
    "nasal_skin": ("nasal skin",),
    "nasal_tip": ("nasal tip",),
    "CRL": ("crown-rump", "crown rump", "crl"),
    "B": (),
    "H": (),
    "NB": (),
    "artery": ("arter",),
    "liver": ("liver", "hepat"),
    "stomach": ("stomach", "gastric"),
    "vein": ("vein", "venous", "vena cava"),
    "fetal_head": ("cervix", "cervic"),
    "pubic_symphysis": ("pubic", "symphys", "pelvimetr"),
    "abdomen": ("abdom", "ac_plane"),
    "arm": ("arm", "upper limb", "humerus"),
    "head": ("skull", "calvar", "biparietal", "head", "neck"),
    "legs": (
        "femur", "femoral", "thigh", "lower limb", "lower extremit", "tibia", "legs", "leg ",
    ),
}  # fmt: skip
ALIAS_SCORE: Final = 2.0
ALIASES: Final[Mapping[str, Words]] = {
    "brain": (
        "bpd", "biparietal", " hc ", "head circumference", "v sign", "x sign", "trans-thalamic",
        "trans-cerebellar", "transventricular", "transcerebellar",
    ),
    "crl": ("first trimester", "dating scan", "embryo", "sagittal profile"),
    "femur": ("femur length", "fl_plane", "fl "),
    "body_full": (
        "abdominal circumference", " ac ", "ac_plane", "ac plane", "fetal pose", "body habitus",
        "no_plane", "no plane",
    ),
    "doppler": (
        "doppler", "flow", "waveform", "pulsatility", "resistance index", "stomach bubble",
        "hepatic", "ductus venosus", "umbilical arter", "umbilical vein",
    ),
    "nt_nasal": ("first trimester screen", "aneuploidy", "trisomy", "down syndrome"),
    "pelvimetry": ("pelvimetry", "pelvic", "birth canal", "vaginal delivery"),
    "cardiac": ("echocardiogra", "outflow tract", "aorta", "aortic arch"),
}  # fmt: skip
# Where one of these is named, the organs come before the whole body.
ORGANS: Final = (
    "stomach", "liver", "hepat", "arter", "vein", "venous", "gastric", "ductus",
)  # fmt: skip
# A second group joins the first from this share of its score on.
COMPATIBLE: Final[Mapping[str, Words]] = {
    "brain": ("nt_nasal",),
    "nt_nasal": ("brain", "crl"),
    "crl": ("nt_nasal",),
}
SECOND_SHARE: Final = 0.3
MOST_STRUCTURES: Final = 5

# A label that is none of FADA's twenty, by the words in it.
LABEL_WORDS: Final[tuple[tuple[Words, str], ...]] = (
    (
        (
            "cerebel", "cervellet", "ventric", "thalm", "bpd", "banana", "holopros", "cisterna",
            "fossa", "csp", "cavum", "septum pellucidum", "brain",
        ),
        "brain",
    ),
    (
        (
            "cardiac", "thorax", "thorac", "thoric", "thorcic", "aort", "heart", "stenos", "chamber",
            "valve",
        ),
        "cardiac",
    ),
    (
        (
            "fetal head", "fetal_head", "cervix", "cervic", "cervex", "pubic", "symphys", "pelvimetr",
            "angle of progression",
        ),
        "pelvimetry",
    ),
    (("femur", "femoral"), "femur"),
    (("nasal", "nuchal", "translucen"), "nt_nasal"),
    (("crl", "crown", "rump"), "crl"),
    (("liver", "stomach", "vein", "artery"), "doppler"),
    (("abdom",), "abdomen"),
    (("arm",), "abdomen_arm"),
    (("head",), "head"),
    (("leg",), "abdomen_legs"),
)  # fmt: skip
