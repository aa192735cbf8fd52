"""Phase 3 against every label and every group."""

import pytest

from services.domain.mapping import (
    CLASS_LABELS,
    ELSE,
    GENERIC,
    GROUPS,
    KEYWORDS,
    SPECIFIC,
    STRUCTURES,
    WEIGHTS,
    WITHOUT_MASKS,
    fada_label,
    keyword_scores,
    map_structures,
    own_name,
    plane_of,
)

GROUP_OF_LABEL = {
    "huvf": "body_full",
    "huvb": "body_full",
    "hdvf": "body_full",
    "hdvb": "body_full",
    "legs": "femur",
    "arms": "body_full",
    "abdomen": "doppler",
    "Abd_plane": "doppler",
    "head": "brain",
    "BPD_PLANE": "brain",
    "FL_PLANE": "femur",
    "NO_PLANE": "body_full",
    "Aorta": "cardiac",
    "Flows": "cardiac",
    "V sign": "cardiac",
    "X sign": "cardiac",
    "Other": "body_full",
    "AC_PLANE": "doppler",
    "FL": "femur",
    "liver": "doppler",
}
STRUCTURES_OF_GROUP = {
    "brain": ({"Brain", "CSP", "LV"}, {"Brain"}),
    "cardiac": ({"cardiac", "thorax"}, {"cardiac", "thorax"}),
    "nt_nasal": ({"NT", "nasal_bone", "nasal_skin", "nasal_tip"}, {"NT"}),
    "crl": ({"B", "CRL", "H", "NB"}, set()),
    "doppler": ({"artery", "liver", "stomach", "vein"}, {"artery", "liver", "stomach", "vein"}),
    "pelvimetry": ({"fetal_head", "pubic_symphysis"}, {"fetal_head", "pubic_symphysis"}),
    "body_full": ({"abdomen", "arm", "head", "legs"}, set()),
    "femur": ({"legs"}, set()),
}
SENTENCES = {
    "brain": "Transthalamic plane of the head",
    "cardiac": "Four-chamber view",
    "nt_nasal": "Mid-sagittal view for nuchal translucency",
    "crl": "Sagittal plane for crown-rump length",
    "doppler": "Transverse abdominal plane",
    "pelvimetry": "Transperineal view",
    "femur": "Longitudinal plane of the femur",
}


@pytest.mark.parametrize("label", CLASS_LABELS)
def test_every_label_alone_has_its_group(label: str) -> None:
    assert map_structures(label, {}).group == GROUP_OF_LABEL[label]


def test_the_labels_are_all_twenty() -> None:
    assert set(GROUP_OF_LABEL) == set(CLASS_LABELS)
    assert len(CLASS_LABELS) == 20


@pytest.mark.parametrize("name", STRUCTURES_OF_GROUP)
def test_every_group_has_fadas_structures_and_masks(name: str) -> None:
    structures, masks = STRUCTURES_OF_GROUP[name]
    assert set(GROUPS[name].structures) == structures
    assert set(GROUPS[name].masks) == masks
    assert structures <= set(STRUCTURES)


def test_groups_without_masks_skip_segmentation() -> None:
    assert {"crl", "femur", "body_full"} == WITHOUT_MASKS


@pytest.mark.parametrize(("name", "sentence"), SENTENCES.items())
def test_a_plane_named_in_the_interpretation_decides(name: str, sentence: str) -> None:
    mapping = map_structures("head", {"imaging_plane": sentence})
    assert mapping.group == name
    assert "interpretation" in mapping.reason


@pytest.mark.parametrize("label", SPECIFIC)
def test_a_specific_label_is_stronger_than_the_interpretation(label: str) -> None:
    told = {"imaging_plane": "Sagittal plane for crown-rump length"}
    assert map_structures(label, told).group == SPECIFIC[label]


@pytest.mark.parametrize("label", GENERIC)
def test_a_generic_label_is_weaker_than_keywords(label: str) -> None:
    mapping = map_structures(label, {"biometric_measurements": "CRL"})
    assert mapping.group == "crl"
    assert "keywords" in mapping.reason


@pytest.mark.parametrize("name", KEYWORDS)
def test_no_group_is_without_keywords(name: str) -> None:
    assert name in GROUPS
    assert KEYWORDS[name]


def test_the_weights_are_fadas() -> None:
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


def test_scores_weigh_fields() -> None:
    scores = keyword_scores({"biometric_measurements": "FL", "anatomical_structures": "femur"})
    assert scores["femur"] == pytest.approx(4.0)
    assert sum(scores.values()) == pytest.approx(4.0)


def test_image_quality_counts_nothing() -> None:
    assert set(keyword_scores({"image_quality": "femur heart brain"}).values()) == {0.0}


def test_what_is_denied_is_no_sign() -> None:
    assert keyword_scores({"anatomical_structures": "No nasal bone"})["nt_nasal"] == 0.0


def test_biometrics_outweigh_a_mention() -> None:
    told = {"anatomical_structures": "Stomach", "biometric_measurements": "HC, BPD"}
    assert map_structures(None, told).group == "brain"


@pytest.mark.parametrize("told", [{}, {"imaging_plane": ""}, {"image_quality": "Good."}])
def test_nothing_told_looks_for_the_whole_body(told: dict[str, str]) -> None:
    mapping = map_structures(None, told)
    assert mapping.group == ELSE
    assert mapping.structures[:4] == ("abdomen", "arm", "head", "legs")
    assert mapping.masks == ()


@pytest.mark.parametrize("told", ["\x00" * 9, "<script>", "%s" * 99, "🤰"])
def test_strange_words_do_no_harm(told: str) -> None:
    assert map_structures("Other", {"imaging_plane": told}).group == ELSE


def test_own_planes_are_understood() -> None:
    expected = {
        "head": "brain",
        "abdomen": "doppler",
        "femur": "femur",
        "thorax": "cardiac",
        "nt_view": "nt_nasal",
        "no_plane": "body_full",
    }
    for plane, group in expected.items():
        assert map_structures(plane, {}).group == group
        assert fada_label(plane) in CLASS_LABELS


def test_own_names_follow_fadas() -> None:
    assert "fetal_head" in map_structures("head", {}).masks
    assert own_name("Brain") == "fetal_head"
    assert own_name("stomach") == "stomach"


def test_an_nt_view_has_no_label_of_fadas() -> None:
    told = map_structures("Other", {"imaging_plane": "Nuchal translucency view"})
    assert plane_of("Other", told) == "nt_view"
    assert plane_of("Other", map_structures("Other", {})) is None
    assert plane_of("NO_PLANE", told) is None
