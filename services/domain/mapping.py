"""Phase 3: which structures to look for, by rules alone. No model has a say.

Priority, as FADA has it (arXiv 2606.11106): a specific class label; a plane named in the
interpretation; weighted keyword scores over the interpretation's fields; the generic label; else
a whole-body search. FADA's labels and this system's plane labels are both understood.
"""

from __future__ import annotations

import re
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from typing import Final

from services.domain.report import Mapping


@dataclass(frozen=True, slots=True)
class Group:
    """Structures that are looked for together, and which of them have masks."""

    name: str
    structures: tuple[str, ...]
    masks: tuple[str, ...] = ()


GROUPS: Final[MappingType[str, Group]] = {
    group.name: group
    for group in (
        Group("brain", ("Brain", "CSP", "LV"), ("Brain",)),
        Group("cardiac", ("cardiac", "thorax"), ("cardiac", "thorax")),
        Group("nt_nasal", ("NT", "nasal_bone", "nasal_skin", "nasal_tip"), ("NT",)),
        Group("crl", ("B", "CRL", "H", "NB")),
        Group(
            "doppler",
            ("artery", "liver", "stomach", "vein"),
            ("artery", "liver", "stomach", "vein"),
        ),
        Group(
            "pelvimetry",
            ("fetal_head", "pubic_symphysis"),
            ("fetal_head", "pubic_symphysis"),
        ),
        Group("body_full", ("abdomen", "arm", "head", "legs")),
        Group("femur", ("legs",)),
    )
}
WITHOUT_MASKS: Final = frozenset(name for name, group in GROUPS.items() if not group.masks)
ELSE: Final = "body_full"

CLASS_LABELS: Final = (
    "huvf", "huvb", "hdvf", "hdvb", "legs", "arms", "abdomen", "Abd_plane", "head", "BPD_PLANE",
    "FL_PLANE", "NO_PLANE", "Aorta", "Flows", "V sign", "X sign", "Other", "AC_PLANE", "FL", "liver",
)  # fmt: skip
STRUCTURES: Final = (
    "AB", "B", "Brain", "C", "CRL", "CRL_KP", "CSP", "DP", "G", "H", "LV", "MDS", "MLS", "MX", "NB",
    "NT", "NTAPS", "NTKpoints", "RBP", "ScaleBar", "ScaleBarKpoints", "abdomen", "arm", "artery",
    "cardiac", "fetal_head", "head", "legs", "liver", "nasal_bone", "nasal_skin", "nasal_tip",
    "pubic_symphysis", "stomach", "thorax", "vein",
)  # fmt: skip

# A specific label names a standard plane; a generic one only a part of the body.
SPECIFIC: Final[MappingType[str, str]] = {
    "BPD_PLANE": "brain",
    "AC_PLANE": "doppler",
    "Abd_plane": "doppler",
    "liver": "doppler",
    "FL_PLANE": "femur",
    "FL": "femur",
    "Aorta": "cardiac",
    "Flows": "cardiac",
    "V sign": "cardiac",
    "X sign": "cardiac",
    "nt_view": "nt_nasal",
    "thorax": "cardiac",
    "femur": "femur",
}
GENERIC: Final[MappingType[str, str]] = {
    "head": "brain",
    "abdomen": "doppler",
    "legs": "femur",
    "arms": "body_full",
    "huvf": "body_full",
    "huvb": "body_full",
    "hdvf": "body_full",
    "hdvb": "body_full",
    "body": "body_full",
}

PLANE_FIELD: Final = "imaging_plane"
WEIGHTS: Final[MappingType[str, float]] = {
    "biometric_measurements": 3.0,
    "imaging_plane": 2.5,
    "anatomical_structures": 1.0,
    "fetal_orientation": 0.5,
    "normality_assessment": 0.5,
    "gestational_age": 0.3,
    "clinical_recommendations": 0.3,
    "image_quality": 0.0,
}
# Names of planes, most telling first: "four-chamber view of the thorax" is a heart plane.
PLANES: Final[tuple[tuple[str, str], ...]] = (
    (r"nuchal|\bnt\b", "nt_nasal"),
    (r"crown.?rump|\bcrl\b", "crl"),
    (r"transperineal|pelvimetr|angle of progression", "pelvimetry"),
    (r"four.?chamber|outflow|three.?vessel|cardiac|heart|thora", "cardiac"),
    (r"trans(?:thalamic|ventricular|cerebellar)|biparietal|\bbpd\b|\bhc\b", "brain"),
    (r"axial plane of the (?:fetal )?head|head circumference|brain|cranial", "brain"),
    (r"femur|femoral|\bfl\b", "femur"),
    (r"abdom|\bac\b|doppler", "doppler"),
)
KEYWORDS: Final[MappingType[str, tuple[str, ...]]] = {
    "brain": (
        r"\bhc\b", r"\bbpd\b", r"\bofd\b", "head circumference", "biparietal", "brain", "skull",
        "thalam", r"cavum|\bcsp\b", "ventric(?:le|ular)", "cerebell", "falx", "midline",
    ),
    "cardiac": ("heart", "cardiac", "thora", "chamber", "aort", "outflow", "lung"),
    "nt_nasal": (r"\bnt\b", "nuchal", "nasal", "translucency"),
    "crl": (r"\bcrl\b", "crown.?rump"),
    "doppler": (
        r"\bac\b", "abdominal circumference", "abdom", "liver", "stomach", "umbilical", "doppler",
        "artery", "vein",
    ),
    "pelvimetry": ("pubic", "symphysis", "pelvi", "transperineal", "angle of progression"),
    "femur": (r"\bfl\b", "femur", "femoral", "thigh"),
    "body_full": ("whole body", "whole fetus", "body_full", "limbs"),
}  # fmt: skip
LEAST: Final = 1.0  # one telling word in a telling field

# What FADA calls a structure, and what the releases of this system call the same thing.
SAME_STRUCTURE: Final[MappingType[str, tuple[str, ...]]] = {
    "Brain": ("fetal_head",),
    "head": ("fetal_head",),
    "H": ("fetal_head",),
    "LV": ("lateral_ventricle",),
    "NB": ("nasal_bone",),
}
# The plane of ours that a label of FADA's shows; what is missing here is out of scope.
PLANE_OF_LABEL: Final[MappingType[str, str]] = {
    **dict.fromkeys(("head", "BPD_PLANE"), "head"),
    **dict.fromkeys(("abdomen", "Abd_plane", "AC_PLANE", "liver"), "abdomen"),
    **dict.fromkeys(("legs", "FL_PLANE", "FL", "femur"), "femur"),
    **dict.fromkeys(("Aorta", "Flows", "V sign", "X sign", "thorax"), "thorax"),
    **dict.fromkeys(("huvf", "huvb", "hdvf", "hdvb", "arms", "body"), "body"),
    "nt_view": "nt_view",
}
FADA_LABEL: Final[MappingType[str, str]] = {
    "head": "BPD_PLANE",
    "abdomen": "AC_PLANE",
    "femur": "FL_PLANE",
    "thorax": "Other",
    "nt_view": "Other",
    "no_plane": "NO_PLANE",
}


def map_structures(label: str | None, interpretation: MappingType[str, str]) -> Mapping:
    """Phase 3 for a class label (FADA's or a plane of ours) and an interpretation (may be empty).

    The answer's structures are FADA's names, followed by the names that this system's releases
    use for the same thing.
    """
    if label is not None and label in SPECIFIC:
        return _mapping(SPECIFIC[label], f"label {label}")
    named = _plane(interpretation.get(PLANE_FIELD, ""))
    if named is not None:
        return _mapping(named, "plane named in the interpretation")
    scores = keyword_scores(interpretation)
    best = max(scores, key=lambda name: scores[name])
    if scores[best] >= LEAST:
        return _mapping(best, f"keywords, score {scores[best]:.1f}")
    if label is not None and label in GENERIC:
        return _mapping(GENERIC[label], f"label {label}")
    return _mapping(ELSE, "nothing told which")


def keyword_scores(interpretation: MappingType[str, str]) -> dict[str, float]:
    """Sum over the fields of weight x distinct keywords, by group; negated words do not count."""
    scores = dict.fromkeys(GROUPS, 0.0)
    for field, weight in WEIGHTS.items():
        text = _said(interpretation.get(field, ""))
        if not text or not weight:
            continue
        for group, words in KEYWORDS.items():
            scores[group] += weight * sum(1 for word in words if re.search(word, text))
    return scores


def plane_of(label: str, mapping: Mapping) -> str | None:
    """The plane of ours that a class label stands for, None where it is none.

    FADA has no label for the NT view: there "Other" with an interpretation that names it counts.
    """
    if label == "Other" and mapping.group == "nt_nasal":
        return "nt_view"
    return PLANE_OF_LABEL.get(label)


def own_name(structure: str) -> str:
    """What this system calls a structure of FADA's."""
    return SAME_STRUCTURE.get(structure, (structure,))[0]


def fada_label(plane: str | None) -> str:
    """The label of FADA's classification set for a plane of this system."""
    return FADA_LABEL.get(plane or "no_plane", "Other")


def _said(text: str) -> str:
    """Lower case, without clauses that deny: "no nasal bone seen" is no sign of an NT view."""
    clauses = re.split(r"[.;,]", text.lower())
    return ". ".join(c for c in clauses if not re.match(r"\s*(?:no|not|none|without)\b", c))


def _plane(text: str) -> str | None:
    said = _said(text)
    return next((group for pattern, group in PLANES if re.search(pattern, said)), None)


def _mapping(name: str, reason: str) -> Mapping:
    group = GROUPS[name]
    return Mapping(name, _with_own(group.structures), _with_own(group.masks), reason)


def _with_own(names: tuple[str, ...]) -> tuple[str, ...]:
    own = (same for name in names for same in SAME_STRUCTURE.get(name, ()))
    return tuple(dict.fromkeys((*names, *own)))
