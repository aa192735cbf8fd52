"""Phase 3: FADA's own on FADA's labels, and the table of this system's planes."""

import gzip
import json

import pytest
from fixtures.phase3 import draw

from services.domain.mapping import (
    CLASS_LABELS,
    GROUPS,
    LABEL_PLANES,
    STRUCTURES,
    WITHOUT_MASKS,
    keyword_scores,
    map_plane,
    map_structures,
    own_name,
    plane_of,
)
from services.domain.mapping.rules import ELSE, OWN_PLANES, SPECIFIC, WEIGHTS, WORDS

BODY = ("abdomen", "arm", "head", "legs")
ORGANS = ("artery", "liver", "stomach", "vein")
BRAIN, HEART = ("Brain", "CSP", "LV"), ("cardiac", "thorax")
# Structures and masks of each label alone, as the authors publish them.
ROWS = {
    "huvf": (BODY, ()),
    "huvb": (BODY, ()),
    "hdvf": (BODY, ()),
    "hdvb": (BODY, ()),
    "legs": (("abdomen", "legs"), ()),
    "arms": (("abdomen", "arm"), ()),
    "abdomen": (("abdomen",), ()),
    "Abd_plane": (("abdomen", "arm"), ()),
    "head": (("head",), ()),
    "BPD_PLANE": (BRAIN, ("Brain",)),
    "FL_PLANE": (("legs",), ()),
    "NO_PLANE": (BODY, ()),
    "Aorta": (HEART, HEART),
    "Flows": (ORGANS, ORGANS),
    "V sign": (HEART, HEART),
    "X sign": (HEART, HEART),
    "Other": (BODY, ()),
    "AC_PLANE": (BODY, ()),
    "FL": (("legs",), ()),
    "liver": (ORGANS, ()),
}
NASAL = ("NT", "nasal_bone", "nasal_skin", "nasal_tip")


def group(label, **fields):
    return map_structures(label, fields).group


@pytest.mark.parametrize("label", ROWS)
def test_every_label_alone_has_its_own_row(label):
    mapping = map_structures(label, {})
    structures, masks = ROWS[label]
    assert GROUPS[mapping.group].structures == structures
    assert GROUPS[mapping.group].masks == masks
    assert mapping.structures[: len(structures)] == structures
    assert mapping.masks[: len(masks)] == masks


def test_the_labels_are_all_twenty():
    assert set(ROWS) == set(CLASS_LABELS)
    assert len(CLASS_LABELS) == 20


def test_structures_are_all_known_and_at_most_five():
    for structure_group in GROUPS.values():
        assert set(structure_group.masks) <= set(structure_group.structures) <= set(STRUCTURES)
        assert len(structure_group.structures) <= 5
    assert {"crl", "femur", "body_full", "organs", "head"} <= WITHOUT_MASKS


@pytest.mark.parametrize("label", sorted(SPECIFIC))
def test_a_label_that_names_one_thing_is_stronger_than_any_words(label):
    assert group(label, imaging_plane="Crown-rump length") == map_structures(label, {}).group


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("Trans-thalamic plane", "brain"),
        ("Transthalamic plane", "brain"),
        ("TRANS-CEREBELLAR", "brain"),
        ("transventricular", "brain"),
        ("Four chamber view", "cardiac"),
        ("left outflow tract", "cardiac"),
        ("three vessel view", "cardiac"),
        ("Mid-sagittal, nuchal", "nt_nasal"),
        ("Longitudinal view of femur", "femur"),
        ("Abdominal circumference plane", "body_full"),
        ("crown-rump", "crl"),
        ("umbilical Doppler", "doppler"),
        ("stomach bubble level", "doppler"),
        ("cervical length", "pelvimetry"),
    ],
)
@pytest.mark.parametrize("field", ["imaging_plane", "fetal_orientation"])
def test_a_plane_that_is_named_decides_with_or_without_a_hyphen(field, words, expected):
    mapping = map_structures("head", {field: words, "biometric_measurements": "FL"})
    assert mapping.group == expected
    assert "plane named" in mapping.reason


def test_the_first_name_of_a_plane_in_the_list_decides():
    assert group(None, imaging_plane="nuchal view beside a transthalamic plane") == "brain"


def test_the_weights_are_fadas():
    assert WEIGHTS == {
        "biometric_measurements": 3.0,
        "imaging_plane": 2.5,
        "anatomical_structures": 1.0,
        "fetal_orientation": 0.5,
        "normality_assessment": 0.5,
        "gestational_age": 0.3,
        "clinical_recommendations": 0.3,
        "image_quality": 0.0,
    }


def test_a_structure_counts_once_a_field_and_an_alias_once():
    fields = {
        "biometric_measurements": "FL of femur, femoral shaft ",
        "anatomical_structures": "thigh",
    }
    scores = keyword_scores(fields)
    assert scores["femur"] == pytest.approx(3.0 + 1.0 + 2.0)
    assert scores["body_full"] == pytest.approx(4.0)


def test_biometrics_that_could_not_be_measured_weigh_less():
    fields = {
        "biometric_measurements": "Femur not measurable",
        "anatomical_structures": "Heart, lung",
    }
    assert keyword_scores(fields)["femur"] == pytest.approx(0.3)
    assert group(None, **fields) == "cardiac"
    assert group(None, **{**fields, "biometric_measurements": "Femur"}) == "body_full"


def test_image_quality_counts_nothing_but_as_an_alias():
    assert set(keyword_scores({"image_quality": "heart brain femur"}).values()) == {0.0}
    assert keyword_scores({"image_quality": "doppler"})["doppler"] == 2.0


def test_organs_come_before_the_whole_body():
    fields = {"anatomical_structures": "Abdomen, head, legs, arm, stomach"}
    assert max(keyword_scores(fields).values()) == keyword_scores(fields)["body_full"]
    assert group(None, **fields) == "doppler"
    assert group(None, anatomical_structures="Abdomen, head, legs, arm") == "body_full"


def test_a_compatible_second_group_joins_from_three_tenths_on():
    both = map_structures(None, {"anatomical_structures": "brain, cavum, ventricle, nuchal"})
    assert both.group == "brain+nt_nasal"
    assert GROUPS[both.group].structures == (*BRAIN, "NT", "nasal_bone")
    assert GROUPS[both.group].masks == ("Brain", "NT")
    assert group(None, anatomical_structures="nasal bone, nasal tip, crl") == "nt_nasal+crl"
    weak = {
        "biometric_measurements": "brain, cavum, ventricle",
        "clinical_recommendations": "nuchal",
    }
    assert group(None, **weak) == "brain"
    assert group(None, anatomical_structures="heart, chest, cavum") == "cardiac"


def test_masks_of_a_group_without_them_are_those_of_the_second():
    pair = map_structures(None, {"biometric_measurements": "crl", "gestational_age": "embryo, nuchal",
                                 "anatomical_structures": "nuchal, nasal bone"})  # fmt: skip
    assert pair.group == "crl+nt_nasal"
    assert GROUPS[pair.group].structures == ("B", "CRL", "H", "NB", "NT")
    assert GROUPS[pair.group].masks == ("NT",)


@pytest.mark.parametrize(
    ("label", "expected"),
    [("Fetal thorax", "cardiac"), ("Maternal cervix", "pelvimetry"), ("femur-2", "femur"),
     ("something", ELSE), ("ARM", "abdomen_arm")],
)  # fmt: skip
def test_a_label_that_is_none_of_fadas_is_read_by_its_words(label, expected):
    assert group(label) == expected


@pytest.mark.parametrize("fields", [{}, {"imaging_plane": ""}, {"image_quality": "Good."}])
def test_nothing_told_looks_for_the_whole_body(fields):
    mapping = map_structures(None, fields)
    assert mapping.group == ELSE
    assert mapping.structures[:4] == BODY
    assert mapping.masks == ()


@pytest.mark.parametrize("words", ["\x00" * 9, "<script>", "%s" * 99, "🤰"])
def test_strange_words_do_no_harm(words):
    assert group("Other", imaging_plane=words) == ELSE


def test_own_planes_have_a_table_of_their_own():
    for plane, expected in OWN_PLANES.items():
        assert map_plane(plane).group == expected
    assert map_plane("head").structures[:3] == BRAIN
    assert map_plane("intrapartum").masks == ("fetal_head", "pubic_symphysis")
    assert map_plane("of later times").group == ELSE


def test_every_structure_of_a_group_has_its_words():
    scored = {
        s for name in ("brain", "cardiac", "doppler", "body_full") for s in GROUPS[name].structures
    }
    assert scored <= set(WORDS)
    assert set(NASAL) <= set(WORDS)


def test_own_names_follow_fadas():
    assert "fetal_head" in map_structures("BPD_PLANE", {}).masks
    assert own_name("Brain") == "fetal_head"
    assert own_name("stomach") == "stomach"


def test_a_view_in_labour_is_never_a_plane_of_the_head():
    words = {"imaging_plane": "Transperineal view, cervical length"}
    for label in ("head", "Other", "arms"):
        mapping = map_structures(label, words)
        assert mapping.group == "pelvimetry"
        assert plane_of(label, mapping) == "intrapartum"
        assert plane_of(label, mapping) in LABEL_PLANES
    assert plane_of("NO_PLANE", map_structures("NO_PLANE", words)) is None
    named = map_structures("BPD_PLANE", words)
    assert named.group == "brain"
    assert plane_of("BPD_PLANE", named, words) == "intrapartum"
    assert plane_of("BPD_PLANE", named, {"imaging_plane": "Trans-thalamic"}) == "head"
    assert plane_of("NO_PLANE", map_structures("NO_PLANE", words), words) is None


def test_an_nt_view_has_no_label_of_fadas():
    mapping = map_structures("Other", {"imaging_plane": "Nuchal translucency view"})
    assert plane_of("Other", mapping) == "nt_view"
    assert plane_of("Other", map_structures("Other", {})) is None
    assert plane_of("NO_PLANE", mapping) is None


def test_sixty_thousand_combinations_are_mapped_as_by_the_authors_own_program():
    drawn = json.loads(gzip.decompress(draw.ANSWERS.read_bytes()))
    assert draw.digest(drawn) == drawn["sha256"]
    different = [
        (label, said, drawn["outcomes"][answer])
        for (label, said), answer in zip(draw.combinations(drawn), drawn["answers"], strict=True)
        if _found(label, said) != drawn["outcomes"][answer]
    ]
    assert len(drawn["answers"]) == 60_000
    assert different[:3] == []


def _found(label, said):
    structure_group = GROUPS[map_structures(label, said).group]
    return [list(structure_group.structures), list(structure_group.masks)]
