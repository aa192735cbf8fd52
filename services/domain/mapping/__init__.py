"""Phase 3: which structures to look for, by rules alone. No model has a say.

``map_structures`` is FADA's own phase 3 on FADA's labels, as its authors publish it (arXiv 2606.11106,
webapp of June 2026): a label that names one thing; a plane that is named; weighted keywords; the
label's own row; else the whole body. ``map_plane`` is the table of this system's own planes, which
heads have judged: there words have no say.
"""

from __future__ import annotations

from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from services.domain.mapping.rules import (
    ALIAS_SCORE,
    ALIASES,
    COMPATIBLE,
    DAMPENED,
    DAMPENED_FIELD,
    ELSE,
    GROUP_NAMES,
    LABEL_SEARCHES,
    LABEL_WORDS,
    MOST_STRUCTURES,
    ORGANS,
    OWN_PLANES,
    PLANE_FIELDS,
    PLANES,
    SECOND_SHARE,
    SPECIFIC,
    UNMEASURED,
    WEIGHTS,
    WORDS,
)
from services.domain.report import Mapping


@dataclass(frozen=True, slots=True)
class Group:
    """Structures that are looked for together, and which of them have masks."""

    name: str
    structures: tuple[str, ...]
    masks: tuple[str, ...] = ()


def _pair(first: Group, second: Group) -> Group:
    return Group(
        f"{first.name}+{second.name}",
        (*first.structures, *second.structures)[:MOST_STRUCTURES],
        (*first.masks, *second.masks)[:MOST_STRUCTURES],
    )


_ORGANS = ("artery", "liver", "stomach", "vein")
_OCCURRING: Final = (
    Group("brain", ("Brain", "CSP", "LV"), ("Brain",)),
    Group("cardiac", ("cardiac", "thorax"), ("cardiac", "thorax")),
    Group("nt_nasal", ("NT", "nasal_bone", "nasal_skin", "nasal_tip"), ("NT",)),
    Group("crl", ("B", "CRL", "H", "NB")),
    Group("doppler", _ORGANS, _ORGANS),
    Group("pelvimetry", ("fetal_head", "pubic_symphysis"), ("fetal_head", "pubic_symphysis")),
    Group("body_full", ("abdomen", "arm", "head", "legs")),
    Group("femur", ("legs",)),
)
# What a label alone asks for, where that is none of the groups.
_OF_LABELS: Final = (
    Group("organs", _ORGANS),
    Group("abdomen", ("abdomen",)),
    Group("abdomen_arm", ("abdomen", "arm")),
    Group("abdomen_legs", ("abdomen", "legs")),
    Group("head", ("head",)),
)
_BY_NAME: Final = {group.name: group for group in _OCCURRING}
# Everything that may be asked for: groups, what labels ask for, and groups with a second one.
GROUPS: Final[MappingType[str, Group]] = {
    group.name: group
    for group in (
        *_OCCURRING,
        *_OF_LABELS,
        *(
            _pair(_BY_NAME[first], _BY_NAME[second])
            for first, seconds in COMPATIBLE.items()
            for second in seconds
        ),
    )
}
WITHOUT_MASKS: Final = frozenset(name for name, group in GROUPS.items() if not group.masks)

CLASS_LABELS: Final = tuple(LABEL_SEARCHES)
STRUCTURES: Final = (
    "AB", "B", "Brain", "C", "CRL", "CRL_KP", "CSP", "DP", "G", "H", "LV", "MDS", "MLS", "MX", "NB",
    "NT", "NTAPS", "NTKpoints", "RBP", "ScaleBar", "ScaleBarKpoints", "abdomen", "arm", "artery",
    "cardiac", "fetal_head", "head", "legs", "liver", "nasal_bone", "nasal_skin", "nasal_tip",
    "pubic_symphysis", "stomach", "thorax", "vein",
)  # fmt: skip

# Ends that are marked by a prompt of their own, beside the structure that they measure; the scale bar is
# looked for with either (FADA's groups crl_kp and nt_kp).
KEYPOINTS: Final[MappingType[str, tuple[str, ...]]] = {
    "CRL": ("CRL_KP", "ScaleBarKpoints"),
    "NT": ("NTKpoints", "ScaleBarKpoints"),
}

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
# What "Other" shows, by phase 3's group.
_OTHER_PLANES: Final[MappingType[str, str]] = {
    "nt_nasal": "nt_view",
    "nt_nasal+crl": "nt_view",
    "crl": "body",
    "crl+nt_nasal": "body",
}
NO_PLANE: Final = "NO_PLANE"
_NOTHING: Final[MappingType[str, str]] = MappingProxyType({})
INTRAPARTUM: Final = "intrapartum"
# Every plane that ``plane_of`` may answer.
LABEL_PLANES: Final = (
    *dict.fromkeys((*PLANE_OF_LABEL.values(), *_OTHER_PLANES.values())),
    INTRAPARTUM,
)


def map_structures(label: str | None, interpretation: MappingType[str, str]) -> Mapping:
    """FADA's phase 3 for one of its class labels and an interpretation; either may be empty.

    The answer's structures are FADA's names, followed by the names that this system's releases
    use for the same thing.
    """
    if label is not None and label in SPECIFIC:
        return _mapping(LABEL_SEARCHES[label], f"label {label}")
    plane = " ".join(interpretation.get(field, "").lower() for field in PLANE_FIELDS)
    for words, group in PLANES:
        if words in plane:
            return _mapping(group, "plane named in the interpretation")
    structures = _by_keywords(interpretation)
    if structures is not None:
        return _mapping(structures, "keywords")
    if label:
        row = LABEL_SEARCHES.get(label) or _named_by(label)
        if row is not None:
            return _mapping(row, f"label {label}")
    return _mapping(ELSE, "nothing told which")


def map_plane(plane: str) -> Mapping:
    """Phase 3 for a plane of this system's own, as heads judged it."""
    return _mapping(OWN_PLANES.get(plane, ELSE), f"plane {plane}")


def keyword_scores(interpretation: MappingType[str, str]) -> dict[str, float]:
    """Each group's score: every structure's keywords count once a field, times the field's weight, and
    an alias of the group counts once wherever it stands."""
    scores = dict.fromkeys(GROUP_NAMES, 0.0)
    measured = interpretation.get(DAMPENED_FIELD, "").lower()
    dampened = any(words in measured for words in UNMEASURED)
    of_structure = dict.fromkeys(WORDS, 0.0)
    for field, weight in WEIGHTS.items():
        text = interpretation.get(field, "").lower()
        if dampened and field == DAMPENED_FIELD:
            weight = DAMPENED
        for structure, words in WORDS.items():
            if text and weight and any(word in text for word in words):
                of_structure[structure] += weight
    everything = _everything(interpretation)
    for name in scores:
        scores[name] = sum((of_structure[s] for s in _BY_NAME[name].structures), 0.0)
        if any(alias in everything for alias in ALIASES.get(name, ())):
            scores[name] += ALIAS_SCORE
    return scores


def _by_keywords(interpretation: MappingType[str, str]) -> str | None:
    """The group with the highest score, with a compatible second one; None where nothing counts."""
    scores = keyword_scores(interpretation)
    ranked = sorted(scores, key=lambda name: -scores[name])
    everything = _everything(interpretation)
    if ranked[0] == "body_full" and any(organ in everything for organ in ORGANS):
        at = ranked.index("doppler")
        ranked[0], ranked[at] = ranked[at], ranked[0]
    first, second = ranked[:2]
    if scores[first] <= 0:
        return None
    enough = scores[second] > 0 and scores[second] >= SECOND_SHARE * scores[first]
    return f"{first}+{second}" if enough and second in COMPATIBLE.get(first, ()) else first


def _everything(interpretation: MappingType[str, str]) -> str:
    return " ".join(text for text in interpretation.values() if text).lower()


def _named_by(label: str) -> str | None:
    """What a label that is none of FADA's asks for, by the words in it."""
    said = label.lower()
    return next((row for words, row in LABEL_WORDS if any(w in said for w in words)), None)


def plane_of(
    label: str, mapping: Mapping, interpretation: MappingType[str, str] = _NOTHING
) -> str | None:
    """The plane of ours that a class label stands for, None where it is none.

    Words that name a view in labour outrank any label: FADA has none for it, and a head in such a view
    has no circumference, also where its label names one thing and so asks for the brain.
    FADA has no label for the NT view or for the whole fetus from the side, where CRL is measured: there
    "Other" with an interpretation that names it counts.
    """
    groups = (mapping.group, map_structures(None, interpretation).group)
    if "pelvimetry" in groups and label != NO_PLANE:
        return INTRAPARTUM
    if label == "Other" and mapping.group in _OTHER_PLANES:
        return _OTHER_PLANES[mapping.group]
    return PLANE_OF_LABEL.get(label)


def keypoints_of(structures: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    """The groups of keypoints to ask for beside ``structures``, each by a prompt of its own."""
    return tuple(
        labels
        for structure, labels in KEYPOINTS.items()
        if structure in structures or labels[0] in structures
    )


def own_name(structure: str) -> str:
    """What this system calls a structure of FADA's."""
    return SAME_STRUCTURE.get(structure, (structure,))[0]


def _mapping(name: str, reason: str) -> Mapping:
    group = GROUPS[name]
    return Mapping(name, _with_own(group.structures), _with_own(group.masks), reason)


def _with_own(names: tuple[str, ...]) -> tuple[str, ...]:
    own = (same for name in names for same in SAME_STRUCTURE.get(name, ()))
    return tuple(dict.fromkeys((*names, *own)))
